"""A generic model becomes a person's: factors from marker distances or by hand, then markers put where they were seen.

As OpenSim's ScaleTool does, with two differences. OpenSim scales the inertia of a body with unequal factors as if the
body were a cylinder; here its second moments are stretched, which is exact for a stretched body. OpenSim scales shifts
along an oblique axis by the sum of |axis| times factor, so that factors of 1 change the model; here by the stretch
along it. Along x, y and z the two agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.osim.chain import driven_pose
from models.osim.forward import place_bodies, place_markers
from models.osim.functions import IDENTITY, scaled
from models.osim.ik import solve
from models.osim.model import Axis, Body, Frame, Joint, Marker, Model, Vector
from models.osim.tasks import Tasks
from models.osim.trc import Trial

Factors = Mapping[str, Vector]
"""Along x, y and z of each body; bodies that are not named keep their size."""


@dataclass(frozen=True)
class Measurement:
    """A ratio of measured to model distances, the mean over pairs of markers, given to axes of bodies.

    Attributes:
        name: its name.
        pairs: of marker names.
        targets: (body, axes), axes as indices.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    targets: tuple[tuple[str, tuple[int, ...]], ...]


def measure(
    model: Model, trial: Trial, measurements: Sequence[Measurement], before: Factors | None = None
) -> dict[str, Vector]:
    """The factors that measurements give; where two give the same axis of a body, the later one holds.

    The model stands in its default pose; a measured distance is the mean over the trial's frames.

    Args:
        model: not yet scaled.
        trial: cut to the time that counts.
        measurements: in order.
        before: factors that stay where no measurement gives others.

    Raises:
        InputError: a body or a marker that does not exist, or a pair that is never seen together.
    """
    factors = dict(before or {})
    model_markers = {marker.name: marker for marker in model.markers}
    for measurement in measurements:
        ratios = [_distance(trial, pair) / _model_distance(model, model_markers, pair) for pair in measurement.pairs]
        for body, axes in measurement.targets:
            now = list(factors.get(body, (1.0, 1.0, 1.0)))
            for axis in axes:
                now[axis] = float(np.mean(ratios))
            factors[body] = now[0], now[1], now[2]
    return factors


def scale(model: Model, factors: Factors) -> Model:
    """Stretch bodies, and with them offsets of joints, shifts of custom joints, markers, masses and inertias.

    The shifts of a custom joint are scaled with the body that carries it, as in OpenSim. Masses grow with volume.

    Raises:
        InputError: a factor for a body that the model does not have, or one that is not positive.
    """
    for name, factor in factors.items():
        if name not in {body.name for body in model.bodies}:
            raise InputError(f"a factor is for {name!r}, which is no body", f"choose from {[*model.body_index]}")
        if not min(factor) > 0:
            raise InputError(f"the factors of {name!r} are {factor}", "give positive factors")
    joints = {joint.name: _scale_joint(joint, factors) for joint in model.joints}
    return replace(
        model,
        bodies=tuple(_scale_body(body, factors.get(body.name, (1.0, 1.0, 1.0))) for body in model.bodies),
        joints=tuple(joints[joint.name] for joint in model.joints),
        tree=tuple(replace(branch, joint=joints[branch.joint.name]) for branch in model.tree),
        markers=tuple(replace(m, location_m=_times(m.location_m, m.body, factors)) for m in model.markers),
    )


def weigh(model: Model, mass_kg: float) -> Model:
    """Multiply all masses and inertias alike, so that the model weighs this much.

    Raises:
        InputError: the mass is not positive, or the model weighs nothing.
    """
    total = sum(body.mass_kg for body in model.bodies)
    if not (mass_kg > 0 and total > 0):
        raise InputError(f"a model of {total:g} kg cannot weigh {mass_kg:g} kg", "give a positive mass")
    ratio = mass_kg / total
    return replace(model, bodies=tuple(_heavier(body, ratio) for body in model.bodies))


def weigh_as_before(scaled_model: Model, generic: Model, mass_kg: float) -> Model:
    """Give each body the share of the mass that it had in the generic model.

    Raises:
        InputError: as `weigh`.
    """
    before = {body.name: body.mass_kg for body in generic.bodies}
    ratios = [before[b.name] / b.mass_kg if b.mass_kg else 1.0 for b in scaled_model.bodies]
    bodies = tuple(_heavier(body, ratio) for body, ratio in zip(scaled_model.bodies, ratios, strict=True))
    return weigh(replace(scaled_model, bodies=bodies), mass_kg)


def place_where_seen(model: Model, trial: Trial, tasks: Tasks) -> tuple[Model, Float[np.ndarray, " coordinates"]]:
    """Move markers to where they lay on the body while the person stood still.

    The trial's mean frame is solved; every measured marker that is not fixed moves to its measured place. Other markers
    stay; OpenSim deletes those that were not measured.

    Args:
        model: scaled.
        trial: a static trial, cut to the time that counts.
        tasks: weights and wanted coordinates of the static pose.

    Returns:
        The model, and the static pose in radians and metres.

    Raises:
        InputError: as `models.osim.ik.solve`.
    """
    mean = mean_frame(trial)
    pose = solve(model, mean, tasks).poses[0]
    placed = place_bodies(model, pose)
    seen = {name: mean.markers_m[0, k] for k, name in enumerate(mean.names) if np.isfinite(mean.markers_m[0, k]).all()}

    def move(marker: Marker) -> Marker:
        if marker.fixed or marker.name not in seen:
            return marker
        body = model.body_index[marker.body]
        x, y, z = (seen[marker.name] - placed.origin_m[body]) @ placed.ground_from_body[body]
        return replace(marker, location_m=(float(x), float(y), float(z)))

    return replace(model, markers=tuple(move(marker) for marker in model.markers)), pose


def mean_frame(trial: Trial) -> Trial:
    """One frame with the mean place of every marker over the frames that saw it; NaN for one that none saw.

    Raises:
        InputError: the trial has no frames.
    """
    if not len(trial.timestamps_s):
        raise InputError("the static trial has no frames", "give a time range that lies in the trial")
    seen = np.isfinite(trial.markers_m)
    count = seen.sum(axis=0)
    total = np.where(seen, trial.markers_m, 0).sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return Trial(trial.names, trial.rate_hz, trial.timestamps_s[:1], mean[None])


def _distance(trial: Trial, pair: tuple[str, str]) -> float:
    for name in pair:
        if name not in trial.names:
            raise InputError(f"the trial has no marker {name!r}", f"choose from {', '.join(trial.names)}")
    first, second = (trial.markers_m[:, trial.names.index(name)] for name in pair)
    lengths = np.linalg.norm(first - second, axis=1)
    if not np.isfinite(lengths).any():
        raise InputError(f"the markers {pair[0]!r} and {pair[1]!r} are never seen together", "choose another pair")
    return float(np.nanmean(lengths))


def _model_distance(model: Model, markers: Mapping[str, Marker], pair: tuple[str, str]) -> float:
    for name in pair:
        if name not in markers:
            raise InputError(f"the model has no marker {name!r}", f"choose from {', '.join(markers)}")
    first, second = place_markers(model, driven_pose(model), tuple(markers[name] for name in pair))
    length = float(np.linalg.norm(first - second))
    if not length > 0:
        raise InputError(f"the markers {pair[0]!r} and {pair[1]!r} lie in one place", "choose another pair")
    return length


def _times(vector: Vector, body: str, factors: Factors) -> Vector:
    x, y, z = factors.get(body, (1.0, 1.0, 1.0))
    return vector[0] * x, vector[1] * y, vector[2] * z


def _scale_joint(joint: Joint, factors: Factors) -> Joint:
    def stretch(frame: Frame) -> Frame:
        return replace(frame, translation_m=_times(frame.translation_m, frame.body, factors))

    axes = joint.axes
    if joint.kind == "CustomJoint":
        axes = tuple(_scale_axis(axis, joint.parent.body, factors) for axis in axes)
    return replace(joint, parent=stretch(joint.parent), child=stretch(joint.child), axes=axes)


def _scale_axis(axis: Axis, body: str, factors: Factors) -> Axis:
    """A shift that is a coordinate itself keeps its metres, as in OpenSim."""
    if axis.turns or body not in factors or axis.function == IDENTITY:
        return axis
    factor = float(np.square(axis.direction) @ factors[body])
    return replace(axis, function=scaled(axis.function, factor))


def _scale_body(body: Body, factor: Vector) -> Body:
    volume = factor[0] * factor[1] * factor[2]
    xx, yy, zz, xy, xz, yz = body.inertia_kgm2
    inertia = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    moments = np.trace(inertia) / 2 * np.eye(3) - inertia
    stretched = volume * moments * np.outer(factor, factor)
    i = np.trace(stretched) * np.eye(3) - stretched
    tensor = (float(i[0, 0]), float(i[1, 1]), float(i[2, 2]), float(i[0, 1]), float(i[0, 2]), float(i[1, 2]))
    return Body(body.name, body.mass_kg * volume, _times(body.mass_centre_m, body.name, {body.name: factor}), tensor)


def _heavier(body: Body, ratio: float) -> Body:
    xx, yy, zz, xy, xz, yz = (ratio * value for value in body.inertia_kgm2)
    return replace(body, mass_kg=ratio * body.mass_kg, inertia_kgm2=(xx, yy, zz, xy, xz, yz))
