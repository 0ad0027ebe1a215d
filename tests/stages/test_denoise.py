"""A motion becomes steady: bones keep their lengths, even movement passes, gaps weigh nothing."""

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
import roma
import torch

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks
from models.errors import WeightsError
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages import denoise
from stages.contracts import Motion, RawMotion
from stages.denoise.config import Filter
from stages.denoise.steady import denoise_body, group_joints
from tests.models.toy_body import toy_body
from tests.stages.toy_track import BETAS, FRAMES, RATE_HZ, moving_pose

BODY = toy_body()


def raw_motion(pose: torch.Tensor, trans_m: torch.Tensor, observed: np.ndarray | None = None) -> RawMotion:
    observed = np.ones(FRAMES, dtype=bool) if observed is None else observed
    return RawMotion(
        rate_hz=RATE_HZ,
        timestamps_s=np.arange(FRAMES) / RATE_HZ,
        observed=observed,
        parent_from_joint=pose.numpy(),
        trans_m=trans_m.numpy(),
        betas=BETAS.numpy(),
        confidence=np.ones((FRAMES, 24)) * observed[:, None],
        world_from_camera=np.eye(4),
        camera_matrix=np.eye(3),
        body_model="toy",
        body_sha256=BODY.sha256,
    )


def steady(raw: RawMotion, name: Filter = "savitzky_golay") -> Motion:
    return denoise_body(denoise.Config(filter=name, foot_lock=False), raw, BODY, device="cpu")


def shaken(observed: np.ndarray | None = None) -> RawMotion:
    random = torch.Generator().manual_seed(5)
    pose, trans_m = moving_pose()
    tremor = roma.rotvec_to_rotmat(0.05 * torch.randn(FRAMES, 24, 3, generator=random, dtype=torch.float64))
    return raw_motion(
        pose @ tremor, trans_m + 0.02 * torch.randn(FRAMES, 3, generator=random, dtype=torch.float64), observed
    )


every_filter = pytest.mark.parametrize("name", get_args(Filter))


def acceleration(motion: Motion) -> float:
    return float(np.linalg.norm(np.diff(motion.joints_m, 2, axis=0), axis=-1).mean())


def test_every_joint_belongs_to_one_group_and_every_group_has_a_period() -> None:
    groups = [field.name for field in fields(denoise.Config) if field.name.endswith("_s") and field.name != "root_s"]
    joints = [joint for group in groups for joint in group_joints(group)]
    assert sorted(joints) == list(range(len(SMPL_JOINTS)))


def test_a_person_who_stands_still_or_glides_is_unchanged() -> None:
    pose, _ = moving_pose()
    still = pose[:1].expand(FRAMES, 24, 3, 3)
    glide = torch.arange(FRAMES, dtype=torch.float64)[:, None] * torch.tensor([0.01, 0.0, -0.02])
    motion = steady(raw_motion(still, glide))
    np.testing.assert_allclose(motion.parent_from_joint, still.numpy(), atol=1e-12)
    np.testing.assert_allclose(motion.trans_m, glide.numpy(), atol=1e-12)


@every_filter
def test_a_person_who_stands_still_is_unchanged_by_any_filter(name: Filter) -> None:
    pose, _ = moving_pose()
    still = pose[:1].expand(FRAMES, 24, 3, 3)
    motion = steady(raw_motion(still, torch.ones(FRAMES, 3, dtype=torch.float64)), name)
    np.testing.assert_allclose(motion.parent_from_joint, still.numpy(), atol=1e-6)
    np.testing.assert_allclose(motion.trans_m, 1.0, atol=1e-6)


def test_a_person_who_spins_evenly_is_unchanged_to_the_last_frame() -> None:
    pose, _ = moving_pose()
    spin = torch.arange(FRAMES, dtype=torch.float64)[:, None] * torch.tensor([0.0, 0.2, 0.0])
    still = pose[:1].repeat(FRAMES, 1, 1, 1)
    still[:, 0] = roma.rotvec_to_rotmat(spin)
    motion = steady(raw_motion(still, torch.zeros(FRAMES, 3, dtype=torch.float64)))
    np.testing.assert_allclose(motion.parent_from_joint, still.numpy(), atol=1e-9)


@pytest.mark.parametrize("name", [name for name in get_args(Filter) if name != "learned"])
def test_tremor_goes_and_the_movement_stays(name: Filter) -> None:
    clean = steady(raw_motion(*moving_pose()))
    motion, before = steady(shaken(), name), shaken()
    tensors = (torch.from_numpy(before.parent_from_joint), torch.from_numpy(before.trans_m))
    before_m = pose_joints(BODY, BETAS, *tensors).numpy()
    raw_error_m = np.linalg.norm(before_m - clean.joints_m, axis=-1).mean()
    error_m = np.linalg.norm(motion.joints_m - clean.joints_m, axis=-1).mean()
    assert error_m < 0.8 * raw_error_m
    assert acceleration(motion) < 0.4 * float(np.linalg.norm(np.diff(before_m, 2, axis=0), axis=-1).mean())


@every_filter
def test_bones_keep_their_lengths_within_a_nanometre(name: Filter) -> None:
    joints_m = steady(shaken(), name).joints_m
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        assert np.ptp(np.linalg.norm(joints_m[:, joint] - joints_m[:, parent], axis=-1)) < 1e-9


def test_joints_and_landmarks_are_read_off_the_body_as_it_moves() -> None:
    motion = steady(shaken())
    pose = (torch.from_numpy(motion.parent_from_joint), torch.from_numpy(motion.trans_m))
    np.testing.assert_allclose(motion.joints_m, pose_joints(BODY, BETAS, *pose).numpy(), atol=1e-12)
    np.testing.assert_allclose(motion.landmarks_m, pose_landmarks(BODY, BETAS, *pose).numpy(), atol=1e-12)


@every_filter
def test_what_fills_a_gap_has_no_influence(name: Filter) -> None:
    observed = np.ones(FRAMES, dtype=bool)
    observed[30:45] = False
    raw = shaken(observed)
    spoiled = replace(raw, trans_m=np.where(observed[:, None], raw.trans_m, 9.0))
    spoiled.parent_from_joint[30:45] = np.eye(3)
    np.testing.assert_allclose(steady(spoiled, name).joints_m, steady(shaken(observed), name).joints_m, atol=1e-9)


@pytest.mark.parametrize("frames", [1, 2])
@every_filter
def test_the_shortest_motions_pass(name: Filter, frames: int) -> None:
    raw = shaken()
    short = replace(
        raw,
        timestamps_s=raw.timestamps_s[:frames],
        observed=raw.observed[:frames],
        parent_from_joint=raw.parent_from_joint[:frames],
        trans_m=raw.trans_m[:frames],
        confidence=raw.confidence[:frames],
    )
    assert steady(short, name).joints_m.shape == (frames, 24, 3)


def test_what_was_done_is_told_in_a_few_words() -> None:
    assert denoise.Config(filter="learned").told() == "learned denoiser, no delay"
    assert denoise.Config(filter="butterworth", legs_s=0.5).told().startswith("Butterworth")
    assert "legs 2 Hz" in denoise.Config(filter="butterworth", legs_s=0.5).told()


def test_the_gap_is_filled_in_straight_lines_after_a_parabola() -> None:
    observed = np.ones(FRAMES, dtype=bool)
    observed[30:45] = False
    raw = shaken(observed)
    spoiled = replace(raw, trans_m=np.where(observed[:, None], raw.trans_m, 9.0))
    spoiled.parent_from_joint[30:45] = np.eye(3)
    np.testing.assert_allclose(steady(spoiled).joints_m, steady(shaken(observed)).joints_m, atol=1e-12)
    trans_m = steady(raw).trans_m
    np.testing.assert_allclose(trans_m[29:46], np.linspace(trans_m[29], trans_m[45], 17), atol=1e-12)


def test_a_motion_of_another_body_is_refused() -> None:
    raw = replace(raw_motion(*moving_pose()), body_model="free")
    assert load_body("free").sha256 != raw.body_sha256
    with pytest.raises(WeightsError, match="Solve again"):
        denoise.run(denoise.Config(), raw, device="cpu")
