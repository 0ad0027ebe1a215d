"""Walks of others: the file that ships is the registered one, holds walking, and comes back as it was written."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from models import gait_bands
from models.gait import CYCLE_POINTS
from models.gait_bands import GaitBands, bands_file, decode_bands, encode_bands, load_bands
from models.weights import file_sha256, registered


def test_the_bands_that_ship_are_the_registered_ones():
    assert file_sha256(bands_file()) == registered()[gait_bands.FILE].sha256
    assert bands_file().stat().st_size < 30_000


def test_what_is_written_is_read_again():
    curve = np.linspace(-20, 20, CYCLE_POINTS).round(2)
    bands = GaitBands(3, 9, (0.9, 1.5), {"knee_angle": curve, "pelvis_list": -curve}, {"knee_angle": abs(curve)})
    found = decode_bands(encode_bands(bands))
    assert (found.walkers, found.strides, found.speed_m_s) == (3, 9, (0.9, 1.5))
    np.testing.assert_array_equal(found.mean_deg["pelvis_list"], -curve)
    np.testing.assert_array_equal(found.sd_deg["knee_angle"], abs(curve))


def test_the_curves_are_those_of_walking():
    """A knee bends a little under load and more as the leg swings; the thigh goes back until the foot leaves."""
    bands = load_bands()
    knee = bands.mean_deg["knee_angle"]
    peaks, _ = find_peaks(knee, prominence=3)
    assert len(peaks) == 2 and peaks[0] < 25 and 65 < peaks[1] < 85
    assert 50 < knee[peaks[1]] < 75 and knee[peaks[0]] < 35
    assert 45 < bands.mean_deg["hip_flexion"].argmin() < 65
    assert 55 < bands.mean_deg["ankle_angle"].argmin() < 75
    for name, mean_deg in bands.mean_deg.items():
        assert mean_deg.shape == (CYCLE_POINTS,) and abs(mean_deg[0] - mean_deg[-1]) < 3, name
        assert bands.sd_deg[name].min() > 0 and bands.sd_deg[name].max() < 12, name


@pytest.mark.parametrize(("name", "sign"), [("pelvis_list", -1), ("pelvis_rotation", -1), ("pelvis_tilt", 1)])
def test_the_pelvis_of_a_left_stride_is_the_mirror_image(name: str, sign: int):
    bands = load_bands()
    np.testing.assert_array_equal(bands.mean_of(name, "left"), sign * bands.mean_of(name, "right"))
