"""Marker data straight to a motion file: the motion comes back, and every kind of broken input gets its own words."""

import re
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from models.osim.mot import load_mot, poses_of, read_mot
from models.osim.setups import Following, write_ik_setup
from models.osim.trc import write_trc
from stages.biomech import markers
from stages.biomech.markers import Config
from tests.models.osim import documents as made
from tests.models.osim import puppets

MODEL = puppets.puppet()
POSES = puppets.motion(MODEL, 20, seed=3)
TRC, OSIM = write_trc(puppets.film(MODEL, POSES), "trial.trc"), puppets.content()


def files(folder: Path, trc: str = TRC, osim: str = OSIM) -> tuple[Path, Path]:
    (folder / "trial.trc").write_text(trc)
    (folder / "model.osim").write_text(osim)
    return folder / "trial.trc", folder / "model.osim"


def test_the_motion_behind_the_markers_comes_back(tmp_path: Path) -> None:
    exports = markers.run(Config(), *files(tmp_path))
    table = read_mot(exports.files["trial.mot"].decode())
    assert list(exports.files) == ["trial.mot"]
    assert np.allclose(poses_of(MODEL, table), POSES, atol=1e-3)
    assert b"25 of them followed. Model: model.osim.\nFilter: none.\n" in exports.files["trial.mot"]


def test_a_setup_gives_weights_and_times(tmp_path: Path) -> None:
    weights = {marker.name: 0.0 if marker.name == "m00" else 2.0 for marker in MODEL.markers}
    setup = tmp_path / "setup.xml"
    setup.write_text(write_ik_setup("a", Following("m.osim", "t.trc", "o.mot", weights, (0.1, 0.2))))
    config = Config(setup=str(setup))
    assert markers.reads(config) == (setup,) and markers.reads(Config()) == ()
    content = markers.run(config, *files(tmp_path)).files["trial.mot"]
    (tmp_path / "out.mot").write_bytes(content)
    assert np.allclose(load_mot(tmp_path / "out.mot").timestamps_s, np.arange(5, 11) / 50)
    assert b"24 of them followed" in content


def test_what_is_not_followed_and_what_fits_badly_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wide = puppets.film(MODEL, POSES, noise_m=0.2)
    trc = write_trc(wide, "trial.trc").replace("\tm00\t", "\tstranger\t")
    markers.run(Config(), *files(tmp_path, trc))
    assert "not on the model, or without weight: stranger" in caplog.text
    assert "scale it to the person first" in caplog.text


ROW = TRC.splitlines()[9]
BROKEN = {
    "no common markers": (re.sub(r"\tm(\d)", r"\tx\1", TRC).replace("\ttip", "\tx"), OSIM, "none is followed"),
    "NaN times": (TRC.replace(ROW.split("\t")[1], "nan", 1), OSIM, "the time is NaN"),
    "missing bodies": (TRC, OSIM.replace("/bodyset/b3</socket", "/bodyset/b9</socket"), "'b9', which is no body"),
    "unknown functions": (TRC, OSIM.replace("PolynomialFunction", "GCVSpline"), "GCVSpline"),
    "collinear axes": (TRC, OSIM.replace("<axis>1 0.2 0</axis>", "<axis>0 0 1</axis>"), "collinear axes"),
    "unknown joints": (TRC, OSIM.replace("UniversalJoint", "EllipsoidJoint"), "EllipsoidJoint"),
    "no marker data": (made.LINEAR, OSIM, "does not start like a marker file"),
    "no model": (TRC, "<html/>", "<html> has the version"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_input_gets_its_own_error_that_names_the_file(case: str, tmp_path: Path) -> None:
    trc, osim, words = BROKEN[case]
    with pytest.raises(InputError, match=words) as error:
        markers.run(Config(), *files(tmp_path, trc, osim))
    assert error.value.remedy[0].islower()
    assert case == "no common markers" or str(tmp_path) in error.value.problem
