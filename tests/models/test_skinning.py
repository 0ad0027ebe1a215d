"""Skin is where a plain sum over joints puts it: compiled or not, for any batch, for some vertices, with gradients."""

from dataclasses import replace
from pathlib import Path

import pytest
import roma
import torch
from torch import Tensor

from models.bodies.body import Body, pose_vertices, rest_joints, rest_vertices, world_from_rest
from models.bodies.packed import read_body, write_body
from models.bodies.skinning import Skin

FLOAT = torch.float64
VERTICES, BETAS, CORRECTIVES = 30, 5, 40


@pytest.fixture(scope="module")
def made() -> Body:
    """A cloud of points on random joints, some with several correctives and some with none."""
    torch.manual_seed(11)
    weight = torch.rand(VERTICES, 4, dtype=FLOAT)
    weight[:5, 1:] = 0
    regressor = torch.rand(24, VERTICES, dtype=FLOAT)
    places = torch.randperm(20 * 23)[:CORRECTIVES].sort().values
    return Body(
        name="made",
        sha256="",
        licence="CC0-1.0",
        template_m=torch.randn(VERTICES, 3, dtype=FLOAT),
        shape_m=0.1 * torch.randn(VERTICES, 3, BETAS, dtype=FLOAT),
        faces=torch.randint(VERTICES, (9, 3)),
        joint_regressor=regressor / regressor.sum(1, keepdim=True),
        skin_joint=torch.stack([torch.randperm(24)[:4] for _ in range(VERTICES)]),
        skin_weight=weight / weight.sum(1, keepdim=True),
        landmark_vertex=torch.randint(VERTICES, (33, 2)),
        landmark_weight=torch.full((33, 2), 0.5, dtype=FLOAT),
        landmark_joint=torch.randint(24, (33,)),
        named_vertices={},
        corrective_vertex=places // 23,
        corrective_joint=places % 23 + 1,
        corrective_m=0.05 * torch.randn(CORRECTIVES, 3, 9, dtype=FLOAT),
    )


def _arguments(batch: tuple[int, ...], dtype: torch.dtype = FLOAT) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    betas = torch.randn(*batch, BETAS, dtype=dtype)
    return betas, roma.random_rotmat((*batch, 24), dtype=dtype), torch.randn(*batch, 3, dtype=dtype)


def _plain(body: Body, betas: Tensor, pose: Tensor, trans: Tensor) -> Tensor:
    """One frame, vertex by vertex, corrective by corrective, joint by joint."""
    rest_m, moves = rest_vertices(body, betas).clone(), world_from_rest(body, betas, pose, trans)
    for vertex, joint, moved_m in zip(body.corrective_vertex, body.corrective_joint, body.corrective_m, strict=True):
        for entry in range(9):
            off = pose[joint, entry // 3, entry % 3] - (1.0 if entry in (0, 4, 8) else 0.0)
            rest_m[vertex] += moved_m[:, entry] * off
    skin_m = torch.zeros_like(rest_m)
    for vertex in range(len(rest_m)):
        for joint, share in zip(body.skin_joint[vertex], body.skin_weight[vertex], strict=True):
            skin_m[vertex] += share * (moves[joint, :, :3] @ rest_m[vertex] + moves[joint, :, 3])
    return skin_m


@pytest.mark.parametrize("dtype", [torch.float32, FLOAT])
@pytest.mark.parametrize("batch", [(), (1,), (2, 3), (17,), (33,)])
def test_skin_is_the_plain_sum(made: Body, batch: tuple[int, ...], dtype: torch.dtype) -> None:
    body, arguments = made.to("cpu", dtype), _arguments(batch, dtype)
    betas, pose, trans = (each.reshape(-1, *each.shape[len(batch) :]).to(FLOAT) for each in arguments)
    plain = torch.stack([_plain(made, *frame) for frame in zip(betas, pose, trans, strict=True)])
    found = pose_vertices(body, *arguments)
    assert found.dtype == dtype
    assert found.shape == (*batch, VERTICES, 3)
    tolerance_m = 1e-12 if dtype == FLOAT else 1e-5
    torch.testing.assert_close(found.reshape(plain.shape).to(FLOAT), plain, atol=tolerance_m, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, FLOAT])
def test_no_frames_have_no_skin(made: Body, dtype: torch.dtype) -> None:
    assert pose_vertices(made.to("cpu", dtype), *_arguments((0,), dtype)).shape == (0, VERTICES, 3)


@pytest.mark.parametrize("dtype", [torch.float32, FLOAT])
def test_one_shape_serves_all_frames(made: Body, dtype: torch.dtype) -> None:
    body, (betas, pose, trans) = made.to("cpu", dtype), _arguments((20,), dtype)
    each = pose_vertices(body, betas[:1].repeat(20, 1), pose, trans)
    for one in (betas[0], betas[:1], betas[:1].expand(20, -1)):
        torch.testing.assert_close(pose_vertices(body, one, pose, trans), each)


@pytest.mark.parametrize("dtype", [torch.float32, FLOAT])
def test_chosen_vertices_may_come_in_any_order_and_twice(made: Body, dtype: torch.dtype) -> None:
    body, arguments = made.to("cpu", dtype), _arguments((4,), dtype)
    chosen = torch.tensor([19, 3, 3, 29, 0])
    whole = pose_vertices(body, *arguments)
    torch.testing.assert_close(pose_vertices(body, *arguments, chosen), whole[:, chosen])
    assert pose_vertices(body, *arguments, chosen[:0]).shape == (4, 0, 3)


def test_gradients_agree_with_finite_differences(made: Body) -> None:
    betas, pose, trans = _arguments((2,))
    angles = roma.rotmat_to_rotvec(pose).requires_grad_()

    def skin(betas: Tensor, angles: Tensor, trans: Tensor) -> Tensor:
        return pose_vertices(made, betas, roma.rotvec_to_rotmat(angles), trans)[:, ::7]

    assert torch.autograd.gradcheck(skin, (betas.requires_grad_(), angles, trans.requires_grad_()))


def test_single_precision_gives_gradients_where_they_are_asked_for(made: Body) -> None:
    body, (betas, pose, trans) = made.to("cpu", torch.float32), _arguments((3,), torch.float32)
    skin_m = pose_vertices(body, betas, pose, trans.requires_grad_())
    torch.testing.assert_close(skin_m, pose_vertices(body, betas, pose, trans.detach()), atol=1e-5, rtol=0)
    skin_m.sum().backward()
    torch.testing.assert_close(trans.grad, torch.full((3, 3), float(VERTICES)))


def test_correctives_answer_their_joint_and_nothing_else(made: Body) -> None:
    betas, pose, trans = (
        torch.zeros(BETAS, dtype=FLOAT),
        torch.eye(3, dtype=FLOAT).repeat(24, 1, 1),
        torch.zeros(3).double(),
    )
    plain = replace(
        made,
        corrective_vertex=made.corrective_vertex[:0],
        corrective_joint=made.corrective_joint[:0],
        corrective_m=made.corrective_m[:0],
    )
    for joint in (0, 4, 16):
        turned = pose.clone()
        turned[joint] = roma.random_rotmat(dtype=FLOAT)
        away_m = (pose_vertices(made, betas, turned, trans) - pose_vertices(plain, betas, turned, trans)).norm(dim=-1)
        answering = set(made.corrective_vertex[made.corrective_joint == joint].tolist())
        assert set(torch.nonzero(away_m > 1e-9)[:, 0].tolist()) == answering


def test_dense_correctives_are_the_sparse_ones(made: Body) -> None:
    skin: Skin = made.skin
    pose = roma.random_rotmat(24, dtype=FLOAT)
    feature = (pose - torch.eye(3, dtype=FLOAT))[1:].flatten()
    zero = torch.zeros(BETAS, dtype=FLOAT)
    rest_m = rest_vertices(made, zero) + skin.pose_shape_m @ feature
    moves = world_from_rest(made, zero, pose, rest_joints(made, zero)[0])
    blended = torch.einsum("vj,jik->vik", skin.matrix, moves)
    expected = (blended[..., :3] @ rest_m[..., None])[..., 0] + blended[..., 3]
    torch.testing.assert_close(pose_vertices(made, zero, pose, rest_joints(made, zero)[0]), expected)


def test_correctives_are_read_back_within_half_precision(made: Body, tmp_path: Path) -> None:
    write_body(tmp_path / "made.npz", made)
    again = read_body(tmp_path / "made.npz", name="made", sha256="", licence="")
    assert torch.equal(again.corrective_vertex, made.corrective_vertex)
    assert torch.equal(again.corrective_joint, made.corrective_joint)
    torch.testing.assert_close(again.corrective_m.double(), made.corrective_m, rtol=1e-3, atol=1e-6)
