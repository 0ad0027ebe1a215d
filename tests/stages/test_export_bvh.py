"""A BVH puts every joint where the motion has it, in a dialect that every reader understands alike."""

import re
from dataclasses import replace

import numpy as np
import pybvh
import pytest
from scipy.spatial.transform import Rotation

from models.bvh.reader import parse_bvh, place_bvh_joints
from models.skeletons import SMPL_JOINTS
from stages.export import bvh
from stages.export.euler import continuous_euler_zxy
from stages.export.joint_names import JOINT_NAMES
from tests.stages import toy_motion

HUMANIK = JOINT_NAMES["humanik"]


def gimbal_locked(frames: int) -> np.ndarray:
    """Every joint's x angle at a right angle or a hair beside it."""
    rng = np.random.default_rng(3)
    angles_deg = rng.uniform(-180, 180, (frames, 24, 3))
    angles_deg[..., 1] = rng.choice([-90, 90], (frames, 24)) + rng.choice([0, 1e-9, 1e-5, 1e-2], (frames, 24))
    return Rotation.from_euler("ZXY", angles_deg.reshape(-1, 3), degrees=True).as_matrix().reshape(frames, 24, 3, 3)


MOTIONS = {
    "random": toy_motion.random_rotations(40),
    "smooth": toy_motion.smooth_rotations(300),
    "gimbal lock": gimbal_locked(40),
    "one frame": toy_motion.random_rotations(1),
}


@pytest.fixture(params=MOTIONS)
def motion(request):
    rotation = MOTIONS[request.param]
    return toy_motion.make_motion(rotation, toy_motion.smooth_roots_m(len(rotation)))


def written(rotation: np.ndarray) -> str:
    return bvh.encode(toy_motion.make_motion(rotation))


def rows_of(text: str) -> np.ndarray:
    return np.array([line.split() for line in text.split("Frame Time: ")[1].splitlines()[1:]], float)


def test_our_reader_finds_the_joints_where_the_motion_has_them(motion):
    read = parse_bvh(bvh.encode(motion), "made")
    order = [read.names.index(HUMANIK[name]) for name in SMPL_JOINTS]
    np.testing.assert_allclose(place_bvh_joints(read)[:, order] / 100, motion.joints_m, atol=1e-4)


def test_pybvh_finds_the_joints_where_the_motion_has_them(motion, tmp_path):
    path = tmp_path / "a.bvh"
    path.write_text(bvh.encode(motion), newline="")
    read = pybvh.read_bvh_file(path)
    order = [read.joint_names.index(HUMANIK[name]) for name in SMPL_JOINTS]
    np.testing.assert_allclose(read.joint_positions()[:, order] / 100, motion.joints_m, atol=1e-4)


@pytest.mark.parametrize("preset", JOINT_NAMES)
def test_every_preset_plays_the_same_joints_in_both_readers(preset, tmp_path):
    made = toy_motion.make_motion(toy_motion.smooth_rotations(60), toy_motion.smooth_roots_m(60))
    text = bvh.encode(made, preset)
    path = tmp_path / "a.bvh"
    path.write_text(text, newline="")
    ours, theirs = parse_bvh(text, "made"), pybvh.read_bvh_file(path)
    for names, placed_cm in (
        (list(ours.names), place_bvh_joints(ours)),
        (list(theirs.joint_names), theirs.joint_positions()),
    ):
        order = [names.index(JOINT_NAMES[preset][name]) for name in SMPL_JOINTS]
        np.testing.assert_allclose(placed_cm[:, order] / 100, made.joints_m, atol=1e-4)


@pytest.mark.parametrize("names", JOINT_NAMES.values(), ids=JOINT_NAMES)
def test_names_are_complete_distinct_and_plain(names):
    assert set(names) == set(SMPL_JOINTS)
    assert len(set(names.values())) == len(SMPL_JOINTS)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names.values())


@pytest.mark.parametrize(
    ("preset", "joint", "name"),
    [
        ("humanik", "left_hand", "LeftHandMiddle1"),
        ("mixamo", "pelvis", "mixamorigHips"),
        ("mixamo", "right_shoulder", "mixamorigRightArm"),
        ("unreal", "left_foot", "ball_l"),
        ("cmu", "spine1", "LowerBack"),
        ("lafan1", "right_foot", "RightToe"),
        ("smpl", "right_collar", "right_collar"),
    ],
)
def test_presets_name_joints_as_their_programs_do(preset, joint, name):
    assert JOINT_NAMES[preset][joint] == name


def test_a_t_pose_comes_first_when_asked_and_changes_nothing_behind_it():
    made = toy_motion.make_motion(toy_motion.random_rotations(5), toy_motion.smooth_roots_m(5))
    without, with_it = bvh.encode(made), bvh.encode(made, t_pose_first=True)
    assert "Frames: 6\n" in with_it
    first, *others = with_it.split("Frame Time: ")[1].splitlines()[1:]
    assert others == without.split("Frame Time: ")[1].splitlines()[1:]
    assert with_it.split("MOTION")[0] == without.split("MOTION")[0]
    assert not np.array(first.split()[3:], float).any()
    placed_cm = place_bvh_joints(parse_bvh(with_it, "made"))[0]
    np.testing.assert_allclose(placed_cm[0, [0, 2]], 100 * made.joints_m[0, 0, [0, 2]], atol=1e-4)
    assert placed_cm[:, 1].min() == pytest.approx(bvh.TOES_CM, abs=1e-4)


def test_zero_rotation_is_a_true_t_pose_that_faces_z():
    read = parse_bvh(written(toy_motion.still()), "made")
    zero = place_bvh_joints(replace(read, parent_from_joint=toy_motion.still()))[0]
    place = {name: zero[read.names.index(HUMANIK[name])] for name in SMPL_JOINTS}

    def directions(*chain: str) -> np.ndarray:
        bones = np.diff([place[name] for name in chain], axis=0)
        return bones / np.linalg.norm(bones, axis=1, keepdims=True)

    for side, x in (("left", 1), ("right", -1)):
        arm = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hand")]
        leg = [f"{side}_{part}" for part in ("hip", "knee", "ankle")]
        np.testing.assert_allclose(directions(*arm), [[x, 0, 0]] * 3, atol=1e-6)
        np.testing.assert_allclose(directions(*leg), [[0, -1, 0]] * 2, atol=1e-6)
        foot = place[f"{side}_foot"] - place[f"{side}_ankle"]
        np.testing.assert_allclose(foot, [0, -6, np.hypot(3, 13)], atol=1e-5)
    np.testing.assert_allclose(directions("spine1", "spine2", "spine3"), [[0, 1, 0]] * 2, atol=1e-6)
    np.testing.assert_allclose(directions("neck", "head"), [[0, 1, 0]], atol=1e-6)
    assert place["left_hip"][0] > 0 > place["right_hip"][0]
    assert place["left_hand"][0] > 60


def test_bones_keep_the_lengths_of_the_body():
    read = parse_bvh(written(toy_motion.still()), "made")
    written_cm = {joint.name: np.linalg.norm(joint.offset) for joint in read.joints}
    for name, offset_m in zip(SMPL_JOINTS[1:], toy_motion.rest_offsets_m()[1:], strict=True):
        assert written_cm[HUMANIK[name]] == pytest.approx(100 * np.linalg.norm(offset_m), abs=1e-5)


def test_girdles_hands_and_toes_need_no_rotation_in_the_rest_pose():
    text = written(toy_motion.still())
    angles_deg = dict(zip(parse_bvh(text, "made").names, rows_of(text)[0, 3:].reshape(24, 3), strict=True))
    names = ("Hips", "LeftShoulder", "RightShoulder", "LeftHandMiddle1", "RightHandMiddle1", "LeftToeBase")
    np.testing.assert_allclose([angles_deg[name] for name in names], 0, atol=1e-4)
    assert np.abs(angles_deg["LeftArm"]).max() > 3


@pytest.mark.parametrize("seed", range(4))
def test_angles_of_a_steady_motion_do_not_jump(seed):
    rotation = toy_motion.smooth_rotations(600, seed)
    angle_rad = continuous_euler_zxy(rotation)
    steps_rad = np.abs(np.diff(angle_rad, axis=0)).max(axis=-1)
    turned_rad = (
        Rotation.from_matrix((rotation[:-1].swapaxes(-1, -2) @ rotation[1:]).reshape(-1, 3, 3))
        .magnitude()
        .reshape(steps_rad.shape)
    )
    far_from_lock = np.abs(rotation[1:, :, 2, 1]) < 0.9
    assert np.all(steps_rad[far_from_lock] < 4 * turned_rad[far_from_lock] + 1e-9)
    rebuilt = Rotation.from_euler("ZXY", angle_rad.reshape(-1, 3)).as_matrix().reshape(rotation.shape)
    np.testing.assert_allclose(rebuilt, rotation, atol=1e-12)


def test_a_swing_through_gimbal_lock_stays_one_swing():
    swing_rad = np.linspace(0, np.pi, 181)
    rotation = Rotation.from_euler("X", swing_rad[:, None]).as_matrix()[:, None]
    expected = np.stack([0 * swing_rad, swing_rad, 0 * swing_rad], axis=-1)
    np.testing.assert_allclose(continuous_euler_zxy(rotation)[:, 0], expected, atol=1e-9)


def test_while_in_gimbal_lock_z_stays_and_y_turns():
    y_deg = np.linspace(-60, 60, 100)
    angles_deg = np.stack([np.full(100, 40.0), np.full(100, 90.0), y_deg], axis=-1)
    angles_deg[0, 1] = 89.0
    rotation = Rotation.from_euler("ZXY", angles_deg, degrees=True).as_matrix()[:, None]
    np.testing.assert_allclose(
        np.degrees(continuous_euler_zxy(rotation)[:, 0, [0, 2]]), angles_deg[:, [0, 2]], atol=1e-5
    )


def test_several_turns_are_counted_on():
    turn_rad = np.linspace(0, 20 * np.pi, 400)
    rotation = toy_motion.still(400)
    rotation[:, 0] = Rotation.from_euler("Y", turn_rad[:, None]).as_matrix()
    np.testing.assert_allclose(rows_of(written(rotation))[:, 5], np.degrees(turn_rad), atol=1e-4)


def test_the_file_keeps_to_the_dialect():
    frames = 50
    text = bvh.encode(toy_motion.make_motion(toy_motion.smooth_rotations(frames), rate_hz=60))
    assert text.isascii()
    assert "\r" not in text and text.endswith("\n")
    assert text.startswith(
        "HIERARCHY\nROOT Hips\n{\n\tOFFSET 0.000000 0.000000 0.000000\n"
        "\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
    )
    assert text.count("CHANNELS 3 Zrotation Xrotation Yrotation\n") == 23
    names = re.findall(r"(?:ROOT|JOINT) (.*)\n", text)
    assert sorted(names) == sorted(HUMANIK.values()) and len(set(names)) == 24
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    assert f"MOTION\nFrames: {frames}\nFrame Time: 0.01666667\n" in text
    number = r"-?\d+\.\d"
    assert all(
        re.fullmatch(rf"\s*OFFSET(?: {number}{{6}}){{3}}", line) for line in text.split("\n") if "OFFSET" in line
    )
    motion_lines = text.split("Frame Time: ")[1].splitlines()[1:]
    assert len(motion_lines) == frames
    assert all(re.fullmatch(rf"{number}{{4}}(?: {number}{{4}}){{74}}", line) for line in motion_lines)
    assert not re.search(r"-0\.0+(?!\d)", text)
    ends = re.findall(r"End Site\n\s*{\n\s*OFFSET (.*)\n", text)
    assert len(ends) == 5 and all(np.linalg.norm(np.array(end.split(), float)) > 1 for end in ends)
