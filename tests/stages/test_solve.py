"""A track becomes a body's motion: near the track, every frame filled, what was not seen marked."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks
from models.errors import ConfigError, InputError
from models.skeletons import SMPL_PARENTS
from models.stature import stature
from stages import solve
from stages.contracts import JointTrack, RawMotion
from stages.solve.body import solve_body
from tests.models.toy_body import toy_body
from tests.stages.toy_track import BETAS, FRAMES, moving_pose, toy_track

BODY = toy_body()
Solver = Literal["neural", "analytic", "fit"]
GAPPY = np.ones(FRAMES, dtype=bool)
GAPPY[[0, 1, *range(40, 55), FRAMES - 1]] = False


def solved(track: JointTrack, config: solve.Config | None = None) -> RawMotion:
    return solve_body(config or solve.Config(), track, BODY, device="cpu")


def tensors(raw: RawMotion) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return tuple(torch.from_numpy(array) for array in (raw.betas, raw.parent_from_joint, raw.trans_m))  # type: ignore[return-value]


NEARNESS_M = [("analytic", 0.007), ("fit", 0.007), ("neural", 0.010)]
"""The network keeps a little to what people do, and the toy body does nothing people do."""


@pytest.mark.parametrize(("solver", "near_m"), NEARNESS_M)
def test_the_body_s_landmarks_lie_on_the_track_s(solver: Solver, near_m: float) -> None:
    track = toy_track(BODY)
    found_m = pose_landmarks(BODY, *tensors(solved(track, solve.Config(solver=solver)))).numpy()
    assert np.linalg.norm(found_m - track.landmarks_m, axis=-1).mean() < near_m


@pytest.mark.parametrize(("solver", "near_m"), NEARNESS_M)
def test_the_body_s_joints_are_those_that_made_the_track(solver: Solver, near_m: float) -> None:
    found_m = pose_joints(BODY, *tensors(solved(toy_track(BODY), solve.Config(solver=solver))))
    assert (found_m - pose_joints(BODY, BETAS, *moving_pose())).norm(dim=-1).mean() < 2 * near_m


def test_gaps_are_filled_marked_and_change_nothing_else() -> None:
    raw = solved(toy_track(BODY, GAPPY))
    np.testing.assert_array_equal(raw.observed, GAPPY)
    assert (raw.confidence[~GAPPY] == 0).all() and (raw.confidence[GAPPY] > 0).all()
    np.testing.assert_array_equal(raw.parent_from_joint[0], raw.parent_from_joint[2])
    np.testing.assert_array_equal(raw.trans_m[-1], raw.trans_m[-2])
    line = np.linspace(raw.trans_m[39], raw.trans_m[55], 17)
    np.testing.assert_allclose(raw.trans_m[39:56], line, atol=1e-12)


def test_bones_keep_their_lengths_within_a_nanometre() -> None:
    joints_m = pose_joints(BODY, *tensors(solved(toy_track(BODY, GAPPY)))).numpy()
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        length_m = np.linalg.norm(joints_m[:, joint] - joints_m[:, parent], axis=-1)
        assert np.ptp(length_m) < 1e-9


@pytest.mark.parametrize(("solver", "slack"), [("analytic", 1e-9), ("neural", 1e-4)])
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, solver: Solver, slack: float) -> None:
    """The network counts in single precision."""
    config = solve.Config(solver=solver)
    whole = solved(toy_track(BODY, GAPPY), config)
    monkeypatch.setattr("stages.solve.posers.CHUNK_FRAMES", 7)
    np.testing.assert_allclose(
        solved(toy_track(BODY, GAPPY), config).parent_from_joint, whole.parent_from_joint, atol=slack, rtol=0
    )


def turned_deg(one: RawMotion, other: RawMotion) -> np.ndarray:
    """How far the joints of two motions are turned from each other."""
    trace = np.einsum("fjab,fjab->fj", one.parent_from_joint, other.parent_from_joint)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def test_a_person_of_other_lengths_keeps_his_joint_angles() -> None:
    config = solve.Config(solver="analytic")
    track = toy_track(BODY)
    large = replace(track, landmarks_m=track.landmarks_m * 1.4)
    assert turned_deg(solved(track, config), solved(large, config)).mean() < 2


def test_a_person_of_other_lengths_stands_where_his_landmarks_agree_best() -> None:
    track = toy_track(BODY)
    large = replace(track, landmarks_m=track.landmarks_m * 1.4)
    gap_m = large.landmarks_m - pose_landmarks(BODY, *tensors(solved(large))).numpy()
    np.testing.assert_allclose(np.average(gap_m, axis=1, weights=track.confidence[0]), 0.0, atol=1e-9)


def test_a_sure_landmark_makes_its_joints_sure() -> None:
    raw = solved(toy_track(BODY))
    assert raw.confidence.min() >= 0.5 and raw.confidence.max() <= 1.0
    assert raw.confidence[0, 10] > raw.confidence[0, 15]


def test_a_person_whom_nobody_saw_is_refused() -> None:
    with pytest.raises(InputError, match="no frame"):
        solved(toy_track(BODY, np.zeros(FRAMES, dtype=bool)))


def test_one_seen_frame_is_enough() -> None:
    lone = np.zeros(FRAMES, dtype=bool)
    lone[8] = True
    raw = solved(toy_track(BODY, lone))
    np.testing.assert_array_equal(raw.parent_from_joint, np.broadcast_to(raw.parent_from_joint[8], (FRAMES, 24, 3, 3)))


@pytest.mark.parametrize("solver", ["neural", "analytic", "fit"])
def test_the_free_body_s_own_landmarks_come_back(solver: Solver) -> None:
    body = load_body("free").to("cpu", torch.float64)
    track = toy_track(body)
    raw = solve.run(solve.Config(solver=solver), track, device="cpu")
    found_m = pose_landmarks(body, *tensors(raw)).numpy()
    assert np.linalg.norm(found_m - track.landmarks_m, axis=-1).mean() < 0.015
    assert raw.body_sha256 == body.sha256
    assert all(path.is_file() for path in solve.reads(solve.Config()))


@pytest.mark.parametrize("height_m", [1.6, 1.9])
def test_a_given_height_is_the_body_s(height_m: float) -> None:
    body = load_body("free").to("cpu", torch.float64)
    raw = solve_body(solve.Config(height_m=height_m), toy_track(body), body, device="cpu")
    # The track is of somebody of 1.67 m: his lengths pull the other way.
    assert abs(stature(body, torch.from_numpy(raw.betas)) - height_m) < 0.02


def test_only_the_network_is_read_besides_the_body() -> None:
    assert len(solve.reads(solve.Config())) == 2
    assert len(solve.reads(solve.Config(solver="fit"))) == 1


def test_preparing_refuses_what_solving_would() -> None:
    solve.prepare(solve.Config())
    with pytest.raises(ConfigError, match="nobody"):
        solve.prepare(solve.Config(body="nobody"))
