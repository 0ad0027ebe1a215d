"""A planted skin is nearly found again, both sides alike; the free body's do what they should."""

from dataclasses import replace

import numpy as np
import pytest
import roma
import torch
from torch import Tensor

from benchmark.body import without_correctives
from models.bodies import load_body
from models.bodies.body import Body, pose_vertices, rest_vertices
from models.skeletons import SMPL_INDEX, SMPL_MIRROR
from training.anny_skin import read_bone_weights, skin_as_anny
from training.corrective_fit import Examples, fit_skin
from training.edge_limits import edge_lengths, edges_of
from training.fit_correctives import BONES
from training.pose_extremes import draw_poses, named_poses

FLOAT = torch.float64
FLIP = torch.tensor([-1.0, 1, 1], dtype=FLOAT)
PAIRS = 6
STRETCH_MAX = 2.2


@pytest.fixture(scope="module")
def free() -> Body:
    return load_body("free").to("cpu", FLOAT)


def _planted() -> Body:
    """Pairs of points about both elbows and one point on the chest, with correctives of elbows and shoulders."""
    torch.manual_seed(1)
    left = torch.rand(PAIRS, 3, dtype=FLOAT) * 0.1 + torch.tensor([0.3, 0, 0], dtype=FLOAT)
    template = torch.cat([left, left * FLIP, torch.tensor([[0.0, 0.1, 0.1]], dtype=FLOAT)])
    upper, fore = (
        torch.tensor([SMPL_INDEX[f"{side}_{part}"] for side in ("left", "right")]) for part in ("shoulder", "elbow")
    )
    side = torch.arange(2).repeat_interleave(PAIRS)
    none = torch.zeros(2 * PAIRS, dtype=torch.int64)
    joint = torch.cat([torch.stack([upper[side], fore[side], none, none + 3], 1), torch.tensor([[9, 13, 14, 3]])])
    share = torch.rand(PAIRS, dtype=FLOAT).repeat(2) * 0.8 + 0.1
    weight = torch.cat(
        [torch.stack([share, 1 - share, 0 * share, 0 * share], 1), torch.tensor([[1.0, 0, 0, 0]]).double()]
    )
    moved = 0.03 * torch.randn(2, PAIRS, 3, 9, dtype=FLOAT)
    sign = FLIP[:, None] * torch.outer(FLIP, FLIP).flatten()
    vertex = torch.arange(2 * PAIRS).repeat_interleave(2)
    regressor = torch.zeros(24, 2 * PAIRS + 1, dtype=FLOAT)
    regressor[:, -1] = 1
    return Body(
        name="planted",
        sha256="",
        licence="CC0-1.0",
        template_m=template,
        shape_m=torch.zeros(len(template), 3, 2, dtype=FLOAT),
        faces=torch.zeros(1, 3, dtype=torch.int64),
        joint_regressor=regressor,
        skin_joint=joint,
        skin_weight=weight,
        landmark_vertex=torch.zeros(33, 1, dtype=torch.int64),
        landmark_weight=torch.ones(33, 1, dtype=FLOAT),
        landmark_joint=torch.zeros(33, dtype=torch.int64),
        named_vertices={},
        corrective_vertex=vertex,
        corrective_joint=torch.stack([upper[side], fore[side]], 1).flatten(),
        corrective_m=torch.cat([moved, moved * sign], dim=1).transpose(0, 1).flatten(0, 1),
    )


def _skin(body: Body, pose: Tensor) -> Tensor:
    nowhere = torch.zeros(len(pose), 3, dtype=FLOAT)
    return pose_vertices(body, torch.zeros(1, body.beta_count, dtype=FLOAT), pose, nowhere)


def test_a_planted_skin_is_nearly_found_again() -> None:
    """Nearly: weights are fitted before correctives are known."""
    planted = _planted()
    torch.manual_seed(2)
    poses = roma.rotvec_to_rotmat(0.7 * torch.randn(400, 24, 3, dtype=FLOAT))
    poses[:, 0] = torch.eye(3)
    known, unseen = poses[:300], poses[300:]
    wrong = replace(without_correctives(planted), skin_weight=planted.skin_weight * 0.9 + 0.025)
    examples = Examples(torch.zeros(300, 2, dtype=FLOAT), known, _skin(planted, known).float(), torch.ones(300))
    found = fit_skin(wrong, examples)
    away_m = (_skin(found, unseen) - _skin(planted, unseen)).norm(dim=-1)
    before_m = (_skin(wrong, unseen) - _skin(planted, unseen)).norm(dim=-1)
    assert before_m.mean() > 0.02
    assert away_m.mean() < before_m.mean() / 4


def test_what_the_fit_finds_is_its_own_mirror_image() -> None:
    planted = _planted()
    torch.manual_seed(3)
    poses = roma.rotvec_to_rotmat(0.7 * torch.randn(60, 24, 3, dtype=FLOAT))
    examples = Examples(torch.zeros(60, 2, dtype=FLOAT), poses, _skin(planted, poses).float(), torch.ones(60))
    found = fit_skin(without_correctives(planted), examples)
    mirror = torch.tensor([*range(PAIRS, 2 * PAIRS), *range(PAIRS), 2 * PAIRS])
    dense = found.skin.pose_shape_m.unflatten(2, (23, 9))
    twin = dense[mirror][:, :, [joint - 1 for joint in SMPL_MIRROR[1:]]]
    sign = FLIP[:, None] * torch.outer(FLIP, FLIP).flatten()
    torch.testing.assert_close(twin * sign[:, None], dense, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.skin_matrix[mirror][:, list(SMPL_MIRROR)], found.skin_matrix)


def test_correctives_halve_the_way_to_anny_s_own_skin(free: Body) -> None:
    poses = torch.from_numpy(draw_poses(12, seed=99))
    generator = torch.Generator().manual_seed(9)
    betas = 0.8 * torch.randn(12, free.beta_count, dtype=FLOAT, generator=generator)
    wanted_m = skin_as_anny(free, read_bone_weights(BONES), betas, poses)
    nowhere = torch.zeros(12, 3, dtype=FLOAT)
    near, plain = (pose_vertices(body, betas, poses, nowhere) for body in (free, without_correctives(free)))
    assert (near - wanted_m).norm(dim=-1).mean() < 0.5 * (plain - wanted_m).norm(dim=-1).mean()


@pytest.mark.parametrize("name", ["squat", "overhead reach", "elbow bent", "forearm twisted in", "forearm twisted out",
                                  "hand twisted in", "hand twisted out"])  # fmt: skip
def test_no_edge_stretches_far_in_extreme_poses(free: Body, name: str) -> None:
    edges = edges_of(free.faces.numpy())
    rest_m = rest_vertices(free, torch.zeros(free.beta_count, dtype=FLOAT)).numpy()
    posed_m = _skin(free, torch.from_numpy(named_poses()[name])[None])[0].numpy()
    share = edge_lengths(posed_m, edges) / edge_lengths(rest_m, edges)
    assert share.max() < STRETCH_MAX
    assert np.quantile(share, 0.001) > 0.2
