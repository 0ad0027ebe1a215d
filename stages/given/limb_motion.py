"""Limbs bent from the paths of their ends, on a body whose trunk stands at rest."""

from typing import get_args

import numpy as np
import roma
import torch

from models.bodies.body import Body
from models.devices import single_thread, to_array
from models.limbs import LIMB_JOINTS, LimbName, LimbPath, solve_limb
from models.readers.limb_paths import LimbPaths
from models.retarget.body import posed_points
from models.rig import make_rig
from models.shape_joints import Lengths, shape_from_lengths
from models.skeletons import SMPL_JOINTS
from models.stand_in_camera import stand_in_matrix, world_from_stand_in
from models.stand_on_floor import lift_above_floor_m
from stages.contracts import Motion


@single_thread()
def pose_limbs(body: Body, paths: LimbPaths, height_m: float | None) -> Motion:
    """Pose a body; see stages.given.limbs.run. Ends out of reach are reached for."""
    exact = body.to("cpu", torch.float64)
    nothing = Lengths([(1, 0)], exact.template_m.new_zeros(1), exact.template_m.new_full((1,), torch.inf))
    betas = shape_from_lengths(exact, nothing, height_m).betas
    rig = make_rig(body.to("cpu", torch.float32), betas.float(), "smpl24")
    frames = len(paths.timestamps_s)
    local = torch.eye(3).repeat(frames, len(SMPL_JOINTS), 1, 1)
    confidence = np.zeros((frames, len(SMPL_JOINTS)))
    limbs: tuple[LimbName, ...] = get_args(LimbName)
    for limb in limbs:
        if limb not in paths.end_m:
            continue
        seen = np.logical_and.reduce(np.isfinite(paths.end_m[limb]), axis=1)
        end_m = torch.from_numpy(np.where(seen[:, None], paths.end_m[limb], 0.0)).float()
        pose = solve_limb(rig, limb, LimbPath(end_m, torch.from_numpy(seen), float(paths.rate_hz)))
        root, bend, end = LIMB_JOINTS[limb]
        # Between chest and shoulder lies the collar, which rests here and turns nothing.
        local[:, root] = pose.trunk_from_upper
        local[:, bend] = pose.trunk_from_upper.mT @ pose.trunk_from_lower
        for joint in (root, bend, end):
            confidence[seen, joint] = 1.0
    turns = to_array(roma.special_gramschmidt(local.double()[..., :2]))
    trans_m = np.zeros((frames, 3))
    trans_m[:, 1] += lift_above_floor_m(exact, betas, turns, trans_m, every_frame=False)
    joints_m, landmarks_m = posed_points(exact, betas, turns, trans_m)
    return Motion(
        rate_hz=paths.rate_hz,
        timestamps_s=paths.timestamps_s,
        observed=np.asarray(confidence.any(axis=1)),
        parent_from_joint=turns,
        trans_m=trans_m,
        betas=to_array(betas),
        confidence=confidence,
        world_from_camera=world_from_stand_in(joints_m),
        camera_matrix=stand_in_matrix(),
        body_model=body.name,
        body_sha256=body.sha256,
        joints_m=joints_m,
        landmarks_m=landmarks_m,
    )
