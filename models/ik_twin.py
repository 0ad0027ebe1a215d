"""What models/ik_kernels.py does, in torch: for other devices, and the slow twin that the compiled code is held to."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from models.ik_kernels_swing import STEP_NOISE, SWING_NOISE
from models.ik_plan import Plan
from models.ik_twin_steps import refine_poses, stand
from models.ik_twin_swing import Scene, swing_poses
from models.keypoints import Keypoints
from models.pose_guess import Guess
from models.skeletons import SMPL_PARENTS

Result = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


@torch.no_grad()
def solve_in_torch(
    plan: Plan, offset_m: Float[Tensor, "poses 24 3"], keypoints: Keypoints, guess: Guess, steps: int
) -> Result:
    """Rotations in the world, root, sd of twists, median miss and how far limits moved bones, of poses in a row.

    Args:
        plan: with the levers of each pose.
        keypoints, guess: of the same poses, on one device and of one precision.
    """
    scene = Scene(
        plan=plan,
        lever_m=plan.lever_m,
        offset_m=offset_m,
        seen_m=keypoints.points_m,
        confidence=keypoints.confidence,
        local=_local(guess.world_from_joint),
        swing_sd=guess.swing_sd_rad,
        twist_sd=guess.twist_sd_rad,
        noise_m=SWING_NOISE * guess.noise_m,
    )
    grown, moved = swing_poses(scene)
    scene = replace(scene, noise_m=STEP_NOISE * guess.noise_m)
    start, root_m = _local(torch.stack(grown.world, 1)), grown.at[0]
    done = refine_poses(scene, start, root_m, steps) if steps else stand(scene, start, root_m, limited=False)
    pressed = (done.moved if steps else moved).sqrt()
    return done.world, done.at[:, 0], torch.stack(grown.twist_var, 1).sqrt(), _middle(scene, done.miss_m), pressed


def _local(world: Float[Tensor, "poses 24 3 3"]) -> Float[Tensor, "poses 24 3 3"]:
    """Rotations against the parents, orthonormal to the last digit."""
    parents = torch.tensor(SMPL_PARENTS[1:], device=world.device)
    local = torch.cat([world[:, :1], world[:, parents].mT @ world[:, 1:]], dim=1)
    eye = torch.eye(3, dtype=world.dtype, device=world.device)
    return 0.5 * local @ (3 * eye - local.mT @ local)


def _middle(scene: Scene, miss_m: Float[Tensor, "poses points 3"]) -> Float[Tensor, " poses"]:
    """The median of what the seen points lie off by; 0 where none is seen."""
    there = scene.confidence > 0
    lengths = torch.where(there, miss_m.norm(dim=-1), torch.inf).sort(-1).values
    count = there.sum(-1, keepdim=True)
    low, high = ((count - 1).clamp_min(0) // 2, count // 2)
    middle = 0.5 * (lengths.gather(-1, low) + lengths.gather(-1, high.clamp_max(lengths.shape[-1] - 1)))
    return torch.where(count > 0, middle, 0.0)[:, 0]
