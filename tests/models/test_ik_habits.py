"""Laws of guesses that are drawn towards rest: only what no point shows moves, by its share, the same on both sides."""

from dataclasses import replace

import pytest
import roma
import torch

from models.bodies import load_body
from models.ik_habits import ARM_SHARE, ELBOWS, HANDS, HEAD, HEAD_SHARE, NECK, SHOULDERS, WRISTS, in_torch, towards_rest
from models.pose_guess import Guess
from models.rig import Rig, make_rig
from models.rotations import twist_about, unit
from models.skeletons import SMPL_MIRROR

MIRROR = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))


def rig_of(set_name: str) -> Rig:
    body = load_body("free")
    return make_rig(body, torch.zeros(1, body.beta_count), set_name)


def guess() -> Guess:
    """World rotations of which no joint is turned by half a turn against its parent."""
    random = torch.Generator().manual_seed(0)
    world = roma.rotvec_to_rotmat(0.4 * torch.randn(5, 24, 3, generator=random))
    sure = torch.full((5, 24), 0.1)
    return Guess(world, sure, sure, torch.zeros(5))


def test_head_and_forearms_go_their_share_of_the_way_and_nothing_else_moves() -> None:
    rig, given = rig_of("smpl24"), guess()
    before, after = given.world_from_joint, towards_rest(rig, given).world_from_joint
    moved = {HEAD, *ELBOWS, *WRISTS, *HANDS}
    assert torch.equal(
        after[:, [j for j in range(24) if j not in moved]], before[:, [j for j in range(24) if j not in moved]]
    )
    was, is_ = (roma.rotmat_to_rotvec(world[:, NECK].mT @ world[:, HEAD]) for world in (before, after))
    torch.testing.assert_close(is_, (1 - HEAD_SHARE) * was, atol=1e-5, rtol=0)
    for parents, joints, ends in ((SHOULDERS, ELBOWS, WRISTS), (ELBOWS, WRISTS, HANDS)):
        axis = unit(rig.offset_m[:, ends, :]).expand(5, 2, 3)
        was, is_ = (twist_about(world[:, parents].mT @ world[:, joints], axis) for world in (before, after))
        torch.testing.assert_close(is_, (1 - ARM_SHARE) * was, atol=1e-5, rtol=0)
    for world in (before, after):
        torch.testing.assert_close(world.det(), torch.ones(5, 24), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        after[:, WRISTS].mT @ after[:, HANDS], before[:, WRISTS].mT @ before[:, HANDS], atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(("set_name", "kept"), [("blazepose33", {HEAD, *ELBOWS, *WRISTS, *HANDS}), ("body25", {HEAD})])
def test_what_points_show_stays_as_it_was_guessed(set_name: str, kept: set[int]) -> None:
    given = guess()
    after = towards_rest(rig_of(set_name), given).world_from_joint
    assert torch.equal(after[:, sorted(kept)], given.world_from_joint[:, sorted(kept)])
    assert torch.equal(after, given.world_from_joint) == (len(kept) > 1)


def test_a_mirrored_guess_is_drawn_to_the_mirror_image() -> None:
    rig, given = rig_of("smpl24"), guess()
    rig = replace(rig, offset_m=(rig.offset_m + (rig.offset_m @ MIRROR)[:, list(SMPL_MIRROR)]) / 2)
    mirrored = replace(given, world_from_joint=MIRROR @ given.world_from_joint[:, list(SMPL_MIRROR)] @ MIRROR)
    here, there = (towards_rest(rig, each).world_from_joint for each in (given, mirrored))
    torch.testing.assert_close(there, MIRROR @ here[:, list(SMPL_MIRROR)] @ MIRROR, atol=1e-5, rtol=0)


def test_the_compiled_way_is_the_one_in_torch() -> None:
    rig, given = rig_of("smpl24"), guess()
    there = in_torch(rig, given.world_from_joint, head=True, arms=True)
    torch.testing.assert_close(towards_rest(rig, given).world_from_joint, there, atol=1e-5, rtol=0)
