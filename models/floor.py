"""Which way is up for a camera, and how high it is over the floor, told by the person whom it sees.

Two witnesses: the plane through the places where heels and toes stood, which tells the more the farther apart these lie
and the more of them there are; and stretched legs, which point up on average. A camera is held level more often than
not, above all sideways; that is what remains where neither says anything.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.contacts import CONTACT_ROWS, SOLE_M, point_contacts
from models.skeletons import LANDMARK_INDEX

STEEPEST_RAD: Final = math.radians(35)
"""A camera that looks farther up or down, or is rolled farther, is not believed."""
LEVEL_RAD: Final = np.radians([12.0, 4.0])
"""How far cameras are from level by pitch and by roll, one standard deviation. An assumption."""
LEGS_RAD: Final = np.radians([7.0, 6.0])
"""How far the mean of stretched legs is from upright; people lean."""
LEGS_LEAN_RAD: Final = math.radians(2)
"""Stretched legs look tilted away from the camera by so much more than they are: the mean of eleven drawn clips."""
STRETCHED: Final = 0.6
"""Legs are read where hips and ankles are farther apart than in this share of all frames."""
PLACE_M: Final = 0.06
"""Standard deviation of the height of one place where something stood."""
SAME_PLACE_RAD: Final = 0.025
"""Seen so near to each other, two places are one: a foot that rests does not tell twice of the floor."""
SHORTEST_S: Final = 0.1
LOWEST_SHARE: Final = 0.05
"""Where nothing stands, the floor is where the lower foot is in this share of the frames, or lower."""
PASSES: Final = 6


@dataclass(frozen=True, eq=False)
class Ground:
    """How a camera hangs over the floor.

    Attributes:
        up: the vertical in camera axes (x right, y down, z ahead); length 1.
        height_m: of the camera over the floor; where nothing stood, over the lowest that feet come to.
        sd_rad: standard deviations of pitch and roll.
        places: how often a heel or a toe stood.
        span_m: from the nearest to the farthest of these places, along the line of sight.
    """

    up: Float[np.ndarray, "3"]
    height_m: float
    sd_rad: tuple[float, float]
    places: int
    span_m: float

    @property
    def pitch_rad(self) -> float:
        """How far the camera looks down."""
        return math.atan2(-self.up[2], -self.up[1])

    @property
    def roll_rad(self) -> float:
        """How far up leans to the right of the picture."""
        return math.asin(np.clip(self.up[0], -1, 1))


def up_of(pitch_rad: float, roll_rad: float = 0.0) -> Float[np.ndarray, "3"]:
    """The vertical in camera axes, of Ground's angles."""
    flat = math.cos(roll_rad)
    return np.array([math.sin(roll_rad), -flat * math.cos(pitch_rad), -flat * math.sin(pitch_rad)])


def world_from_camera(up: Float[np.ndarray, "3"], height_m: float) -> Float[np.ndarray, "4 4"]:
    """The camera's pose in a world whose origin lies on the floor below it, and whose -Z it looks along."""
    back = up[2] * up - np.array([0.0, 0.0, 1.0])
    back /= np.linalg.norm(back)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.cross(up, back), up, back])
    pose[1, 3] = height_m
    return pose


def find_ground(
    landmarks_m: Float[np.ndarray, "frames 33 3"],
    observed: Bool[np.ndarray, " frames"],
    timestamps_s: Float[np.ndarray, " frames"],
    pitch_rad: float | None = None,
) -> Ground:
    """Find up and the floor from one person's landmarks in camera axes.

    Args:
        landmarks_m: NaN where not observed; somewhere it is.
        pitch_rad: where it is known; the camera is not rolled then.
    """
    prior = _legs_and_level(landmarks_m[observed]) if pitch_rad is None else _known(pitch_rad)
    angles_rad, sd_rad, height_m, places = prior.mean_rad, (0.0, 0.0), 0.0, _Places(np.zeros((0, 3)), np.zeros(0))
    for _ in range(PASSES):
        places = _find_places(landmarks_m, observed, timestamps_s, up_of(*angles_rad))
        angles_rad, height_m, sd_rad = _fit(places, prior, angles_rad)
    up = up_of(*angles_rad)
    if not len(places.points_m):
        height_m = -_lowest_m(landmarks_m[observed] @ up)
    span_m = float(np.ptp(places.points_m[:, 2])) if len(places.points_m) else 0.0
    return Ground(up, height_m, sd_rad, len(places.points_m), span_m)


def _lowest_m(height_m: Float[np.ndarray, "seen 33"]) -> float:
    return float(np.quantile((height_m[:, CONTACT_ROWS] - np.array(SOLE_M)).min(axis=1), LOWEST_SHARE))


@dataclass(frozen=True, eq=False)
class _Prior:
    """What is believed of pitch and roll before anything stood anywhere."""

    mean_rad: Float[np.ndarray, "2"]
    sd_rad: Float[np.ndarray, "2"]


@dataclass(frozen=True, eq=False)
class _Places:
    """Where heels and toes stood, and how high their landmarks lie over a floor then."""

    points_m: Float[np.ndarray, "places 3"]
    sole_m: Float[np.ndarray, " places"]


def _known(pitch_rad: float) -> _Prior:
    return _Prior(np.array([pitch_rad, 0.0]), np.full(2, 1e-9))


def _legs_and_level(landmarks_m: Float[np.ndarray, "seen 33 3"]) -> _Prior:
    hips_m, ankles_m = (
        landmarks_m[:, [LANDMARK_INDEX[f"{side}_{part}"] for side in ("left", "right")]].mean(axis=1)
        for part in ("hip", "ankle")
    )
    legs_m = hips_m - ankles_m
    length_m = np.linalg.norm(legs_m, axis=1)
    x, y, z = legs_m[length_m >= np.quantile(length_m, STRETCHED)].mean(axis=0)
    seen_rad = np.array([math.atan2(-z, -y) - LEGS_LEAN_RAD, math.atan2(x, -y)])
    if np.abs(seen_rad).max() > STEEPEST_RAD:
        return _Prior(np.zeros(2), LEVEL_RAD)
    worth = LEGS_RAD**-2 / (LEGS_RAD**-2 + LEVEL_RAD**-2)
    return _Prior(worth * seen_rad, np.sqrt(worth) * LEGS_RAD)


def _find_places(landmarks_m: np.ndarray, observed: np.ndarray, timestamps_s: np.ndarray, up: np.ndarray) -> _Places:
    """The mean of every stretch of time in which a heel or a toe stands, if up is there."""
    points_m = landmarks_m[:, CONTACT_ROWS] @ world_from_camera(up, 0.0)[:3, :3].T
    stands = np.zeros((len(observed), len(CONTACT_ROWS)), dtype=bool)
    stands[observed] = point_contacts(points_m[observed], timestamps_s[observed], np.array(SOLE_M))
    shortest = SHORTEST_S * (len(observed) - 1) / max(timestamps_s[-1] - timestamps_s[0], 1e-9)
    found, sole_m = [np.zeros((0, 3))], list[float]()
    for column, row in enumerate(CONTACT_ROWS):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], stands[:, column], [False]])))
        for start, stop in edges.reshape(-1, 2):
            if stop - start >= shortest:
                found.append(landmarks_m[start:stop, row].mean(axis=0, keepdims=True))
                sole_m.append(SOLE_M[column])
    return _Places(np.concatenate(found), np.array(sole_m))


def _fit(
    places: _Places, prior: _Prior, angles_rad: Float[np.ndarray, "2"]
) -> tuple[Float[np.ndarray, "2"], float, tuple[float, float]]:
    """One step of Gauss and Newton for the angles: new ones, the camera's height, and how sure the angles are."""
    up = up_of(*angles_rad)
    (pitch, roll), flat = angles_rad, math.cos(angles_rad[1])
    by_pitch = flat * np.array([0.0, math.sin(pitch), -math.cos(pitch)])
    by_roll = np.array([flat, math.sin(roll) * math.cos(pitch), math.sin(roll) * math.sin(pitch)])
    over_m = places.points_m @ up - places.sole_m
    middle_m = float(np.median(over_m)) if len(over_m) else math.nan
    away = (over_m - middle_m) / PLACE_M
    weight = PLACE_M**-2 / (1 + (away / 2) ** 2) * _share(places.points_m)
    rows = np.column_stack([places.points_m @ np.stack([by_pitch, by_roll], axis=1), np.ones(len(over_m))])
    curvature = (rows * weight[:, None]).T @ rows + np.diag([*prior.sd_rad**-2, 1e-9])
    pull = np.append((prior.mean_rad - angles_rad) * prior.sd_rad**-2, 0.0)
    step = np.linalg.solve(curvature, pull - rows.T @ (weight * (over_m - (0.0 if math.isnan(middle_m) else middle_m))))
    sd_rad = np.sqrt(np.diag(np.linalg.inv(curvature))[:2])
    found_rad = np.clip(angles_rad + step[:2], -STEEPEST_RAD, STEEPEST_RAD)
    return found_rad, float(step[2] - middle_m), (float(sd_rad[0]), float(sd_rad[1]))


def _share(points_m: Float[np.ndarray, "places 3"]) -> Float[np.ndarray, " places"]:
    """One over the number of places that are the same."""
    ray = points_m / np.linalg.norm(points_m, axis=1, keepdims=True)
    return 1 / (np.linalg.norm(ray[:, None] - ray, axis=-1) < SAME_PLACE_RAD).sum(axis=1)
