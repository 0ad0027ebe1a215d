"""Bends a leg so that its ankle lies where it shall: knee by the law of cosines, then the whole leg about the hip."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

Points = Float[np.ndarray, "frames 3"]
Turns = Float[np.ndarray, "frames 3 3"]

STRETCH: Final = 0.99999
"""Longest reach of a leg as a share of its bones, so that the knee keeps a direction to bend."""
STRAIGHT_SINE: Final = 1e-3
"""A knee that is bent less has no plane of its own and bends about its hinge."""


@dataclass(frozen=True, eq=False)
class Leg:
    """Where the joints of a leg are in the world, and the axis about which its knee bends by a positive angle."""

    hip_m: Points
    knee_m: Points
    ankle_m: Points
    hinge: Points


def reach(leg: Leg, target_m: Points) -> tuple[Turns, Turns]:
    """The turns in the world of thigh and shin that bring the ankle to its target, or as near as the leg is long.

    The knee stays in the plane in which it bends, turned as little as the target asks.
    """
    thigh_m, shin_m = leg.knee_m - leg.hip_m, leg.ankle_m - leg.knee_m
    upper_m, lower_m = np.linalg.norm(thigh_m, axis=1), np.linalg.norm(shin_m, axis=1)
    way_m = target_m - leg.hip_m
    shortest_m, longest_m = np.abs(upper_m - lower_m) / STRETCH, STRETCH * (upper_m + lower_m)
    span_m = np.clip(np.linalg.norm(way_m, axis=1), shortest_m, longest_m)
    then_rad = np.arccos((span_m**2 - upper_m**2 - lower_m**2) / (2 * upper_m * lower_m))
    axis, now_rad = _bend(thigh_m, shin_m, leg.hinge)
    bend = Rotation.from_rotvec(axis * (then_rad - now_rad)[:, None])
    swing = _shortest_arc(thigh_m + bend.apply(shin_m), way_m)
    return swing.as_matrix(), (swing * bend).as_matrix()


def _bend(thigh_m: Points, shin_m: Points, hinge: Points) -> tuple[Points, Float[np.ndarray, " frames"]]:
    """Axis and angle by which the shin is turned from the thigh's direction."""
    across = np.cross(thigh_m, shin_m)
    size = np.linalg.norm(across, axis=1)
    along = (thigh_m * shin_m).sum(axis=1)
    flat = hinge - thigh_m * ((hinge * thigh_m).sum(axis=1) / (thigh_m**2).sum(axis=1))[:, None]
    is_bent = (size > STRAIGHT_SINE * np.hypot(size, along))[:, None]
    axis = np.where(is_bent, across, flat)
    return axis / np.linalg.norm(axis, axis=1, keepdims=True), np.arctan2(size, along)


def _shortest_arc(start: Points, end: Points) -> Rotation:
    axis = np.cross(start, end)
    size = np.linalg.norm(axis, axis=1)
    angle_rad = np.arctan2(size, (start * end).sum(axis=1))
    return Rotation.from_rotvec(axis * (angle_rad / np.maximum(size, 1e-15))[:, None])
