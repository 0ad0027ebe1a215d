"""One person's rotations on a body of ours: shape, gaps, rate and floor."""

import logging
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.bodies import body_label
from models.bodies.body import Body
from models.devices import single_thread, to_array
from models.filters import fill_positions, fill_rotations
from models.readers.given import BodyMotion
from models.readers.timeline import steady_motion
from models.retarget.body import posed_points
from models.shape_joints import Lengths, shape_from_lengths
from models.stand_in_camera import stand_in_matrix, world_from_stand_in
from models.stand_on_floor import lift_above_floor_m
from stages.contracts import Motion

log = logging.getLogger(__name__)

VERTICES: Final = {6890: ("smpl", "smplh"), 10475: ("smplx",)}
"""Whose skin has so many."""


@single_thread()
def adopt(body: Body, person: BodyMotion, height_m: float | None) -> Motion:
    """Pose the body; see stages.given.motions.run."""
    exact = body.to("cpu", torch.float64)
    betas = betas_of(exact, person, height_m)
    line, local, trans_m = steady_motion(person)
    turns = to_array(fill_rotations(torch.from_numpy(local), line.observed))
    way_m = to_array(fill_positions(torch.from_numpy(trans_m), line.observed))
    way_m[:, 1] += lift_above_floor_m(exact, betas, turns, way_m, every_frame=not person.has_way)
    joints_m, landmarks_m = posed_points(exact, betas, turns, way_m)
    return Motion(
        rate_hz=line.rate_hz,
        timestamps_s=line.timestamps_s,
        observed=line.observed,
        parent_from_joint=turns,
        trans_m=way_m,
        betas=to_array(betas),
        confidence=np.repeat(line.observed[:, None].astype(float), turns.shape[1], axis=1),
        world_from_camera=world_from_stand_in(joints_m),
        camera_matrix=stand_in_matrix(),
        body_model=body.name,
        body_sha256=body.sha256,
        joints_m=joints_m,
        landmarks_m=landmarks_m,
    )


def betas_of(body: Body, person: BodyMotion, height_m: float | None) -> Tensor:
    """The file's betas where they belong to this body, else the mean body's or those of a height."""
    own = body.template_m.new_zeros(body.beta_count)
    if height_m is not None:
        sd_m = body.template_m.new_zeros(0)
        return shape_from_lengths(
            body, Lengths([(1, 0)], sd_m.new_zeros(1), sd_m.new_full((1,), torch.inf)), height_m
        ).betas
    is_own = person.body == body_label(body.name) and len(person.betas) == len(own)
    if is_own or person.body in VERTICES.get(len(body.template_m), ()):
        count = min(len(own), len(person.betas))
        own[:count] = torch.from_numpy(person.betas[:count]).to(own)
    elif len(person.betas):
        log.warning("the betas of %s mean nothing on the body %s: the mean shape is taken", person.body, body.name)
    return own
