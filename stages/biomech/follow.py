"""A scaled model follows a body: virtual markers on skin and joints, inverse kinematics, doubtful frames."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.bodies.body import Body, pose_joints, rest_vertices
from models.bodies.regressors import point_names, pose_points
from models.devices import best_precision, single_thread, to_array
from models.errors import InputError
from models.gait import heading_rad
from models.osim import ik
from models.osim.fit_body import Fitted, fit_body
from models.osim.forward import place_markers
from models.osim.full_body import Topology, full_body
from models.osim.full_body_markers import JOINT_MARKERS, marker_bodies
from models.osim.model import GROUND, Joint, Marker, Model
from models.osim.reader import load_model
from models.osim.tasks import Tasks
from models.osim.trc import Trial
from models.osim.writer import write_model
from models.skeletons import SMPL_INDEX
from stages.biomech.certainty import coordinate_confidence
from stages.biomech.config import Config
from stages.contracts import Biomechanics, Motion

OWN: Final[Mapping[str, Topology]] = {"full_body": "thorax", "standard": "standard"}
MASS_INDEX: Final = 22.0
"""Kilograms over square metres of height: about the middle of what the WHO calls normal, 18.5 to 25. An assumption."""
JOINT_WEIGHT, SKIN_WEIGHT = 1.0, 0.1
"""Joint centres say where bones are; skin, which slides and swells, how they are turned."""
OTHER_WEIGHTS: Final = {
    **dict.fromkeys(("LHLX", "RHLX", "LFAradius", "RFAradius", "LFAulna", "RFAulna"), 2.0),
    **dict.fromkeys(("LMC2", "RMC2", "LMC5", "RMC5"), 1.0),
    **dict.fromkeys(("LACR", "RACR", "LASH", "RASH", "LPSH", "RPSH"), 0.02),
}
"""Toe, forearm and hand are turned by these points alone; with less weight OpenSim's own solver, which stops at a slope
of 1e-5 where a coordinate is clamped, leaves them many degrees away. Skin about the shoulder follows the arm."""
DOUBT_M: Final = 0.05
"""A frame is doubtful if any joint centre of the model lies farther than this from the body's."""
ANYWHERE: Final = 100.0
"""Metres and radians that no clip reaches."""
FEWEST: Final = 3
"""Markers that fix a body."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Points:
    """Virtual markers over time in the world; they and the joints at rest, in SMPL's axes."""

    names: tuple[str, ...]
    markers_m: Float[np.ndarray, "frames markers 3"]
    rest_m: Float[np.ndarray, "markers 3"]
    rest_joints_m: Float[np.ndarray, "24 3"]


@single_thread()
def follow_body(config: Config, motion: Motion, body: Body) -> Biomechanics:
    """Scale a model to a body and let it follow the body's motion."""
    body = _precise(body)
    betas = torch.from_numpy(motion.betas).to(body.template_m)
    generic, points = _model(config.model), _points(body, betas, motion)
    height_m = _height(body, betas)
    mass_kg = MASS_INDEX * height_m**2 if config.mass_kg is None else config.mass_kg
    fitted = fit_body(generic, points.rest_joints_m, dict(zip(points.names, points.rest_m, strict=True)), mass_kg)
    turn = _ground_from_world(motion)
    trial = Trial(points.names, float(motion.rate_hz), motion.timestamps_s, points.markers_m @ turn.T)
    tasks = _tasks(fitted.model)
    solution = ik.solve(fitted.model, trial, tasks)
    followed = tuple(marker for marker in fitted.model.markers if marker.name in points.names)
    columns = [points.names.index(marker.name) for marker in followed]
    model_markers_m = place_markers(fitted.model, solution.poses, followed)
    doubtful = _doubtful(followed, model_markers_m - trial.markers_m[:, columns])
    return Biomechanics(
        rate_hz=motion.rate_hz,
        timestamps_s=motion.timestamps_s,
        observed=motion.observed,
        ground_from_world=turn,
        coordinate_names=np.array([c.name for c in generic.coordinates]),
        is_rotation=np.array([c.motion == "rotational" for c in generic.coordinates]),
        coordinates=solution.poses,
        coordinate_confidence=coordinate_confidence(generic, motion.confidence, motion.observed),
        doubtful=doubtful,
        marker_names=np.array([marker.name for marker in followed]),
        marker_weight=np.array([tasks.marker_weight[marker.name] for marker in followed]),
        markers_m=trial.markers_m[:, columns],
        model_markers_m=model_markers_m,
        body_names=np.array([*fitted.factors]),
        scale_factors=np.array([*fitted.factors.values()]),
        height_m=height_m,
        mass_kg=mass_kg,
        mass_is_assumed=config.mass_kg is None,
        generic_xml=write_model(_before_scaling(generic, fitted)),
        model_xml=write_model(fitted.model),
    )


@lru_cache(maxsize=2)
def _precise(body: Body) -> Body:
    """The same object for the same body: points are looked for on its skin once."""
    return body.to("cpu", best_precision(torch.device("cpu")))


def _model(name: str) -> Model:
    """An own model, or a user's with our markers in place of its own."""
    if name in OWN:
        return full_body(OWN[name])
    model = load_model(Path(name))
    bodies = marker_bodies("thorax") | marker_bodies("standard")
    kept = [Marker(marker, body, (0.0, 0.0, 0.0)) for marker, body in bodies.items() if body in model.body_index]
    if len({marker.body for marker in kept}) < FEWEST:
        problem = f"{name}: hardly a body is known by name"
        raise InputError(problem, f"name bodies as Rajagopal 2016 does: {', '.join(sorted(set(bodies.values())))}")
    return replace(_freed(model), markers=tuple(kept))


def _freed(model: Model) -> Model:
    """Where a person is, and how he is turned as a whole, has no limit: ranges of joints on the ground are opened."""

    def free(joint: Joint) -> Joint:
        if GROUND not in (joint.parent.body, joint.child.body):
            return joint
        opened = (c if c.locked else replace(c, lower=-ANYWHERE, upper=ANYWHERE) for c in joint.coordinates)
        return replace(joint, coordinates=tuple(opened))

    joints = {joint.name: free(joint) for joint in model.joints}
    return replace(
        model,
        joints=tuple(joints.values()),
        tree=tuple(replace(branch, joint=joints[branch.joint.name]) for branch in model.tree),
    )


def _points(body: Body, betas: Tensor, motion: Motion) -> Points:
    """Named points on the skin, and the joint centres, which keep their own names as markers."""
    skin = point_names("full_body")
    joints = [name for name in JOINT_MARKERS if name not in skin]
    rows = [SMPL_INDEX[JOINT_MARKERS[name]] for name in joints]
    local, trans_m = (torch.from_numpy(array).to(betas) for array in (motion.parent_from_joint, motion.trans_m))
    pose = torch.cat([_rest(betas), local]), torch.cat([betas.new_zeros(1, 3), trans_m])
    placed = to_array(pose_points(body, "full_body", betas, *pose))
    joints_m = to_array(pose_joints(body, betas, *pose))
    markers_m = np.concatenate([placed, joints_m[:, rows]], axis=1)
    return Points((*skin, *joints), markers_m[1:], markers_m[0], joints_m[0])


def _rest(betas: Tensor) -> Tensor:
    return torch.eye(3).to(betas).expand(1, 24, 3, 3)


def _height(body: Body, betas: Tensor) -> float:
    level_m = rest_vertices(body, betas)[:, 1]
    return float(level_m.max() - level_m.min())


def _ground_from_world(motion: Motion) -> Float[np.ndarray, "3 3"]:
    """The turn about y that lays the person's heading on +x."""
    angle = -heading_rad(motion.joints_m[:, 0], motion.parent_from_joint[:, 0, :, 2])
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def _tasks(model: Model) -> Tasks:
    kind = {m.name: JOINT_WEIGHT if m.name in JOINT_MARKERS else SKIN_WEIGHT for m in model.markers}
    return Tasks({name: OTHER_WEIGHTS.get(name, weight) for name, weight in kind.items()})


def _doubtful(markers: tuple[Marker, ...], off_m: Float[np.ndarray, "frames markers 3"]) -> Bool[np.ndarray, " frames"]:
    centres = [k for k, marker in enumerate(markers) if marker.name in JOINT_MARKERS]
    doubtful = np.linalg.norm(off_m[:, centres], axis=2).max(axis=1) > DOUBT_M
    if doubtful.any():
        log.warning(
            "%d of %d frames are doubtful: the model cannot follow the body there", doubtful.sum(), len(doubtful)
        )
    return doubtful


def _before_scaling(generic: Model, fitted: Fitted) -> Model:
    """The generic model with markers that its factors take to where the body has them."""

    def shrink(marker: Marker) -> Marker:
        factors = fitted.factors.get(marker.body, (1.0, 1.0, 1.0))
        x, y, z = (place / factor for place, factor in zip(marker.location_m, factors, strict=True))
        return replace(marker, location_m=(x, y, z))

    return replace(generic, markers=tuple(shrink(marker) for marker in fitted.model.markers))
