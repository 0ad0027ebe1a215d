"""One person's points of any known set, solved: shape from lengths, pose from the network and exact steps."""

from typing import Final

import numpy as np
import torch

from models.bodies.body import Body
from models.devices import best_precision, find_device, single_thread, to_array
from models.errors import ConfigError, InputError
from models.filters import fill_positions, fill_rotations
from models.ik_refine import parent_from_joints
from models.readers.given import WorldPoints
from models.readers.timeline import steady_points
from models.retarget.body import posed_points
from models.rig import Pose, make_rig
from models.shape_points import betas_from_points, joint_rows
from models.stand_in_camera import stand_in_matrix, world_from_stand_in
from models.stand_on_floor import lift_above_floor_m
from stages.contracts import RawMotion
from stages.solve.config import Config
from stages.solve.posers import pose_frames

FEW: Final = 6
"""Fewer points do not tell a pose."""


@single_thread()
def solve_points(config: Config, points: WorldPoints, body: Body, *, device: str) -> RawMotion:
    """Fit a body to one person; raises as stages.solve.points.run."""
    if config.solver != "neural" and points.set_name != "blazepose33":
        raise ConfigError(
            f"solve.solver {config.solver} knows no points {points.set_name}", "choose --solve.solver neural"
        )
    chosen = find_device(device)
    moved = body.to(chosen, best_precision(chosen))
    line, points_m, confidence = steady_points(points)
    observed = (confidence > 0).sum(axis=1) >= FEW
    if not observed.any():
        raise InputError(f"no frame shows {FEW} points of a person", "hand in more points, or other frames")
    seen_m, trust = (torch.from_numpy(array).to(moved.template_m) for array in (points_m, confidence))
    betas = betas_from_points(moved, points.set_name, seen_m[observed], trust[observed], config.height_m)
    rig = make_rig(moved, betas, points.set_name)
    pose = pose_frames(config, rig, seen_m, trust, float(line.rate_hz))
    local, trans_m = _filled(pose, rig.pelvis_m, observed)
    exact, shape = body.to("cpu", torch.float64), betas.double().cpu()
    trans_m[:, 1] += lift_above_floor_m(exact, shape, local, trans_m)
    joints_m, _ = posed_points(exact, shape, local, trans_m)
    return RawMotion(
        rate_hz=line.rate_hz,
        timestamps_s=line.timestamps_s,
        observed=observed,
        parent_from_joint=local,
        trans_m=trans_m,
        betas=to_array(betas),
        confidence=_joint_confidence(points.set_name, confidence * observed[:, None]),
        world_from_camera=world_from_stand_in(joints_m),
        camera_matrix=stand_in_matrix(),
        body_model=body.name,
        body_sha256=body.sha256,
    )


def _filled(pose: Pose, rest_pelvis_m: torch.Tensor, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations against the parent and SMPL's translation, gaps closed between their neighbours."""
    local = fill_rotations(parent_from_joints(pose.world_from_joint), observed)
    return to_array(local), to_array(fill_positions(pose.root_m, observed) - rest_pelvis_m)


def _joint_confidence(set_name: str, confidence: np.ndarray) -> np.ndarray:
    """That of the point that is the joint, else the mean of all points."""
    mean = confidence.mean(axis=1, keepdims=True)
    joints = np.repeat(mean, 24, axis=1)
    for row, joint in joint_rows(set_name).items():
        joints[:, joint] = confidence[:, row]
    return joints
