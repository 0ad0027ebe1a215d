"""Where bodies and markers are in given poses: forward kinematics over batches, in plain numpy.

Poses are raw: each coordinate counts with its own value; `obey_couplers` sets the dependent ones first. A loop over
joints, none over frames.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from models.osim.functions import evaluate
from models.osim.model import Axis, Frame, Marker, Model

Rigid = tuple[Float[np.ndarray, "*#batch 3 3"], Float[np.ndarray, "*#batch 3"]]
"""A rotation and a shift in metres: x -> rotation x + shift."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Frames of the ground and of every body, in the order of `Model.body_index`."""

    ground_from_body: Float[np.ndarray, "*batch bodies 3 3"]
    origin_m: Float[np.ndarray, "*batch bodies 3"]


def place_bodies(model: Model, pose: Float[np.ndarray, "*batch coordinates"]) -> Placed:
    """Place every body.

    Args:
        model: the model.
        pose: radians and metres, in the order of `Model.coordinates`.
    """
    batch, index = pose.shape[:-1], model.body_index
    turn = np.broadcast_to(np.eye(3), (*batch, len(index), 3, 3)).copy()
    origin = np.zeros((*batch, len(index), 3))
    for branch in model.tree:
        start, end = branch.joint.parent, branch.joint.child
        motion = _joint_motion(model, branch.joint.axes, pose)
        if branch.backward:
            start, end, motion = end, start, inverse(*motion)
        carrier, moved = index[branch.carrier], index[branch.moved]
        placed = after((turn[..., carrier, :, :], origin[..., carrier, :]), rigid(start))
        placed = after(after(placed, motion), inverse(*rigid(end)))
        turn[..., moved, :, :], origin[..., moved, :] = placed
    return Placed(turn, origin)


def place_markers(
    model: Model, pose: Float[np.ndarray, "*batch coordinates"], markers: tuple[Marker, ...]
) -> Float[np.ndarray, "*batch markers 3"]:
    """Place markers in the ground frame, metres."""
    return carry_markers(model, place_bodies(model, pose), markers)


def carry_markers(model: Model, placed: Placed, markers: tuple[Marker, ...]) -> Float[np.ndarray, "*batch markers 3"]:
    """Place markers on bodies that are placed already; ground frame, metres."""
    body = [model.body_index[marker.body] for marker in markers]
    local = np.array([marker.location_m for marker in markers]).reshape(-1, 3)
    turned = (placed.ground_from_body[..., body, :, :] @ local[..., None])[..., 0]
    return placed.origin_m[..., body, :] + turned


def obey_couplers(
    model: Model, pose: Float[np.ndarray, "*batch coordinates"]
) -> Float[np.ndarray, "*batch coordinates"]:
    """The pose with every dependent coordinate at the value that its coupler gives it."""
    obedient = pose.copy()
    for coupler in model.couplers:
        independent = obedient[..., model.coordinate_index[coupler.independent]]
        obedient[..., model.coordinate_index[coupler.dependent]] = evaluate(coupler.function, independent)[0]
    return obedient


def _joint_motion(model: Model, axes: tuple[Axis, ...], pose: Float[np.ndarray, "*batch coordinates"]) -> Rigid:
    batch = pose.shape[:-1]
    turn, shift = np.broadcast_to(np.eye(3), (*batch, 3, 3)), np.zeros((*batch, 3))
    for axis in axes:
        driver = np.zeros(batch) if axis.coordinate is None else pose[..., model.coordinate_index[axis.coordinate]]
        amount = evaluate(axis.function, driver)[0]
        if axis.turns:
            turn = turn @ _turn(np.array(axis.direction), amount)
        else:
            shift = shift + amount[..., None] * axis.direction
    return turn, shift


def _turn(axis: Float[np.ndarray, "3"], angle_rad: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 3 3"]:
    """Turns about a unit axis (Rodrigues); scipy's take twice as long for the few frames of a clip."""
    x, y, z = axis
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine, cosine = np.sin(angle_rad)[..., None, None], np.cos(angle_rad)[..., None, None]
    return np.eye(3) + sine * across + (1 - cosine) * (across @ across)


def rigid(frame: Frame) -> Rigid:
    """Body from frame."""
    turn = np.eye(3)
    if any(frame.orientation_rad):
        for axis, angle in zip(np.eye(3), frame.orientation_rad, strict=True):
            turn = turn @ _turn(axis, np.array(angle))
    return turn, np.array(frame.translation_m)


def inverse(turn: Float[np.ndarray, "*batch 3 3"], shift: Float[np.ndarray, "*batch 3"]) -> Rigid:
    """What undoes a rotation and a shift."""
    back = np.swapaxes(turn, -1, -2)
    return back, -(back @ shift[..., None])[..., 0]


def after(first: Rigid, second: Rigid) -> Rigid:
    """first(second(x))."""
    return first[0] @ second[0], first[1] + (first[0] @ second[1][..., None])[..., 0]
