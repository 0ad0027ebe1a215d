"""Laws of steadying points: exactness, gaps, outliers, honest confidence, and the same in torch and from afar."""

from dataclasses import replace

import pytest
import roma
import torch
from torch import Tensor

from models.ik_kernels_steady import third_differences
from models.ik_steady import removable_noise, steady_points, usual_bends
from models.ik_twin_steady import lay_path, noise_in_time, steady_in_torch
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.nets.pose_guess import bone_noise
from models.rig import Pose, Rig, make_rig, rig_points
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from tests.models.toy_body import toy_body

NOISE_M = 0.01
FRAMES = 40
WRIST = SMPL_INDEX["left_wrist"]


def swinging(sequences: int = 3) -> tuple[Rig, Keypoints]:
    """People who walk on and swing all their joints, once in a second or two."""
    random = torch.Generator().manual_seed(0)
    body = toy_body(torch.float32)
    rig = make_rig(body, torch.linspace(-1, 1, body.beta_count), "smpl24")
    axis, phase = 0.15 * torch.randn(sequences, 1, 24, 3, generator=random), 6 * torch.rand(1, 1, 24, generator=random)
    swing = (torch.arange(FRAMES)[None, :, None] / 8 + phase).sin()[..., None]
    root_m = torch.arange(FRAMES)[:, None] / 30 * torch.tensor([1.2, 0.0, 0.3])
    pose = Pose(
        world_from_joints(SMPL_PARENTS, roma.rotvec_to_rotmat(swing * axis)), root_m.expand(sequences, FRAMES, 3)
    )
    points_m = rig_points(rig, pose)
    return rig, Keypoints("smpl24", points_m, torch.ones(points_m.shape[:-1]), 30.0)


def shaken(clean: Keypoints, missing: float = 0.0) -> Keypoints:
    random = torch.Generator().manual_seed(1)
    noisy_m = clean.points_m + NOISE_M * torch.randn(clean.points_m.shape, generator=random)
    seen = (torch.rand(clean.confidence.shape, generator=random) >= missing).float()
    return replace(clean, points_m=noisy_m * seen[..., None], confidence=seen)


def off_m(found: Keypoints, clean: Keypoints) -> Tensor:
    return (found.points_m - clean.points_m).norm(dim=-1)


def test_clean_points_stay_where_they_are() -> None:
    rig, clean = swinging()
    found = steady_points(rig, clean)
    torch.testing.assert_close(found.points_m, clean.points_m, atol=1e-6, rtol=0)
    assert float(found.confidence.min()) > 0.9


def test_noise_is_found_in_bones_and_in_time_and_a_good_part_of_it_goes() -> None:
    rig, clean = swinging()
    noisy = shaken(clean)
    for told_m in (bone_noise(rig, noisy).median(-1).values, noise_in_time(noisy.points_m, noisy.confidence)):
        assert told_m.double() / NOISE_M == pytest.approx([1.0] * 3, abs=0.2)
    found = steady_points(rig, noisy)
    assert float(off_m(found, clean).median()) < 0.7 * float(off_m(noisy, clean).median())


def test_short_gaps_are_filled_and_places_that_could_be_anywhere_say_nothing() -> None:
    rig, clean = swinging()
    noisy = shaken(clean)
    seen = noisy.confidence.clone()
    seen[0, 10, WRIST] = 0
    seen[0, 20:24, WRIST] = 0
    seen[1, 8:, WRIST] = 0
    seen[2, :, WRIST] = 0
    found = steady_points(rig, replace(noisy, confidence=seen))
    sure, away_m = found.confidence[..., WRIST], off_m(found, clean)[..., WRIST]
    assert float(away_m[0].max()) < 5 * NOISE_M
    assert 1 >= float(sure[0, 9]) > float(sure[0, 10]) > float(sure[0, 22]) > 0
    assert float(sure[1, 8]) > float(sure[1, 10]) > float(sure[1, 39]) == 0
    assert not sure[2].any()
    assert not found.points_m[2, :, WRIST].any()


def test_confidence_tells_how_far_off_filled_places_are() -> None:
    rig, clean = swinging(40)
    noisy = shaken(clean, missing=0.4)
    found = steady_points(rig, noisy)
    filled = noisy.confidence == 0
    sure, away_m = found.confidence, off_m(found, clean)
    usual_m = float(away_m[~filled].square().mean().sqrt())
    for low, high in ((0.05, 0.3), (0.3, 0.7), (0.7, 1.0)):
        some = filled & (sure > low) & (sure <= high)
        told_m = usual_m / float(sure[some].mean()) ** 0.5
        assert 0.4 < float(away_m[some].square().mean().sqrt()) / told_m < 1.3


def test_an_outlier_does_not_drag_its_neighbours_along() -> None:
    rig, clean = swinging()
    noisy = shaken(clean)
    far_m = noisy.points_m.clone()
    far_m[0, 15, WRIST] += torch.tensor([0.3, 0.0, 0.1])
    found = steady_points(rig, replace(noisy, points_m=far_m))
    assert float(off_m(found, clean)[0, 12:19, WRIST].max()) < 5 * NOISE_M


def test_frames_that_do_not_follow_each_other_are_left_alone() -> None:
    rig, clean = swinging()
    noisy = shaken(clean)
    order = torch.randperm(FRAMES, generator=torch.Generator().manual_seed(2))
    mixed = replace(noisy, points_m=noisy.points_m[:, order] + 3 * torch.randn(3, FRAMES, 1, 3))
    torch.testing.assert_close(steady_points(rig, mixed).points_m, mixed.points_m, atol=1e-5, rtol=0)


def test_the_compiled_spline_is_the_one_in_torch() -> None:
    rig, clean = swinging()
    noisy = shaken(clean, missing=0.3)
    in_time_m = noise_in_time(noisy.points_m, noisy.confidence)
    compiled_m = torch.empty_like(in_time_m)
    third_differences(noisy.points_m.numpy(), noisy.confidence.numpy(), compiled_m.numpy())
    torch.testing.assert_close(compiled_m, in_time_m, rtol=1e-4, atol=0)
    noise_m = removable_noise(in_time_m, bone_noise(rig, noisy).median(-1).values)
    points_m, sure = steady_in_torch(noisy.points_m, noisy.confidence, noise_m, usual_bends(rig) / 30**2)
    found = steady_points(rig, noisy)
    torch.testing.assert_close(found.points_m, points_m, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.confidence, sure, atol=1e-5, rtol=0)


def test_the_spline_is_the_path_of_least_cost() -> None:
    """Of one pass, where all weights are as given: no other path weighs seen places and bends better."""
    random = torch.Generator().manual_seed(3)
    seen, places = torch.rand(12, generator=random).double(), torch.randn(12, 3, generator=random).double()
    bend = torch.eye(12).double().diff(n=2, dim=0)
    least = torch.linalg.solve(torch.diag(seen) + bend.T @ bend, seen[:, None] * places)
    path, bands = lay_path(places[None, :, None], seen[None, :, None], torch.ones(1, 10, 1).double())
    torch.testing.assert_close(path[0, :, 0], least, atol=1e-6, rtol=0)
    inverse = torch.linalg.inv(torch.diag(seen) + bend.T @ bend)
    for band, told in enumerate(bands):
        torch.testing.assert_close(told[0, : 12 - band, 0], inverse.diagonal(band), atol=1e-6, rtol=0)


def test_a_batch_of_one_and_turned_axes_give_the_same() -> None:
    rig, clean = swinging()
    noisy = shaken(clean, missing=0.2)
    found = steady_points(rig, noisy)
    alone = steady_points(rig, replace(noisy, points_m=noisy.points_m[1], confidence=noisy.confidence[1]))
    torch.testing.assert_close(alone.points_m, found.points_m[1], atol=1e-6, rtol=0)
    turn = roma.rotvec_to_rotmat(torch.tensor([0.5, 1.0, -2.0]))
    turned = steady_points(rig, replace(noisy, points_m=noisy.points_m @ turn.mT))
    torch.testing.assert_close(turned.points_m, found.points_m @ turn.mT, atol=1e-5, rtol=0)
