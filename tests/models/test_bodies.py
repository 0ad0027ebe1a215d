"""A body moves rigidly where it should, keeps its bones, and is the same for one pose as for many."""

from pathlib import Path

import pytest
import roma
import torch
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import (
    Body,
    pose_joints,
    pose_landmarks,
    pose_vertices,
    rest_joints,
    rest_landmarks,
    rest_vertices,
)
from models.bodies.packed import read_body, write_body
from models.errors import ConfigError, InputError
from models.kinematics import bone_offsets
from models.skeletons import SMPL_PARENTS

BATCHES = [(), (4,), (2, 3)]
FLOAT = torch.float64


@pytest.fixture(scope="module")
def made() -> Body:
    """A small body without sense: a cloud of points on random joints."""
    torch.manual_seed(3)
    vertices, points = 60, 3
    regressor = torch.rand(24, vertices, dtype=FLOAT).relu()
    weight = torch.rand(vertices, 4, dtype=FLOAT)
    landmark = torch.rand(33, points, dtype=FLOAT)
    return Body(
        name="made",
        sha256="",
        licence="CC0-1.0",
        template_m=torch.randn(vertices, 3, dtype=FLOAT),
        shape_m=0.1 * torch.randn(vertices, 3, 5, dtype=FLOAT),
        faces=torch.randint(vertices, (30, 3)),
        joint_regressor=regressor / regressor.sum(1, keepdim=True),
        skin_joint=torch.stack([torch.randperm(24)[:4] for _ in range(vertices)]),
        skin_weight=weight / weight.sum(1, keepdim=True),
        landmark_vertex=torch.randint(vertices, (33, points)),
        landmark_weight=landmark / landmark.sum(1, keepdim=True),
        landmark_joint=torch.randint(24, (33,)),
        named_vertices={"nose": 7},
    )


def _arguments(body: Body, batch: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    betas = torch.randn(*batch, body.beta_count, dtype=FLOAT)
    return betas, roma.random_rotmat((*batch, 24), dtype=FLOAT), torch.randn(*batch, 3, dtype=FLOAT)


def _upright(batch: tuple[int, ...] = ()) -> Tensor:
    return torch.eye(3, dtype=FLOAT).expand(*batch, 24, 3, 3)


def test_the_identity_pose_is_the_rest(made: Body) -> None:
    betas, _, trans = _arguments(made, (4,))
    torch.testing.assert_close(
        pose_vertices(made, betas, _upright((4,)), trans), rest_vertices(made, betas) + trans[:, None]
    )
    torch.testing.assert_close(
        pose_joints(made, betas, _upright((4,)), trans), rest_joints(made, betas) + trans[:, None]
    )


def test_rest_joints_are_the_regressed_rest_skin(made: Body) -> None:
    betas, _, _ = _arguments(made, (4,))
    torch.testing.assert_close(rest_joints(made, betas), made.joint_regressor @ rest_vertices(made, betas))


def test_the_pelvis_is_its_rest_plus_the_translation(made: Body) -> None:
    betas, pose, trans = _arguments(made, ())
    torch.testing.assert_close(pose_joints(made, betas, pose, trans)[0], rest_joints(made, betas)[0] + trans)


def test_a_turn_of_the_root_turns_everything_about_the_pelvis(made: Body) -> None:
    betas, pose, trans = _arguments(made, ())
    turn = roma.random_rotmat(dtype=FLOAT)
    turned = torch.cat([(turn @ pose[0])[None], pose[1:]])
    pelvis = rest_joints(made, betas)[0] + trans
    for place in (pose_joints, pose_vertices, pose_landmarks):
        before, after = place(made, betas, pose, trans), place(made, betas, turned, trans)
        torch.testing.assert_close(after - pelvis, (before - pelvis) @ turn.T)


@pytest.mark.parametrize("batch", BATCHES)
def test_a_pose_keeps_bone_lengths(made: Body, batch: tuple[int, ...]) -> None:
    betas, pose, trans = _arguments(made, batch)
    posed = bone_offsets(SMPL_PARENTS, pose_joints(made, betas, pose, trans))
    rest = bone_offsets(SMPL_PARENTS, rest_joints(made, betas))
    torch.testing.assert_close(posed[..., 1:, :].norm(dim=-1), rest[..., 1:, :].norm(dim=-1))


@pytest.mark.parametrize("batch", BATCHES)
def test_many_poses_at_once_equal_each_alone(made: Body, batch: tuple[int, ...]) -> None:
    betas, pose, trans = _arguments(made, batch)
    for place in (pose_joints, pose_vertices, pose_landmarks):
        many = place(made, betas, pose, trans)
        alone = torch.stack([place(made, *row) for row in zip(*_flat(betas, pose, trans), strict=True)])
        torch.testing.assert_close(many.reshape(alone.shape), alone)


def _flat(betas: Tensor, pose: Tensor, trans: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return betas.reshape(-1, 5), pose.reshape(-1, 24, 3, 3), trans.reshape(-1, 3)


def test_one_shape_serves_many_poses(made: Body) -> None:
    betas, pose, trans = _arguments(made, (4,))
    same = betas[:1].expand(4, -1)
    for place in (pose_joints, pose_vertices, pose_landmarks):
        torch.testing.assert_close(place(made, betas[0], pose, trans), place(made, same, pose, trans))


def test_chosen_vertices_are_those_of_the_whole_skin(made: Body) -> None:
    betas, pose, trans = _arguments(made, (4,))
    chosen = torch.tensor([5, 3, 59])
    whole = pose_vertices(made, betas, pose, trans)
    torch.testing.assert_close(pose_vertices(made, betas, pose, trans, chosen), whole[:, chosen])


def test_a_landmark_at_rest_is_the_weighted_mean_of_its_vertices(made: Body) -> None:
    betas = _arguments(made, (4,))[0]
    points = rest_vertices(made, betas)[:, made.landmark_vertex]
    torch.testing.assert_close(rest_landmarks(made, betas), (points * made.landmark_weight[..., None]).sum(-2))


def test_a_landmark_keeps_its_distance_from_its_carrier_and_that_joint_s_neighbours(made: Body) -> None:
    betas, pose, trans = _arguments(made, (4,))
    landmarks_m, joints_m = pose_landmarks(made, betas, pose, trans), pose_joints(made, betas, pose, trans)
    rest_m, rest_joints_m = rest_landmarks(made, betas), rest_joints(made, betas)
    for child, parent in enumerate(SMPL_PARENTS[1:], start=1):
        for row in torch.nonzero(made.landmark_joint == parent)[:, 0]:
            for joint in (parent, child):
                now = (landmarks_m[:, row] - joints_m[:, joint]).norm(dim=-1)
                torch.testing.assert_close(now, (rest_m[:, row] - rest_joints_m[:, joint]).norm(dim=-1))


def test_gradients_agree_with_finite_differences(made: Body) -> None:
    betas, pose, trans = _arguments(made, (2,))
    angles = roma.rotmat_to_rotvec(pose).requires_grad_()

    def landmarks(betas: Tensor, angles: Tensor, trans: Tensor) -> Tensor:
        return pose_landmarks(made, betas, roma.rotvec_to_rotmat(angles), trans)[:, ::8]

    torch.autograd.gradcheck(landmarks, (betas.requires_grad_(), angles, trans.requires_grad_()))


@pytest.mark.parametrize("count", [4, 6])
def test_a_wrong_number_of_betas_is_refused(made: Body, count: int) -> None:
    betas, (_, pose, trans) = torch.zeros(count, dtype=FLOAT), _arguments(made, ())
    for place in (pose_joints, pose_vertices, pose_landmarks):
        with pytest.raises(InputError, match=f"5 betas, but {count}"):
            place(made, betas, pose, trans)
    with pytest.raises(InputError):
        rest_vertices(made, betas)


def test_a_body_in_another_precision_is_the_same_body(made: Body) -> None:
    betas, pose, trans = _arguments(made, (4,))
    lean = made.to("cpu", torch.float32)
    assert lean.skin_joint.dtype == torch.int64
    torch.testing.assert_close(
        pose_vertices(lean, betas.float(), pose.float(), trans.float()).double(),
        pose_vertices(made, betas, pose, trans),
        atol=1e-5,
        rtol=0,
    )


def test_a_packed_body_reads_back_within_half_precision(made: Body, tmp_path: Path) -> None:
    write_body(tmp_path / "made.npz", made)
    again = read_body(tmp_path / "made.npz", name="made", sha256="", licence="").to("cpu", FLOAT)
    betas, pose, trans = _arguments(made, (4,))
    half_precision_m = 0.01
    difference = pose_vertices(again, betas, pose, trans) - pose_vertices(made, betas, pose, trans)
    assert difference.abs().max() < half_precision_m
    assert again.named_vertices == {"nose": 7}
    torch.testing.assert_close(again.skin_weight.sum(1), torch.ones(60, dtype=FLOAT))


def test_the_same_body_is_packed_into_the_same_bytes(made: Body, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        write_body(tmp_path / name, made)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_an_unknown_body_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no body called 'smple'.*free"):
        load_body("smple")
