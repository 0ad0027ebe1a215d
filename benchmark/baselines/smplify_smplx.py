"""SMPLify-3D as it is published: one frame after the other, smplx for the body, torch's L-BFGS with its line search.

The same cost, stages and start as smplify, whose gradient is written by hand and whose frames run side by side. Here
smplx moves all of the skin in every evaluation, as in the public programs, and torch differentiates. It serves the
table of speeds, and tests that both find the same pose.
"""

import contextlib
import io
from types import SimpleNamespace
from typing import Any, Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.baselines.smplify import STAGES, make_task
from benchmark.baselines.smplify_cost import Numbers, Task, Weights, pose_of
from benchmark.baselines.smplify_lbfgs import HISTORY, Rule
from benchmark.baselines.smplify_prior import Mixture, hinge_cost
from benchmark.ik_problem import Problem
from models.bodies.body import Body
from models.bodies.convert import own_model
from models.bodies.smpl_file import smpl_arrays
from models.errors import InputError
from models.rig import Pose

JOINTS: Final = 24


def smplify_with_smplx(mixture: Mixture, problem: Problem) -> Pose:
    """Fit every frame on its own.

    Raises:
        InputError: the points are not SMPL's joints.
    """
    if problem.keypoints.set_name != "smpl24":
        raise InputError("smplx gives SMPL's 24 joints only", "give the set smpl24")
    layer = smplx_layer(problem.body)
    task, root_m = make_task(problem)
    likeliest = mixture.mean[mixture.offset.argmin()]
    betas = problem.betas.repeat_interleave(len(root_m) // len(problem.betas), dim=0)
    found: list[Tensor] = []
    for row in range(len(root_m)):
        numbers = torch.cat([root_m[row], torch.zeros_like(root_m[row]), likeliest])[None]
        one = task.some(torch.tensor([row]))
        for weights, rule in STAGES:
            numbers = _fit(layer, (one, betas[row][None]), mixture, (weights, rule), numbers)
        found.append(numbers[0])
    pose, batch = pose_of(task, torch.stack(found)), problem.keypoints.confidence.shape[:-1]
    return Pose(pose.world_from_joint.unflatten(0, batch), pose.root_m.unflatten(0, batch))


def smplx_layer(body: Body) -> Any:
    """The body in smplx; frozen."""
    # smplx is non-commercial and heavy: only who times it waits for it.
    from smplx import SMPLLayer  # noqa: PLC0415

    arrays = smpl_arrays(own_model(body))
    with contextlib.redirect_stdout(io.StringIO()):
        layer = SMPLLayer(
            "", data_struct=SimpleNamespace(**arrays), vertex_ids=body.named_vertices, num_betas=body.beta_count
        )
    return layer.requires_grad_(False)


def _fit(
    layer: Any,
    person: tuple[Task, Float[Tensor, "one betas"]],
    mixture: Mixture,
    stage: tuple[Weights, Rule],
    start: Numbers,
) -> Numbers:
    (task, betas), (weights, rule) = person, stage
    numbers = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [numbers],
        max_iter=rule.evaluations,
        max_eval=rule.evaluations,
        tolerance_change=rule.tolerance,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
    )

    def closure() -> float:
        optimizer.zero_grad()
        cost = _cost(layer, (task, betas), mixture, weights, numbers)
        cost.backward()
        return cost.item()

    optimizer.step(closure)
    return numbers.detach()


def _cost(
    layer: Any,
    person: tuple[Task, Float[Tensor, "one betas"]],
    mixture: Mixture,
    weights: Weights,
    numbers: Numbers,
) -> Tensor:
    task, betas = person
    turn = roma.rotvec_to_rotmat(numbers[:, 3:].unflatten(-1, (JOINTS, 3)))
    posed = layer(
        betas=betas, global_orient=task.start[:, None] @ turn[:, :1], body_pose=turn[:, 1:], pose2rot=False
    ).joints[:, :JOINTS]
    squared = (posed - posed[:, :1] + numbers[:, None, :3] - task.seen_m).square().sum(-1)
    robust, body = weights.robust_m**2, numbers[:, 6:]
    data = task.weight / (2 * weights.noise_m**2) * robust * squared / (robust + squared)
    return (data.sum(-1) + weights.prior * mixture.cost(body)[0] + weights.hinge * hinge_cost(body)[0]).sum()
