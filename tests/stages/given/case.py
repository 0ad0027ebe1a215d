"""A person whose motion is known: his points and rotations as other programs would write them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import roma
import torch

from models.bodies import load_body
from models.bodies.regressors import point_names, pose_points
from tests.models.toy_body import plausible_pose

FRAMES = 45
RATE_HZ = 30.0


@dataclass(frozen=True, eq=False)
class Truth:
    """Rotations against the parent, pelvis and points of a set, in the world."""

    local: np.ndarray
    trans_m: np.ndarray
    betas: np.ndarray
    points_m: dict[str, np.ndarray]


@cache
def truth() -> Truth:
    """From one pose to another, walking ahead and turning."""
    body = load_body("free").to("cpu", torch.float64)
    start, end = plausible_pose(2, seed=4).double()
    way = roma.rotmat_to_rotvec(start.mT @ end)
    share = torch.linspace(0, 1, FRAMES, dtype=torch.float64)[:, None, None]
    local = start @ roma.rotvec_to_rotmat(share * way)
    ahead = torch.zeros(FRAMES, 3, dtype=torch.float64)
    ahead[:, 2] = share[:, 0, 0]
    ahead[:, 1] = 1.0
    betas = torch.zeros(body.beta_count, dtype=torch.float64)
    betas[0] = 1.0
    sets = {name: pose_points(body, name, betas, local, ahead).numpy() for name in ("smpl24", "body25", "blazepose33")}
    return Truth(local.numpy(), ahead.numpy(), betas.numpy(), sets)


def write_joints(path: Path, set_name: str, *, noise_m: float = 0.0, hidden: slice = slice(0)) -> None:
    """As .npz of joints."""
    points_m = truth().points_m[set_name]
    points_m = points_m + noise_m * np.random.default_rng(0).normal(size=points_m.shape)
    points_m[hidden] = np.nan
    np.savez(path, joints_m=points_m, names=np.array(point_names(set_name)), frame_rate_hz=np.array(RATE_HZ))


def rooted(points_m: np.ndarray) -> np.ndarray:
    """About the first point of the first frame, whose height on the floor is another's business."""
    return points_m - points_m[:1, :1]
