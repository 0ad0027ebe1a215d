"""The benchmark of the body's skin compares like with like."""

import torch

from benchmark.body import smplx_twin, without_correctives
from models.bodies import load_body
from models.bodies.body import pose_vertices


def test_without_correctives_only_the_skin_of_a_bent_body_changes() -> None:
    body = load_body("free")
    plain = without_correctives(body)
    betas, nowhere = torch.zeros(body.beta_count), torch.zeros(3)
    still, bent = torch.eye(3).repeat(24, 1, 1), torch.eye(3).repeat(24, 1, 1)
    bent[4] = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    torch.testing.assert_close(pose_vertices(plain, betas, still, nowhere), pose_vertices(body, betas, still, nowhere))
    moved_m = (pose_vertices(plain, betas, bent, nowhere) - pose_vertices(body, betas, bent, nowhere)).norm(dim=-1)
    assert 0.005 < moved_m.max() < 0.1
    above_the_pelvis = body.template_m[:, 1] > 0.2
    assert moved_m[above_the_pelvis].max() < 1e-6


def test_smplx_takes_all_betas_and_correctives() -> None:
    body = load_body("free")
    theirs = smplx_twin(body)
    assert theirs.shapedirs.shape[-1] == body.beta_count
    assert theirs.posedirs.abs().max() > 0.01
