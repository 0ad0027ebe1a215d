"""Laws of the network's guess, on a network that was never trained: none of them is learned."""

from dataclasses import replace

import pytest
import torch

from models.errors import ConfigError, InputError
from models.keypoints import Keypoints
from models.nets.inputs import BeforeKind
from models.nets.pose_guess import guess_pose
from models.nets.slots import SLOT_SETS
from models.nets.turns import from_six
from models.pose_guess import Guess
from models.rig import Pose, make_rig, rig_points
from models.skeletons import SMPL_MIRROR
from tests.models.nets.guess_case import BODY, MIRROR, case, mirrored, opinionated, random_pose

EXACT = 5e-4
"""Single precision through some twenty layers; a wrong sign or twin is off by a hundred times as much."""
TWINS = list(SMPL_MIRROR)
MIXERS = ("glance", "alone", "convolution", "recurrence")


@pytest.fixture(autouse=True)
def _same_every_time() -> None:
    torch.manual_seed(11)


def off(first: Guess, second: Guess) -> float:
    parts = ("world_from_joint", "swing_sd_rad", "twist_sd_rad", "noise_m")
    return max(float((getattr(first, part) - getattr(second, part)).abs().max()) for part in parts)


def part_of(keypoints: Keypoints, chosen: slice) -> Keypoints:
    return replace(keypoints, points_m=keypoints.points_m[:, chosen], confidence=keypoints.confidence[:, chosen])


@pytest.mark.parametrize("set_name", [*SLOT_SETS, "smpl24_mid_hip"])
def test_the_guess_turns_with_the_world_and_does_not_care_where_it_is(set_name: str) -> None:
    rig, keypoints = case(set_name)
    turn, shift_m = from_six(torch.randn(6)), torch.randn(3)
    guess = guess_pose(opinionated(), rig, keypoints)
    moved = guess_pose(opinionated(), rig, replace(keypoints, points_m=keypoints.points_m @ turn.T + shift_m))
    assert off(replace(guess, world_from_joint=turn @ guess.world_from_joint), moved) < EXACT
    assert float((guess.world_from_joint[:, 0] - guess.world_from_joint[:, 1]).abs().max()) > 100 * EXACT


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("set_name", ["smpl24", "blazepose33", "halpe26"])
def test_the_mirror_image_of_the_points_gives_the_mirror_image_of_the_guess(set_name: str, mixer: str) -> None:
    rig, keypoints = case(set_name)
    guess = guess_pose(opinionated(mixer), rig, keypoints)
    seen_in_mirror = Guess(
        MIRROR @ guess.world_from_joint[..., TWINS, :, :] @ MIRROR,
        guess.swing_sd_rad[..., TWINS],
        guess.twist_sd_rad[..., TWINS],
        guess.noise_m,
    )
    assert off(seen_in_mirror, guess_pose(opinionated(mixer), rig, mirrored(keypoints))) < EXACT


@pytest.mark.parametrize("kind", [BeforeKind.PREVIOUS, BeforeKind.ESTIMATE])
def test_a_pose_before_turns_and_mirrors_with_the_points(kind: BeforeKind) -> None:
    rig, keypoints = case()
    before, turn = random_pose(3, 9), from_six(torch.randn(6))
    guess = guess_pose(opinionated(), rig, keypoints, before=before, before_kind=kind)
    turned = Pose(turn @ before.world_from_joint, before.root_m)
    points_m = keypoints.points_m @ turn.T
    again = guess_pose(opinionated(), rig, replace(keypoints, points_m=points_m), before=turned, before_kind=kind)
    assert off(replace(guess, world_from_joint=turn @ guess.world_from_joint), again) < EXACT
    other = Pose(MIRROR @ before.world_from_joint[..., TWINS, :, :] @ MIRROR, before.root_m)
    again = guess_pose(opinionated(), rig, mirrored(keypoints), before=other, before_kind=kind)
    expected = MIRROR @ guess.world_from_joint[..., TWINS, :, :] @ MIRROR
    assert float((expected - again.world_from_joint).abs().max()) < EXACT


def test_where_a_missing_point_is_said_to_be_does_not_matter() -> None:
    rig, keypoints = case("blazepose33")
    elsewhere = torch.where(keypoints.confidence[..., None] > 0, keypoints.points_m, 1e3 * torch.randn(3))
    guess = guess_pose(opinionated(), rig, keypoints)
    assert off(guess, guess_pose(opinionated(), rig, replace(keypoints, points_m=elsewhere))) < EXACT


def test_points_of_two_sets_on_the_same_places_give_the_same_guess() -> None:
    _, keypoints = case("coco17")
    confidence = torch.zeros(*keypoints.confidence.shape[:-1], 26)
    points_m = torch.zeros(*confidence.shape, 3)
    confidence[..., :17], points_m[..., :17, :] = keypoints.confidence, keypoints.points_m
    more = Keypoints("halpe26", points_m, confidence, 30.0)
    wider, own = (make_rig(BODY, torch.zeros(BODY.beta_count), name) for name in ("halpe26", "coco17"))
    guess = guess_pose(opinionated(), own, keypoints)
    assert off(guess, guess_pose(opinionated(), wider, more)) < EXACT


def test_a_causal_guess_does_not_see_the_future_and_another_one_does() -> None:
    rig, keypoints = case()
    past = part_of(keypoints, slice(0, 5))
    for causal in (True, False):
        whole = guess_pose(opinionated(), rig, keypoints, causal=causal).world_from_joint[:, :5]
        alone = guess_pose(opinionated(), rig, past, causal=causal).world_from_joint
        assert (float((whole - alone).abs().max()) < EXACT) == causal


def test_a_sequence_of_one_frame_is_a_frame_whose_neighbours_are_missing() -> None:
    rig, keypoints = case()
    lonely = replace(keypoints, confidence=keypoints.confidence.clone())
    lonely.confidence[:, :4] = lonely.confidence[:, 5:] = 0.0
    inside = guess_pose(opinionated(), rig, lonely).world_from_joint[:, 4:5]
    alone = guess_pose(opinionated(), rig, part_of(keypoints, slice(4, 5))).world_from_joint
    assert float((inside - alone).abs().max()) < EXACT


def test_one_at_a_time_is_the_same_as_many_at_once() -> None:
    rig, keypoints = case("body25")
    many = guess_pose(opinionated(), rig, keypoints).world_from_joint
    for number in range(3):
        one = replace(keypoints, points_m=keypoints.points_m[number], confidence=keypoints.confidence[number])
        own = replace(rig, pelvis_m=rig.pelvis_m[number], offset_m=rig.offset_m[number], lever_m=rig.lever_m[number])
        assert float((guess_pose(opinionated(), own, one).world_from_joint - many[number]).abs().max()) < EXACT


def test_frames_without_any_point_get_finite_rotations() -> None:
    rig, keypoints = case()
    for gone in (slice(None), slice(0, 4), slice(3, 5)):
        confidence = keypoints.confidence.clone()
        confidence[:, gone] = 0.0
        for causal in (True, False):
            guess = guess_pose(opinionated(), rig, replace(keypoints, confidence=confidence), causal=causal)
            turns = guess.world_from_joint
            assert torch.allclose(turns @ turns.mT, torch.eye(3).expand(turns.shape), atol=1e-4)
            assert bool((torch.linalg.det(turns) > 0.99).all())


def test_clean_points_have_no_noise_and_outliers_hardly_add_any() -> None:
    rig, _ = case()
    clean = Keypoints("smpl24", rig_points(rig, random_pose(3, 9)), torch.ones(3, 9, 24), 30.0)
    net = opinionated()
    torch.nn.init.zeros_(net.noise_head.weight)
    assert float(guess_pose(net, rig, clean).noise_m.max()) < 1e-6
    shaken = replace(clean, points_m=clean.points_m + 0.01 * torch.randn(3, 9, 24, 3))
    noise_m = guess_pose(net, rig, shaken).noise_m
    outlier = shaken.points_m.clone()
    outlier[:, :, 20] += 0.4
    assert float((guess_pose(net, rig, replace(shaken, points_m=outlier)).noise_m / noise_m).max()) < 4


def test_a_rig_for_other_points_or_half_a_pose_before_is_refused() -> None:
    rig, keypoints = case()
    with pytest.raises(InputError, match="coco17"):
        guess_pose(opinionated(), make_rig(BODY, torch.zeros(BODY.beta_count), "coco17"), keypoints)
    with pytest.raises(InputError, match="PREVIOUS"):
        guess_pose(opinionated(), rig, keypoints, before_kind=BeforeKind.PREVIOUS)
    with pytest.raises(InputError, match="NONE"):
        guess_pose(opinionated(), rig, keypoints, before=random_pose(3, 9))


def test_points_that_the_network_never_saw_are_refused() -> None:
    rig = make_rig(BODY, torch.zeros(BODY.beta_count), "full_body")
    points_m = torch.zeros(1, rig.point_count, 3)
    with pytest.raises(ConfigError, match="full_body"):
        guess_pose(opinionated(), rig, Keypoints("full_body", points_m, torch.ones(1, rig.point_count), 30.0))
