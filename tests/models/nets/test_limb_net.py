"""Limbs reach where they are told to, both sides alike, from what has been seen only; whatever the network believes."""

from dataclasses import replace

import pytest
import roma
import torch
from safetensors.torch import load_file
from torch import Tensor

from models import limbs
from models.bodies import load_body
from models.limbs import LIMB_JOINTS, LimbName, LimbPath, LimbPose, limb_bones, predict_limb, solve_limb
from models.nets.limb_net import LimbNet, reach_end
from models.rig import Rig, make_rig
from models.weights import find_weights

LIMBS = tuple(LIMB_JOINTS)
FLIP = torch.tensor([-1.0, 1.0, 1.0])


@pytest.fixture(autouse=True)
def net(monkeypatch: pytest.MonkeyPatch) -> LimbNet:
    """A network that believes something definite of no sense, so that laws do not rest on what was learned."""
    torch.manual_seed(3)
    net = LimbNet(width=16, blocks=1).requires_grad_(False)
    for value in net.parameters():
        value.mul_(2)
    monkeypatch.setattr(limbs, "_net", lambda kind, device: net)
    return net


@pytest.fixture(scope="module")
def rig() -> Rig:
    body = load_body("free")
    return make_rig(body, torch.zeros(2, 1, body.beta_count), "smpl24")


def path(rig: Rig, limb: LimbName, frames: int = 30, seed: int = 0, rate_hz: float = 30.0) -> LimbPath:
    """Two wandering ends that are in reach."""
    random = torch.Generator().manual_seed(seed)
    upper_m, lower_m = limb_bones(rig, limb)
    turn = torch.randn(2, frames, 3, generator=random).cumsum(1) * 0.05
    bend = torch.rand(2, frames, 1, generator=random).cumsum(1) * 0.1
    upper = roma.rotvec_to_rotmat(turn)
    lower = upper @ roma.rotvec_to_rotmat(bend * torch.tensor([1.0, 0.3, 0.2]))
    end_m = (upper @ upper_m[..., None] + lower @ lower_m[..., None])[..., 0]
    return LimbPath(end_m, torch.ones(2, frames, dtype=torch.bool), rate_hz)


def fields(pose: LimbPose) -> tuple[Tensor, ...]:
    return pose.trunk_from_upper, pose.trunk_from_lower, pose.bend_m, pose.end_m


def placed(rig: Rig, limb: LimbName, pose: LimbPose) -> tuple[Tensor, Tensor]:
    """Bend and end where the rotations put them."""
    extra = pose.bend_m.ndim - 3
    upper_m, lower_m = (bone.reshape(2, 1, *[1] * extra, 3) for bone in limb_bones(rig, limb))
    bend_m = (pose.trunk_from_upper @ upper_m[..., None])[..., 0]
    return bend_m, bend_m + (pose.trunk_from_lower @ lower_m[..., None])[..., 0]


@pytest.mark.parametrize("limb", LIMBS)
def test_an_end_in_reach_is_met_exactly(rig: Rig, limb: LimbName) -> None:
    given = path(rig, limb)
    pose = solve_limb(rig, limb, given)
    bend_m, end_m = placed(rig, limb, pose)
    assert (end_m - given.end_m).norm(dim=-1).max() < 2e-6
    assert (bend_m - pose.bend_m).norm(dim=-1).max() < 2e-6
    torch.testing.assert_close(pose.end_m, given.end_m, atol=2e-6, rtol=0)


def test_rotations_are_rotations(rig: Rig) -> None:
    pose = solve_limb(rig, "left_leg", path(rig, "left_leg"))
    for turn in fields(pose)[:2]:
        torch.testing.assert_close(turn @ turn.mT, torch.eye(3).expand_as(turn), atol=1e-5, rtol=0)
        assert (torch.linalg.det(turn) > 0).all()


def test_what_is_out_of_reach_is_reached_for_with_a_straight_limb(rig: Rig) -> None:
    near = path(rig, "right_arm")
    pose = solve_limb(rig, "right_arm", replace(near, end_m=3 * near.end_m + 1))
    upper_m, lower_m = limb_bones(rig, "right_arm")
    length_m = upper_m.norm(dim=-1) + lower_m.norm(dim=-1)
    torch.testing.assert_close(pose.end_m.norm(dim=-1), length_m.expand(2, 30), atol=1e-5, rtol=0)
    along = torch.nn.functional.cosine_similarity(pose.end_m, 3 * near.end_m + 1, dim=-1)
    assert along.min() > 1 - 1e-6


@pytest.mark.parametrize("part", ["arm", "leg"])
def test_a_mirrored_path_gives_the_mirrored_limb(rig: Rig, part: str) -> None:
    left, right = (next(limb for limb in LIMBS if limb == f"{side}_{part}") for side in ("left", "right"))
    upper_m, lower_m = limb_bones(rig, left)
    offset_m = rig.offset_m.clone()
    offset_m[..., LIMB_JOINTS[right][1], :], offset_m[..., LIMB_JOINTS[right][2], :] = FLIP * upper_m, FLIP * lower_m
    even = replace(rig, offset_m=offset_m)
    given = path(rig, left)
    turned = roma.random_rotmat((2, 30)).float()
    mirrored = FLIP[:, None] * FLIP * turned
    one = solve_limb(even, left, replace(given, trunk_from_end=turned))
    other = solve_limb(even, right, replace(given, end_m=FLIP * given.end_m, trunk_from_end=mirrored))
    for turn, twin in zip(fields(one)[:2], fields(other)[:2], strict=True):
        assert torch.equal(FLIP[:, None] * FLIP * turn, twin)
    for place, twin in zip(fields(one)[2:], fields(other)[2:], strict=True):
        assert torch.equal(FLIP * place, twin)


def test_causal_use_ignores_the_future(rig: Rig) -> None:
    given = path(rig, "left_arm")
    later = given.end_m.clone()
    later[:, 16:] = later[:, 16:].flip(1)
    for solve in (lambda p: solve_limb(rig, "left_arm", p, causal=True), lambda p: predict_limb(rig, "left_arm", p)):
        before, after = solve(given), solve(replace(given, end_m=later))
        assert all(torch.equal(a[:, :16], b[:, :16]) for a, b in zip(fields(before), fields(after), strict=True))
        assert not torch.equal(before.bend_m[:, 16:], after.bend_m[:, 16:])


def test_offline_use_looks_ahead(rig: Rig) -> None:
    given = path(rig, "left_arm")
    later = given.end_m.clone()
    later[:, 20:] += 0.1
    before, after = solve_limb(rig, "left_arm", given), solve_limb(rig, "left_arm", replace(given, end_m=later))
    assert not torch.equal(before.bend_m[:, 15], after.bend_m[:, 15])


def test_a_prediction_has_two_times_and_bones_that_reach(rig: Rig) -> None:
    pose = predict_limb(rig, "right_leg", path(rig, "right_leg"))
    assert pose.bend_m.shape == (2, 30, 2, 3)
    bend_m, end_m = placed(rig, "right_leg", pose)
    assert (end_m - pose.end_m).norm(dim=-1).max() < 2e-6
    assert (bend_m - pose.bend_m).norm(dim=-1).max() < 2e-6


@pytest.mark.parametrize("causal", [False, True])
def test_missing_frames_are_bridged_and_give_no_nan(rig: Rig, causal: bool) -> None:
    given = path(rig, "left_leg")
    seen = given.seen.clone()
    seen[0, 10:14] = False
    seen[1] = False
    pose = solve_limb(rig, "left_leg", replace(given, seen=seen), causal=causal)
    assert all(bool(value.isfinite().all()) for value in fields(pose))
    start, stop = given.end_m[0, 9], given.end_m[0, 14]
    bridged = start if causal else start + 0.4 * (stop - start)
    torch.testing.assert_close(pose.end_m[0, 11], bridged, atol=2e-6, rtol=0)
    rest_m = sum(bone[1, 0] for bone in limb_bones(rig, "left_leg"))
    torch.testing.assert_close(pose.end_m[1], rest_m.expand(30, 3), atol=2e-6, rtol=0)


def test_an_end_on_the_root_and_a_straight_limb_give_no_nan(rig: Rig) -> None:
    upper_m, lower_m = (bone[:, 0] for bone in limb_bones(rig, "left_arm"))
    end_m = torch.stack([torch.zeros(2, 3), upper_m + lower_m, -upper_m - lower_m], dim=1)
    pose = solve_limb(rig, "left_arm", LimbPath(end_m, torch.ones(2, 3, dtype=torch.bool), 30.0))
    assert all(bool(value.isfinite().all()) for value in fields(pose))


def test_twice_the_rate_is_the_same_motion(rig: Rig) -> None:
    given = path(rig, "left_arm", frames=21)
    between = (given.end_m[:, :-1] + given.end_m[:, 1:]) / 2
    dense = torch.stack([given.end_m[:, :-1], between], dim=2).flatten(1, 2)
    dense = torch.cat([dense, given.end_m[:, -1:]], dim=1)
    slow = solve_limb(rig, "left_arm", given)
    fast = solve_limb(rig, "left_arm", LimbPath(dense, torch.ones(2, 41, dtype=torch.bool), 60.0))
    torch.testing.assert_close(fast.bend_m[:, ::2], slow.bend_m, atol=1e-5, rtol=0)


def test_one_limb_alone_is_solved_as_in_a_batch(rig: Rig) -> None:
    given = path(rig, "left_arm")
    alone = LimbPath(given.end_m[1], given.seen[1], 30.0)
    flat = replace(rig, pelvis_m=rig.pelvis_m[1], offset_m=rig.offset_m[1], lever_m=rig.lever_m[1])
    batch, one = solve_limb(rig, "left_arm", given), solve_limb(flat, "left_arm", alone)
    torch.testing.assert_close(one.bend_m, batch.bend_m[1], atol=1e-5, rtol=0)


def test_a_hand_that_is_seen_matters(rig: Rig) -> None:
    given = path(rig, "left_arm")
    turned = replace(given, trunk_from_end=roma.random_rotmat((2, 30)).float())
    assert not torch.equal(solve_limb(rig, "left_arm", given).bend_m, solve_limb(rig, "left_arm", turned).bend_m)


def test_the_shipped_network_bends_knees_forward_and_elbows_back() -> None:
    weights = load_file(find_weights(limbs.FILE).path)
    body = load_body("free")
    rig = make_rig(body, torch.zeros(body.beta_count), "smpl24")
    for kind, end_m, way in (("arm", (0.05, -0.42, 0.15), -1), ("leg", (0.0, -0.7, 0.0), 1)):
        net = limbs.limb_net_of(weights, kind)
        path = LimbPath(torch.tensor(end_m).expand(9, 3), torch.ones(9, dtype=torch.bool), 30.0)
        view = limbs.view_limb(*limb_bones(rig, "left_arm" if kind == "arm" else "left_leg"), path, causal=False)
        with torch.no_grad():
            _, bend = reach_end(net(view), view.upper, view.lower)
        assert (way * bend[:, 0, 2] > 0.05).all()
