"""AMASS and BVH folders against motions that are known."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.errors import InputError
from models.skeletons import SMPL_INDEX
from training.mocap import read_truth

BVH = """HIERARCHY
ROOT Hips
{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
 JOINT Spine
 {
  OFFSET 0 20 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT Neck
  {
   OFFSET 0 30 0
   CHANNELS 3 Zrotation Xrotation Yrotation
   JOINT Head
   {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
     OFFSET 0 15 0
    }
   }
  }
%s }
%s}
MOTION
Frames: 3
Frame Time: 0.0333333
"""


def limb(names: list[str], offsets: list[tuple[float, float, float]], side: int, depth: int = 2) -> str:
    head, (x, y, z) = names[0], offsets[0]
    inner = limb(names[1:], offsets[1:], side, depth + 1) if len(names) > 1 else "End Site\n{\nOFFSET 0 -5 5\n}\n"
    return f"JOINT {head}\n{{\nOFFSET {x * side} {y} {z}\nCHANNELS 3 Zrotation Xrotation Yrotation\n{inner}}}\n"


def bvh_text(knee_deg: float) -> str:
    arms, legs = "", ""
    for side, sign in (("Left", 1), ("Right", -1)):
        arms += limb([f"{side}{part}" for part in ("Shoulder", "Arm", "ForeArm", "Hand")],
                     [(3, 25, 0), (15, 0, 0), (28, 0, 0), (25, 0, 0)], sign)  # fmt: skip
        legs += limb([f"{side}{part}" for part in ("UpLeg", "Leg", "Foot")],
                     [(9, -5, 0), (0.1, -42, 0), (0, -41, 0)], sign)  # fmt: skip
    text = BVH % (arms, legs)
    names = re.findall(r"(?:ROOT|JOINT) (\w+)", text)
    rows = np.zeros((3, 6 + 3 * (len(names) - 1)))
    rows[:, 1] = 90
    rows[:, 6 + 3 * (names.index("LeftLeg") - 1) + 1] = knee_deg * np.arange(3)
    return text + "\n".join(" ".join(f"{value:g}" for value in row) for row in rows) + "\n"


def amass(path: Path, poses: np.ndarray, key: str = "mocap_framerate") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    trans = np.tile([0.5, -2.0, 0.9], (len(poses), 1))
    arrays: dict[str, Any] = {"poses": poses, "trans": trans, "betas": np.zeros(16), key: 120.0}
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("length", "key"), [(156, "mocap_framerate"), (165, "mocap_frame_rate"), (72, "mocap_framerate")]
)
def test_amass_keeps_its_rotations_and_stands_up(tmp_path: Path, length: int, key: str):
    random = np.random.default_rng(0)
    poses = random.normal(0, 0.2, (5, length))
    poses[:, :3] = (np.pi / 2, 0, 0)  # Z up: SMPL's rest pose stands when it is turned by a quarter about X
    amass(tmp_path / "somebody" / "walk_poses.npz", poses, key)
    np.savez(tmp_path / "somebody" / "shape.npz", betas=np.zeros(16))
    (motion,) = read_truth(tmp_path)
    assert (motion.clip, motion.subject, motion.rate_hz) == ("somebody/walk_poses", "somebody", 120.0)
    np.testing.assert_allclose(motion.parent_from_joint[:, 0], np.tile(np.eye(3), (5, 1, 1)), atol=1e-12)
    turns = Rotation.from_matrix(motion.parent_from_joint[:, 1:22].reshape(-1, 3, 3)).as_rotvec()
    np.testing.assert_allclose(turns.reshape(5, -1), poses[:, 3:66], atol=1e-9)
    np.testing.assert_array_equal(motion.parent_from_joint[:, 22:], np.tile(np.eye(3), (5, 2, 1, 1)))
    np.testing.assert_allclose(motion.pelvis_m[:, [0, 2]], np.tile([0.5, 2.0], (5, 1)))
    assert 0.8 < motion.pelvis_m[0, 1] < 1.1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"poses": np.zeros((5, 63))}, "holds poses (5, 63)"),
        ({"trans": np.full((5, 3), np.nan)}, "no numbers"),
        ({"mocap_framerate": 0.0}, "the rate 0"),
        ({"poses": np.array([{}], dtype=object)}, "not an .npz file of numbers"),
        ({"trans": None}, "lacks poses, trans or a rate"),
    ],
)
def test_a_broken_file_of_amass_is_refused(tmp_path: Path, change: dict[str, Any], problem: str):
    arrays: dict[str, Any] = {"poses": np.zeros((5, 156)), "trans": np.zeros((5, 3)), "mocap_framerate": 120.0} | change
    np.savez(tmp_path / "a.npz", **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(InputError) as caught:
        read_truth(tmp_path)
    assert problem in str(caught.value)


def test_a_bvh_s_knee_bends_ours(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "squat.bvh").write_text(bvh_text(30.0))
    (motion,) = read_truth(tmp_path)
    assert (motion.clip, motion.family) == ("a/squat", "bvh")
    assert motion.rate_hz == pytest.approx(30, rel=1e-4)
    bend = Rotation.from_matrix(motion.parent_from_joint[:, SMPL_INDEX["left_knee"]]).as_rotvec(degrees=True)
    np.testing.assert_allclose(bend[:, 0] - bend[0, 0], (0, 30, 60), atol=3)
    wrist = Rotation.from_matrix(motion.parent_from_joint[:, SMPL_INDEX["left_wrist"]]).magnitude()
    assert wrist.max() > 0.01  # drawn


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"x"), ("a.npz", b"not a zip")])
def test_a_folder_of_other_things_is_refused(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"holds no motion|is not an \.npz file"):
        read_truth(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="is no folder"):
        read_truth(tmp_path / "nowhere")
