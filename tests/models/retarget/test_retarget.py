"""Whoever wrote the BVH: the body's bones point where the file's do, and twist as they do."""

import numpy as np
import pybvh
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bvh.reader import parse_bvh
from models.errors import InputError
from models.kinematics import world_from_joints
from models.retarget.axes import standing_axes
from models.retarget.source import UNIT_M, find_person
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS
from stages import retarget
from stages.contracts import Motion
from stages.export import bvh as bvh_export
from stages.export.joint_names import JOINT_NAMES
from tests.models.bvh.people import T_OFFSETS_M, Person, mirrored, named, walk, world_turns, write_bvh
from tests.stages import toy_motion

FRAMES = 60


def about(axis: str, degrees: float) -> Rotation:
    return Rotation.from_euler(axis, degrees, degrees=True)


LABORATORY = Person(
    names=named(
        "#", ("Left", "Right"), pelvis="Hips", thigh_root="*HipJoint", hip="*UpLeg", knee="*Leg", ankle="*Foot",
        foot="*ToeBase", spine1="LowerBack", spine2="Spine", spine3="Spine1", neck="Neck", neck2="Neck1", head="Head",
        collar="*Shoulder", shoulder="*Arm", elbow="*ForeArm", wrist="*Hand", hand="*FingerBase",
        index="*HandIndex1", thumb="*Thumb",
    )
    | {"left_thigh_root": "LHipJoint", "right_thigh_root": "RHipJoint"}
    | {"left_thumb": "LThumb", "right_thumb": "RThumb"},
    parents={"left_hip": "left_thigh_root", "right_hip": "right_thigh_root", "head": "neck2"},
    rest=mirrored({"left_hip": about("Z", -20), "left_knee": about("Z", -20)}),
    orders=("ZYX",),
    unit_m=UNIT_M["CMU's 0.45 inch"],
    frame_time="0.0083333",
)  # fmt: skip
"""As CMU's laboratory has it: legs apart at rest, hip joints and a second neck in between, inches over 0.45."""

STUDIO = Person(
    names=named(
        "Actor:#", ("Left", "Right"), pelvis="Hips", spine1="Chest", spine3="Chest2", neck="Neck", head="Head",
        hip="*Hip", knee="*Knee", ankle="*Ankle", foot="*Toe", collar="*Collar", shoulder="*Shoulder",
        elbow="*Elbow", wrist="*Wrist", index="*Finger1", index2="*Finger12",
    ),
    rest=mirrored({f"left_{part}": about("Z", 45) for part in ("shoulder", "elbow", "wrist", "index")}),
    file_from_body=about("Y", 90).as_matrix(),
    orders=("YXZ", "XYZ", "ZXY"),
    frame_time="0.0166667",
    all_have_positions=True,
)  # fmt: skip
"""A-pose that faces +X, two joints in the spine, three orders of channels, positions on every joint."""

BIPED = Person(
    names=named(
        "Bip01 #", ("L", "R"), pelvis="Pelvis", spine1="Spine", spine2="Spine1", spine3="Spine2", neck="Neck",
        head="Head", hip="* Thigh", knee="* Calf", ankle="* Foot", foot="* Toe0", collar="* Clavicle",
        shoulder="* UpperArm", elbow="* Forearm", wrist="* Hand", index="* Finger1", index2="* Finger11",
        thumb="* Finger0",
    ),
    rest=mirrored({f"left_{part}": about("Z", 88) for part in ("shoulder", "elbow", "wrist", "index", "thumb")}),
    orders=("XYZ",),
    unit_m=0.0254,
)  # fmt: skip
"""Arms that hang at rest, names with blanks, inches, no joint for the fingers' base."""

OUTSIDE = {"laboratory": LABORATORY, "studio": STUDIO, "biped": BIPED}


def points_along(axis: np.ndarray, seed: int) -> dict[str, Rotation]:
    """A rest pose in which every bone points along one axis, each with a twist of its own."""
    rng = np.random.default_rng(seed)
    rest = {}
    for joint, (x, y, z) in {"left_hip": (0, -1, 0), "left_knee": (0, -1, 0), "left_shoulder": (1, 0, 0),
                             "left_elbow": (1, 0, 0), "left_wrist": (1, 0, 0), "neck": (0, 1, 0)}.items():  # fmt: skip
        for side, sign in (("left", 1), ("right", -1)):
            onto, _ = Rotation.align_vectors([[sign * x, y, z]], [axis])
            name = joint.replace("left", side)
            rest[name] = onto * Rotation.from_rotvec(np.asarray(axis) * rng.uniform(-3, 3))
    return rest


NAMELESS = Person(
    names={joint: f"bone_{number}" for number, joint in enumerate(
        name for name in world_turns({}, 1) if name in SMPL_JOINTS or "index" in name
    )},
    rest=points_along(np.array([0.0, 0, 1]), 3),
    world_from_y_up=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    orders=("ZXY",),
    unit_m=1.0,
)  # fmt: skip
"""All long bones along Z at rest with any twist, names that say nothing, metres, Z up."""

BONES = [(f"{side}_{a}", f"{side}_{b}") for side in ("left", "right")
         for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))]  # fmt: skip


def retargeted(person: Person, tmp_path, **settings) -> Motion:
    path = tmp_path / "other.bvh"
    path.write_text(write_bvh(person, walk(FRAMES), FRAMES), newline="")
    return retarget.run(retarget.Config(**settings), path)


def directions(points: np.ndarray, start: int, end: int) -> np.ndarray:
    bone = points[:, end] - points[:, start]
    return bone / np.linalg.norm(bone, axis=1, keepdims=True)


def angles_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), (one * other).sum(axis=1)))


def turned_deg(motion: Motion, joint: str) -> np.ndarray:
    """How far a joint's orientation is from the one with which the file was made."""
    world = world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint))[:, SMPL_INDEX[joint]]
    made = world_turns(walk(FRAMES), FRAMES)[joint]
    return np.degrees((made.inv() * Rotation.from_matrix(world.numpy())).magnitude())


@pytest.mark.parametrize("style", OUTSIDE)
def test_bones_point_where_an_outside_files_do(style, tmp_path):
    motion = retargeted(OUTSIDE[style], tmp_path)
    world = world_turns(walk(FRAMES), FRAMES)
    for start, end in [*BONES, ("neck", "head")]:
        made = world[start].apply(np.array(T_OFFSETS_M[end]))
        if style == "laboratory" and end == "head":
            made = made + world["neck"].apply(T_OFFSETS_M["neck2"])
        ours = directions(motion.joints_m, SMPL_INDEX[start], SMPL_INDEX[end])
        assert (start, angles_deg(ours, made).max()) < (start, 1)


def test_bones_point_where_pybvh_has_them(tmp_path):
    motion = retargeted(LABORATORY, tmp_path)
    read = pybvh.read_bvh_file(tmp_path / "other.bvh")
    for start, end in [*BONES, ("neck", "head")]:
        rows = [list(read.joint_names).index(LABORATORY.names[joint]) for joint in (start, end)]
        ours = directions(motion.joints_m, SMPL_INDEX[start], SMPL_INDEX[end])
        assert (start, angles_deg(ours, directions(read.joint_positions(), *rows)).max()) < (start, 1)


@pytest.mark.parametrize(("style", "limit_deg"), [("laboratory", 1), ("studio", 1), ("biped", 3)])
def test_bones_twist_as_an_outside_files_do(style, limit_deg, tmp_path):
    motion = retargeted(OUTSIDE[style], tmp_path)
    # the bones of two bodies at rest differ by a few degrees of swing, which carries no twist
    allowance = rest_swing_deg()
    for joint in ("pelvis", "spine3", "head", *(name for bone in BONES for name in bone)):
        assert turned_deg(motion, joint).max() < limit_deg + allowance.get(joint, 0), joint


def rest_swing_deg() -> dict[str, float]:
    """How far the body's bones lie from the made person's, both in a T-pose; soles lie level on both."""
    rest = load_body("free").rest_joint_template_m.numpy().astype(float)
    foot, own = (rest[SMPL_INDEX["left_foot"]] - rest[SMPL_INDEX["left_ankle"]]), T_OFFSETS_M["left_foot"]
    toes_out_deg = abs(float(np.degrees(np.arctan2(foot[0], foot[2]) - np.arctan2(own[0], own[2]))))
    found = {"left_ankle": toes_out_deg, "right_ankle": toes_out_deg}
    for start, end in [*BONES, ("left_wrist", "left_hand"), ("right_wrist", "right_hand")]:
        bone = rest[SMPL_INDEX[end]] - rest[SMPL_INDEX[start]]
        found[start] = float(angles_deg(bone[None], np.array(T_OFFSETS_M[end])[None])[0])
    return found


def test_a_zero_pose_that_means_nothing_is_read_off_the_clip(tmp_path):
    motion = retargeted(NAMELESS, tmp_path)
    source = find_person(parse_bvh((tmp_path / "other.bvh").read_text(), "a"))
    assert standing_axes(source) is None
    for start, end in BONES:
        ours = directions(motion.joints_m, SMPL_INDEX[start], SMPL_INDEX[end])
        theirs = directions(source.joints_m, source.joint[start], source.joint[end])
        assert angles_deg(ours, theirs).max() < 1
        assert np.median(turned_deg(motion, start)) < 12, start
    assert np.median(turned_deg(motion, "pelvis")) < 6


def test_legs_and_trunk_may_hang_side_by_side_on_a_root(tmp_path):
    rig = Person(
        names={"pelvis": "Root", "spine1": "CC_Base_Waist"} | {
            joint: name for joint, name in STUDIO.names.items() if joint not in ("pelvis", "spine1")
        } | {"left_thigh_root": "CC_Base_Pelvis"},
        parents={"left_hip": "left_thigh_root", "right_hip": "left_thigh_root"},
    )  # fmt: skip
    motion = retargeted(rig, tmp_path)
    for start, end in BONES:
        made = world_turns(walk(FRAMES), FRAMES)[start].apply(np.array(T_OFFSETS_M[end]))
        assert angles_deg(directions(motion.joints_m, SMPL_INDEX[start], SMPL_INDEX[end]), made).max() < 1
    assert turned_deg(motion, "spine3").max() < 1


@pytest.mark.parametrize("preset", JOINT_NAMES)
def test_our_own_files_come_back_as_the_motion_they_were(preset, tmp_path):
    made = toy_motion.make_body_motion(toy_motion.smooth_rotations(40), toy_motion.smooth_roots_m(40))
    path = tmp_path / "own.bvh"
    path.write_text(bvh_export.encode(made, preset), newline="")
    back = retarget.run(retarget.Config(), path)
    for joint, parent in enumerate(SMPL_PARENTS):
        if parent in {SMPL_INDEX[name] for pair in BONES for name in pair[:1]}:
            assert (
                angles_deg(directions(back.joints_m, parent, joint), directions(made.joints_m, parent, joint)).max()
                < 0.01
            )
    turns = Rotation.from_matrix((made.parent_from_joint.swapaxes(-1, -2) @ back.parent_from_joint).reshape(-1, 3, 3))
    turned_most_deg = np.degrees(turns.magnitude()).reshape(-1, 24).max(axis=0)
    # the two bodies' spines are bent differently at rest, which no length tells
    spine = [SMPL_INDEX[name] for name in ("spine1", "spine2", "spine3", "neck", "head")]
    assert np.delete(turned_most_deg, spine).max() < 2
    assert turned_most_deg.max() < 20


def test_the_floor_lies_at_zero_and_the_file_tells_rate_and_size(tmp_path):
    motion = retargeted(LABORATORY, tmp_path)
    assert motion.rate_hz == 120 and len(motion.timestamps_s) == FRAMES
    lowest_m = motion.joints_m[:, [SMPL_INDEX["left_foot"], SMPL_INDEX["right_foot"]], 1].min()
    assert 0.0 < lowest_m < 0.06
    thigh = motion.joints_m[0, SMPL_INDEX["left_knee"]] - motion.joints_m[0, SMPL_INDEX["left_hip"]]
    assert np.linalg.norm(thigh) == pytest.approx(0.43, abs=0.01)
    assert motion.observed.all() and (motion.confidence == 1).all()


def test_a_file_that_floats_is_brought_down(tmp_path):
    text = write_bvh(STUDIO, walk(FRAMES), FRAMES)
    head, rows = text.split("Frame Time: ")
    time_s, *lines = rows.splitlines()
    lifted = [" ".join([x, f"{float(y) + 70:.6f}", *others]) for x, y, *others in map(str.split, lines)]
    found = []
    for name, content in (("a", lines), ("b", lifted)):
        (tmp_path / name).write_text("\n".join([f"{head}Frame Time: {time_s}", *content, ""]))
        found.append(retarget.run(retarget.Config(), tmp_path / name).joints_m)
    np.testing.assert_allclose(*found, atol=1e-6)


def test_a_rate_that_is_not_whole_is_resampled(tmp_path, caplog):
    film = Person(**{**vars(STUDIO), "frame_time": "0.0417083"})
    motion = retargeted(film, tmp_path)
    assert motion.rate_hz == 24 and "23.976" in caplog.text
    assert len(motion.timestamps_s) == int((FRAMES - 1) * 0.0417083 * 24) + 1


def test_a_unit_that_fits_nobody_is_asked_for(tmp_path):
    strange = Person(**{**vars(STUDIO), "unit_m": 0.2})
    with pytest.raises(InputError, match=r"the legs are 4\.252 long.*--retarget\.unit-m"):
        retargeted(strange, tmp_path)
    assert retargeted(strange, tmp_path, unit_m=0.2).joints_m[:, 0, 1].max() < 1.3


@pytest.mark.parametrize("unit", UNIT_M)
def test_every_known_unit_is_guessed_from_the_legs(unit, tmp_path):
    text = write_bvh(Person(**{**vars(BIPED), "unit_m": UNIT_M[unit]}), walk(3), 3)
    assert find_person(parse_bvh(text, "a")).unit_m == UNIT_M[unit]


def test_what_is_no_person_is_refused():
    tree = "HIERARCHY\nROOT a {\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Yrotation Xrotation\n}\n"
    text = tree + "MOTION\nFrames: 1\nFrame Time: 1\n0 0 0\n"
    with pytest.raises(InputError, match="no person with two legs and two arms is found among the joints a"):
        find_person(parse_bvh(text, "a.bvh"))
