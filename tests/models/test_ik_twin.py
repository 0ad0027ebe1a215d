"""The compiled solver and its twin in torch say the same."""

from dataclasses import replace

import pytest
import torch

from models.ik_exact import fit_points
from models.ik_plan import make_plan
from models.ik_twin import solve_in_torch
from models.pose_guess import Guess
from tests.models.ik_case import Case, case, doubled


def spoilt(given: Case, missing: float) -> Case:
    """Some points missing, two far off."""
    random = torch.Generator().manual_seed(4)
    points_m = given.keypoints.points_m.clone()
    points_m[::3, 5] += 0.3
    points_m[1::3, 2] -= 0.2
    confidence = (torch.rand(points_m.shape[:-1], generator=random) >= missing).to(points_m)
    return replace(given, keypoints=replace(given.keypoints, points_m=points_m, confidence=confidence))


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize(
    ("set_name", "noise_m"), [("smpl24", 0.0), ("smpl24", 0.02), ("blazepose33", 0.01), ("coco17", 0.02)]
)
def test_the_compiled_solver_and_its_twin_agree(steps: int, set_name: str, noise_m: float) -> None:
    given = doubled(case(frames=30, set_name=set_name, noise_m=noise_m))
    given = spoilt(given, 0.2) if noise_m == 0.02 else given
    fast = fit_points(given.rig, given.keypoints, given.guess, steps=steps)
    plan = make_plan(given.rig)
    plan = replace(plan, lever_m=plan.lever_m.expand(30, *plan.lever_m.shape))
    world, root_m, twist_sd, residual_m, pressed = solve_in_torch(
        plan, given.rig.offset_m.expand(30, 24, 3), given.keypoints, given.guess, steps
    )
    torch.testing.assert_close(world, fast.world_from_joint, atol=1e-4, rtol=0)
    torch.testing.assert_close(root_m, fast.root_m, atol=1e-5, rtol=0)
    torch.testing.assert_close(twist_sd, fast.twist_sd_rad, atol=1e-4, rtol=0)
    torch.testing.assert_close(residual_m, fast.residual_m, atol=1e-5, rtol=0)
    torch.testing.assert_close(pressed, fast.pressed, atol=1e-4, rtol=0)


def test_nothing_seen_gives_the_guess_in_both() -> None:
    given = doubled(case(frames=4))
    blind = replace(given.keypoints, confidence=torch.zeros(4, 24, dtype=torch.float64))
    plan = make_plan(given.rig)
    plan = replace(plan, lever_m=plan.lever_m.expand(4, *plan.lever_m.shape))
    world, root_m, *_ = solve_in_torch(plan, given.rig.offset_m.expand(4, 24, 3), blind, Guess(**vars(given.guess)), 1)
    torch.testing.assert_close(
        world, fit_points(given.rig, blind, given.guess, steps=1).world_from_joint, atol=1e-5, rtol=0
    )
    assert root_m.isfinite().all()
