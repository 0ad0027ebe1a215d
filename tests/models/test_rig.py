"""A rig has the points of its body, whatever the set, the shapes and the batch axes."""

import pytest
import torch
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import Body, pose_joints
from models.bodies.regressors import point_names, point_sets, pose_points
from models.kinematics import world_from_joints
from models.rig import Pose, Rig, bare_rig, make_rig, rig_joints, rig_points
from models.skeletons import SMPL_PARENTS
from tests.models.toy_body import plausible_pose, toy_body


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("free").to("cpu", torch.float64)


def posed(body: Body, betas: Tensor, frames: int) -> tuple[Tensor, Tensor, Pose]:
    local = plausible_pose(frames, seed=3).expand(*betas.shape[:-2], frames, 24, 3, 3)
    trans_m = torch.randn(frames, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    trans_m = trans_m.expand(*local.shape[:-3], 3)
    joints_m = pose_joints(body, betas.expand(*local.shape[:-3], betas.shape[-1]), local, trans_m)
    return local, trans_m, Pose(world_from_joints(SMPL_PARENTS, local), joints_m[..., 0, :])


@pytest.mark.parametrize("set_name", ["smpl24", "blazepose33"])
def test_points_that_no_skin_carries_are_exactly_the_body_s(body: Body, set_name: str) -> None:
    betas = torch.randn(3, 1, body.beta_count, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    local, trans_m, pose = posed(body, betas, frames=5)
    expected_m = pose_points(body, set_name, betas.expand(3, 5, -1), local, trans_m)
    torch.testing.assert_close(rig_points(make_rig(body, betas, set_name), pose), expected_m)


@pytest.mark.parametrize("set_name", point_sets())
def test_points_of_the_skin_stay_within_what_skin_bends(body: Body, set_name: str) -> None:
    betas = torch.zeros(1, body.beta_count, dtype=torch.float64)
    local, trans_m, pose = posed(body, betas, frames=20)
    found_m = rig_points(make_rig(body, betas[0], set_name), pose)
    expected_m = pose_points(body, set_name, betas.expand(20, -1), local, trans_m)
    assert (found_m - expected_m).norm(dim=-1).mean() < 0.01


@pytest.mark.parametrize("set_name", point_sets())
def test_at_rest_every_set_is_exactly_the_body_s(body: Body, set_name: str) -> None:
    rest = torch.eye(3, dtype=torch.float64).expand(24, 3, 3)
    betas = torch.linspace(-1, 1, body.beta_count, dtype=torch.float64)
    rig = make_rig(body, betas, set_name)
    expected_m = pose_points(body, set_name, betas, rest, torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(rig_points(rig, Pose(rest, rig.pelvis_m)), expected_m)
    assert rig.point_count == len(point_names(set_name)) == len(expected_m)


def test_each_shape_of_a_batch_gives_the_rig_it_gives_alone(body: Body) -> None:
    betas = torch.randn(4, 2, body.beta_count, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    many, one = make_rig(body, betas, "body25"), make_rig(body, betas[3, 1], "body25")
    for name in ("pelvis_m", "offset_m", "lever_m"):
        torch.testing.assert_close(getattr(many, name)[3, 1], getattr(one, name))


def test_the_shares_of_every_point_sum_to_one(body: Body) -> None:
    for set_name in point_sets():
        rig = make_rig(body, torch.zeros(body.beta_count, dtype=torch.float64), set_name)
        total = torch.zeros(rig.point_count, dtype=torch.float64).index_add(0, rig.point, rig.share)
        torch.testing.assert_close(total, torch.ones_like(total))


def test_a_shape_can_be_learned_through_a_rig() -> None:
    body = toy_body()
    betas = torch.zeros(body.beta_count, dtype=torch.float64, requires_grad=True)
    rig = make_rig(body, betas)
    pose = Pose(world_from_joints(SMPL_PARENTS, plausible_pose(1, seed=0)), rig.pelvis_m[None])
    rig_points(rig, pose).square().sum().backward()
    assert betas.grad is not None and (betas.grad != 0).all()


def test_a_bare_skeleton_has_its_joints_as_points() -> None:
    whole: Rig = make_rig(toy_body(), torch.zeros(10, dtype=torch.float64), "smpl24")
    bare = bare_rig(whole.offset_m.expand(2, 1, 24, 3))
    pose = Pose(
        world_from_joints(SMPL_PARENTS, plausible_pose(6, seed=0)).unflatten(0, (2, 3)), torch.zeros(2, 3, 3).double()
    )
    torch.testing.assert_close(rig_points(bare, pose), rig_joints(whole, pose))
