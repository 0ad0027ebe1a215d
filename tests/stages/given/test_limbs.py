"""Paths of hands and feet bend the limbs so that their ends lie on them; key frames are joined by splines."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from models.readers.given import Said
from models.readers.limb_paths import read
from models.skeletons import SMPL_INDEX
from stages.given import limbs

TIMES_S = np.arange(40) / 30
HAND_M = np.stack([0.25 + 0.1 * np.sin(3 * TIMES_S), -0.2 + 0.1 * TIMES_S, 0.2 + 0.05 * np.cos(2 * TIMES_S)], axis=1)


def _write_csv(path: Path, rows: slice = slice(None)) -> None:
    lines = ["time_s,left_arm_x,left_arm_y,left_arm_z"]
    lines += [
        ",".join(f"{value:.6f}" for value in (t, *end)) for t, end in zip(TIMES_S[rows], HAND_M[rows], strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")


def test_the_hand_goes_where_the_file_says(tmp_path: Path) -> None:
    _write_csv(tmp_path / "reach.csv")
    motion = limbs.run(limbs.Config(), Said(), tmp_path / "reach.csv")
    assert motion.rate_hz == 30 and motion.observed.all()
    shoulder, wrist = (motion.joints_m[:, SMPL_INDEX[f"left_{name}"]] for name in ("shoulder", "wrist"))
    np.testing.assert_allclose(wrist - shoulder, HAND_M, atol=2e-4)
    assert (motion.parent_from_joint[:, SMPL_INDEX["right_shoulder"]] == np.eye(3)).all()


def test_key_frames_are_joined_by_a_spline_at_the_wanted_rate(tmp_path: Path) -> None:
    _write_csv(tmp_path / "keys.csv", slice(None, None, 6))
    found = read(tmp_path / "keys.csv", Said(rate_hz=30.0))
    assert len(found.timestamps_s) == 37
    np.testing.assert_allclose(found.end_m["left_arm"], HAND_M[:37], atol=2e-3)
    np.testing.assert_allclose(found.end_m["left_arm"][::6], HAND_M[:37:6], atol=1e-6)


def test_arrays_read_like_tables_and_gaps_stay_gaps(tmp_path: Path) -> None:
    hand_m = HAND_M.copy()
    hand_m[10:14] = np.nan
    np.savez(tmp_path / "a.npz", timestamps_s=TIMES_S, left_arm=hand_m, right_leg=np.tile([-0.02, -0.7, 0.1], (40, 1)))
    found = read(tmp_path / "a.npz", Said())
    assert set(found.end_m) == {"left_arm", "right_leg"}
    np.testing.assert_allclose(found.end_m["left_arm"][20:], hand_m[20:], atol=1e-9)
    assert np.isnan(found.end_m["left_arm"][11:13]).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns"),
        ("time_s,left_arm_x\n0,1\n", "columns"),
        ("time_s,left_arm_x,left_arm_y,left_arm_z\n0,1,2\n", "line 2"),
        ("time_s,left_arm_x,left_arm_y,left_arm_z\n0,a,2,3\n", "line 2"),
        ("time_s,left_arm_x,left_arm_y,left_arm_z\n0,0.1,0,0\n0,0.1,0,0\n", "rise"),
        ("time_s,left_arm_x,left_arm_y,left_arm_z\n0,300,0,0\n0.1,300,0,0\n", "reaches 300"),
        ("time_s,left_arm_x,left_arm_y,left_arm_z\n0,,,\n0.1,,,\n", "reaches 0"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read(tmp_path / "a.csv", Said())
