"""Laws of carrying captured rotations over: constants stay constant, rest stays rest, and draws can be repeated."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.errors import InputError
from models.ik_direct import PRONATION_SHARE
from models.kinematics import bone_offsets, place_joints, world_from_joints
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from tests.training.toy_mocap import stick_clip
from training.mocap import TrueMotion, mean_rest_joints_m, pelvis_for, read_truth
from training.mocap_carry import carry_clip
from training.mocap_clips import MocapClip, world_pose
from training.mocap_families import KNOWN, rest_of
from training.mocap_rest import family_rest
from training.pronation import add_pronation, pronation_track

REST = mean_rest_joints_m()
LIMBS = {
    "l_hip": "left_hip", "r_knee": "right_knee", "l_ankle": "left_ankle", "r_elbow": "right_elbow",
    "l_shoulder": "left_shoulder", "chest": "spine3", "head": "head", "pelvis": "pelvis",
}  # fmt: skip


def world_turns(motion: TrueMotion) -> np.ndarray:
    return world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint)).numpy()


def joints_m(motion: TrueMotion, rest_m: np.ndarray = REST) -> np.ndarray:
    offsets = bone_offsets(SMPL_PARENTS, torch.from_numpy(rest_m.copy()))
    pelvis_m = torch.from_numpy(pelvis_for(motion, rest_m))
    return place_joints(SMPL_PARENTS, offsets, pelvis_m, torch.from_numpy(world_turns(motion))).numpy()


def turned(clip: MocapClip, part: str, turn: np.ndarray) -> MocapClip:
    """The same clip with one segment turned in the world; all that hangs on it stays as it was turned."""
    joint = clip.joint_of[part]
    world = world_pose(clip).world_from_joint.copy()
    world[:, joint] = turn @ world[:, joint]
    local = world.copy()
    for index, parent in enumerate(clip.parents):
        if parent >= 0:
            local[:, index] = np.swapaxes(world[:, parent], -1, -2) @ world[:, index]
    return replace(clip, parent_from_joint=local)


def write_shard(path: Path, clips: list[MocapClip]) -> None:
    first = clips[0]
    turns = np.concatenate([clip.parent_from_joint for clip in clips])
    quaternion = Rotation.from_matrix(turns.reshape(-1, 3, 3)).as_quat(scalar_first=True)
    np.savez(
        path, names=first.joints, parents=first.parents, fps=30, canon=list(first.joint_of),
        canon_idx=list(first.joint_of.values()), clip=[c.name for c in clips], subject=[c.subject for c in clips],
        action=[c.action for c in clips], clip_start=np.cumsum([0] + [len(c.root_m) for c in clips]),
        rot=np.round(quaternion * 32767).astype(np.int16).reshape(*turns.shape[:2], 4),
        root=np.concatenate([c.root_m for c in clips]), offsets=np.stack([c.offset_m for c in clips]),
    )  # fmt: skip


@pytest.mark.parametrize(("part", "own"), list(LIMBS.items()))
def test_turning_a_segment_of_the_source_turns_ours_by_the_same(part: str, own: str):
    clip, rest = stick_clip(), family_rest([stick_clip()], REST)
    turn = Rotation.from_rotvec((0.3, -0.5, 0.2)).as_matrix()
    before = world_turns(carry_clip(clip, rest, 0))[:, SMPL_INDEX[own]]
    after = world_turns(carry_clip(turned(clip, part, turn), rest, 0))[:, SMPL_INDEX[own]]
    if own.endswith("elbow"):  # what is drawn turns with the forearm, and takes a share of the hand's turn against it
        axis = REST[SMPL_INDEX["right_wrist"]] - REST[SMPL_INDEX["right_elbow"]]
        np.testing.assert_allclose(after @ axis, turn @ before @ axis, atol=1e-9)
    else:
        np.testing.assert_allclose(after, turn @ before, atol=1e-9)


def test_a_source_at_rest_gives_our_rest_pose():
    clip = stick_clip()
    rest = family_rest([clip], REST)
    still = replace(clip, parent_from_joint=np.tile(np.eye(3), (3, len(clip.joints), 1, 1)), root_m=np.zeros((3, 3)))
    turns = world_turns(carry_clip(still, rest, 0))
    for name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar"):
        np.testing.assert_allclose(turns[:, SMPL_INDEX[name]], np.tile(np.eye(3), (3, 1, 1)), atol=1e-9)
    source = world_pose(still).joints_m[0]
    for start, end in (("hip", "knee"), ("knee", "ankle")):
        own, child = SMPL_INDEX[f"left_{start}"], SMPL_INDEX[f"left_{end}"]
        bone = source[clip.joint_of[f"l_{end}"]] - source[clip.joint_of[f"l_{start}"]]
        carried = turns[0, own] @ (REST[child] - REST[own])
        assert carried @ bone == pytest.approx(np.linalg.norm(carried) * np.linalg.norm(bone))


def test_the_spine_turns_by_thirds():
    clip = stick_clip()
    motion = carry_clip(clip, family_rest([clip], REST), 0)
    angle = [Rotation.from_matrix(motion.parent_from_joint[:, SMPL_INDEX[f"spine{k}"]]).magnitude() for k in (1, 2, 3)]
    chest = Rotation.from_matrix(clip.parent_from_joint[:, clip.joint_of["chest"]]).magnitude()
    np.testing.assert_allclose(angle, np.tile(chest / 3, (3, 1)), atol=1e-9)


@pytest.mark.parametrize(("joint", "part"), [("left_knee", "l_knee"), ("right_elbow", "r_elbow")])
def test_a_planted_bend_comes_back(joint: str, part: str):
    clip = stick_clip()
    motion = carry_clip(clip, family_rest([clip], REST), 0)
    own = directions(joints_m(motion), (SMPL_INDEX[joint], SMPL_PARENTS))
    source = directions(world_pose(clip).joints_m, (clip.joint_of[part], clip.parents))
    np.testing.assert_allclose(own, source, atol=1e-9)


def directions(places_m: np.ndarray, joint_parents: tuple[int, tuple[int, ...]]) -> np.ndarray:
    """Cosine between the bone into a joint and the one out of it."""
    joint, parents = joint_parents
    above, below = (
        places_m[:, joint] - places_m[:, parents[joint]],
        places_m[:, parents.index(joint)] - places_m[:, joint],
    )
    return (above * below).sum(-1) / np.linalg.norm(above, axis=-1) / np.linalg.norm(below, axis=-1)


def test_bones_that_all_point_up_at_rest_are_stood_up_by_those_who_stand():
    """A rest pose of lying limbs and a bent trunk: the same person, told in other frames, gives the same truth."""
    clip = halting(stick_clip(frames=90))
    twist = {part: Rotation.from_rotvec((np.pi, 0, 0)) for part in ("l_hip", "l_knee", "r_hip", "r_knee")}
    twist |= {part: Rotation.from_rotvec((np.pi / 2, 0, 0)) for part in ("l_ankle", "r_ankle")}
    twist |= {"chest": Rotation.from_rotvec((0.2, 0, 0)), "head": Rotation.from_rotvec((-0.3, 0, 0))}
    lying = _reframed(clip, twist)
    own = world_turns(carry_clip(lying, family_rest([lying], REST), 0))
    expected = world_turns(carry_clip(clip, family_rest([clip], REST), 0))
    np.testing.assert_allclose(own, expected, atol=1e-6)


def test_feet_of_lying_bones_must_be_seen_standing():
    sliding = halting(stick_clip())
    sliding = replace(sliding, root_m=sliding.root_m + np.arange(len(sliding.root_m))[:, None] * (0.1, 0, 0))
    lying = _reframed(sliding, {part: Rotation.from_rotvec((np.pi, 0, 0)) for part in ("l_hip", "r_hip")})
    with pytest.raises(InputError, match="no foot of 'sticks' stands"):
        family_rest([lying], REST)


def halting(clip: MocapClip) -> MocapClip:
    """Then he stands for a second as he does at rest."""
    still = np.tile(np.eye(3), (30, len(clip.joints), 1, 1))
    still[:, 0] = clip.parent_from_joint[-1, 0]
    return replace(
        clip,
        parent_from_joint=np.concatenate([clip.parent_from_joint, still]),
        root_m=np.concatenate([clip.root_m, np.tile(clip.root_m[-1], (30, 1))]),
    )


def _reframed(clip: MocapClip, twist: Mapping[str, Rotation]) -> MocapClip:
    """Joint frames turned by constants: the same places, another rest pose."""
    turn = np.stack([twist.get(name, Rotation.identity()).as_matrix() for name in clip.joints])
    local, offset_m = clip.parent_from_joint @ turn, clip.offset_m.copy()
    for index, parent in enumerate(clip.parents):
        if parent >= 0:
            local[:, index] = turn[parent].T @ local[:, index]
            offset_m[index] = turn[parent].T @ offset_m[index]
    return replace(clip, parent_from_joint=local, offset_m=offset_m)


def test_the_drawn_track_stays_between_palm_down_and_thumb_up_and_is_smooth():
    track = pronation_track(20000, 30.0, np.random.default_rng(0))
    assert track.min() >= 0
    assert track.max() <= np.pi / 2
    assert np.mean(track) == pytest.approx(np.pi / 4, abs=0.1)
    assert np.std(track) == pytest.approx(np.pi / 2 / 12**0.5, abs=0.05)
    assert np.abs(np.diff(track)).max() * 30 < 4.0


def test_forearm_and_wrist_share_the_drawn_pronation():
    still = np.tile(np.eye(3), (50, 24, 1, 1))
    drawn = add_pronation(still, REST, 30.0, ("clip", 0))
    for side, thumb_up in (("left", -1), ("right", 1)):
        elbow, wrist = (drawn[:, SMPL_INDEX[f"{side}_{part}"]] for part in ("elbow", "wrist"))
        axis = REST[SMPL_INDEX[f"{side}_wrist"]] - REST[SMPL_INDEX[f"{side}_elbow"]]
        angles = [Rotation.from_matrix(turn).as_rotvec() @ axis / np.linalg.norm(axis) for turn in (elbow, wrist)]
        total = (angles[0] + angles[1]) * thumb_up
        assert total.min() >= 0
        assert total.max() <= np.pi / 2
        np.testing.assert_allclose(angles[0], PRONATION_SHARE * thumb_up * total, atol=1e-12)
        thumb = (elbow @ wrist) @ (0, 0, 1.0)
        assert thumb[:, 1].min() >= 0


def test_a_folder_gives_the_same_truth_again_and_another_seed_another(tmp_path: Path):
    write_shard(tmp_path / "sticks.npz", [stick_clip(), replace(stick_clip(), name="other")])
    first, again, other = (read_truth(tmp_path, pronation_seed=seed) for seed in (0, 0, 1))
    assert [motion.clip for motion in first] == ["walk", "other"]
    wrist = SMPL_INDEX["left_wrist"]
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a.parent_from_joint, b.parent_from_joint)
        assert np.abs(a.parent_from_joint[:, wrist] - c.parent_from_joint[:, wrist]).max() > 0.01
        np.testing.assert_array_equal(a.parent_from_joint[:, 4], c.parent_from_joint[:, 4])
    assert np.abs(first[0].parent_from_joint[:, wrist] - first[1].parent_from_joint[:, wrist]).max() > 0.01


def test_the_hips_are_where_the_source_s_are_times_the_ratio_of_the_legs():
    clip = stick_clip()
    motion = carry_clip(clip, family_rest([clip], REST), 0)
    body = load_body("free")
    betas = torch.zeros(body.beta_count)
    betas[0] = 2.0
    source = world_pose(clip).joints_m
    middle_m = (source[:, clip.joint_of["l_hip"]] + source[:, clip.joint_of["r_hip"]]) / 2
    for rest_m in (REST, rest_joints(body, betas).double().numpy()):
        own = joints_m(motion, rest_m)
        hips_m = (own[:, SMPL_INDEX["left_hip"]] + own[:, SMPL_INDEX["right_hip"]]) / 2
        leg_m = sum(np.linalg.norm(rest_m[b] - rest_m[a]) for a, b in ((1, 4), (4, 7), (2, 5), (5, 8))) / 2
        np.testing.assert_allclose(hips_m, middle_m * leg_m / (2 * np.hypot(0.06, 0.425)), rtol=1e-3)


def test_constants_of_known_families_are_turns_of_joints_they_have():
    clip = stick_clip()
    assert KNOWN.stat().st_size < 100_000
    measured = rest_of([replace(clip, family="cmu_daz")], REST)  # its joints are others: measured, not taken
    for name, segment in family_rest([clip], REST).limbs.items():
        np.testing.assert_array_equal(measured.limbs[name].source_from_ours, segment.source_from_ours)


@pytest.mark.parametrize(("part", "turned_deg", "whole"), [("l_ankle", 160, False), ("head", 160, False),
                                                           ("l_ankle", 70, True), ("r_wrist", 160, True)])  # fmt: skip
def test_a_clip_with_a_head_or_a_foot_on_backwards_is_no_truth_of_skin(part: str, turned_deg: float, whole: bool):
    clip, rest = stick_clip(), family_rest([stick_clip()], REST)
    assert carry_clip(clip, rest, 0).whole
    turns = clip.parent_from_joint.copy()
    turns[20:, clip.joint_of[part]] @= Rotation.from_rotvec((0, np.radians(turned_deg), 0)).as_matrix()
    assert carry_clip(replace(clip, parent_from_joint=turns), rest, 0).whole == whole


def test_parts_that_are_missing_are_named():
    clip = stick_clip()
    parts = {name: joint for name, joint in clip.joint_of.items() if name != "l_elbow"}
    with pytest.raises(InputError, match="has no l_elbow"):
        family_rest([replace(clip, joint_of=parts)], REST)


def test_a_knee_that_never_bends_is_refused():
    clip = stick_clip()
    stiff = clip.parent_from_joint.copy()
    stiff[:, clip.joint_of["l_knee"]] = np.eye(3)
    with pytest.raises(InputError, match="'l_knee' of 'sticks' never bends"):
        family_rest([replace(clip, parent_from_joint=stiff)], REST)


@pytest.mark.parametrize("part", ["head", "l_toe"])
def test_a_source_without_head_or_toes_is_carried_over(part: str):
    clip = stick_clip()
    parts = {name: joint for name, joint in clip.joint_of.items() if name != part}
    fewer = replace(clip, joint_of=parts)
    motion = carry_clip(fewer, family_rest([fewer], REST), 0)
    assert np.isfinite(motion.parent_from_joint).all()
    assert motion.whole == (part != "head")
