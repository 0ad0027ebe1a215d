"""Holds planted feet still: the steadiest change of root and legs after which soles neither slide nor sink.

Unknowns are the root's path and the turns of hips, knees, ankles and balls in every frame; pelvis and trunk keep their
orientation, bones their lengths. What stands must not move from frame to frame, and stands on its floor; nothing says
where. All else stays near what it was: across the line of sight closely, along it, where one camera is blind, loosely,
and the change itself bends as little as it may in time. A few Gauss-Newton steps on one banded matrix over all frames.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.banded import BandedSystem
from models.foot_chain import UNKNOWNS, Chain, LegPose, Placed, derivative, place, sole_carriers, turned

STEPS: Final = 4
SLIP_M: Final = 1e-4
"""A planted point may move so much from frame to frame; and stand so far off its floor."""
SINK_M: Final = 5e-4
ACROSS_M: Final = 0.012
ALONG_M: Final = 0.3
"""Root, knees and ankles stay so near to where they were, seen from the camera."""
TURN_RAD: Final = math.radians(12)
"""And turns of joints so near to none."""
BALL_TURN_RAD: Final = math.radians(25)
ROOT_RAD_S: Final = 3.0
LEG_RAD_S: Final = 10.0
"""Changes of the root, and of joints, of this angular frequency cost as much by their bending as by their size."""
FULL_RATE_HZ: Final = 30.0
"""What the standard deviations above are meant for: one look each so many times a second."""
LONGEST_TURN_RAD: Final = 0.3
WINDOW_FRAMES: Final = 1200
OVERLAP_FRAMES: Final = 60


@dataclass(frozen=True, eq=False)
class Stance:
    """What stands when, left foot first.

    Attributes:
        stands: heel and ball of each foot.
        floor_m: height of what each foot stands on, or will; NaN where no floor is known.
    """

    stands: Bool[np.ndarray, "frames 2 2"]
    floor_m: Float[np.ndarray, "frames 2"]


def lock_legs(
    chain: Chain, start: LegPose, stance: Stance, camera_m: Float[np.ndarray, "3"], rate_hz: float
) -> LegPose:
    """Let stand what stands; without any contact the pose stays what it is.

    Args:
        camera_m: in the world.
    """
    if not stance.stands.any():
        return start
    change = np.zeros((len(start.root_m), UNKNOWNS))
    for frames, share in _windows(len(change)):
        part = LegPose(start.root_m[frames], start.world_from_pelvis[frames], start.parent_from_joint[frames])
        held = Stance(stance.stands[frames], stance.floor_m[frames])
        change[frames] += share[:, None] * _solve(chain, part, held, camera_m, rate_hz)
    return start.moved(change)


def _windows(count: int) -> list[tuple[slice, Float[np.ndarray, " window"]]]:
    """Stretches that bound the memory, and the share of each in its frames: it fades where two overlap."""
    if count <= WINDOW_FRAMES:
        return [(slice(0, count), np.ones(count))]
    starts = range(0, count - OVERLAP_FRAMES, WINDOW_FRAMES - OVERLAP_FRAMES)
    fade = (np.arange(OVERLAP_FRAMES) + 0.5) / OVERLAP_FRAMES
    found: list[tuple[slice, np.ndarray]] = []
    for first in starts:
        share = np.ones(min(WINDOW_FRAMES, count - first))
        if first > 0:
            share[:OVERLAP_FRAMES] = fade
        if first + WINDOW_FRAMES < count:
            share[-OVERLAP_FRAMES:] = 1 - fade
        found.append((slice(first, first + len(share)), share))
    return found


def _solve(
    chain: Chain, start: LegPose, stance: Stance, camera_m: np.ndarray, rate_hz: float
) -> Float[np.ndarray, "frames 19"]:
    """The change of all frames of a window, in the order of the unknowns."""
    pose = start
    at_start = place(chain, start)
    terms = _Terms(chain, start, at_start, stance, _metric(start, at_start, camera_m), rate_hz)
    for _ in range(STEPS):
        step = terms.system(pose).solve()
        longest = np.abs(step[:, 3:]).max()
        pose = pose.moved(step * min(1.0, LONGEST_TURN_RAD / max(longest, 1e-12)))
    return terms.change(pose)


def _metric(start: LegPose, placed: Placed, camera_m: np.ndarray) -> Float[np.ndarray, "frames 5 3 3"]:
    """How much it counts to move root, left knee and ankle, right knee and ankle."""
    points_m = np.concatenate([start.root_m[:, None], placed.joint_m[:, :, 1:3].reshape(-1, 4, 3)], axis=1)
    ray = points_m - camera_m
    ray = ray / np.maximum(np.linalg.norm(ray, axis=-1, keepdims=True), 1e-9)
    along = ray[..., :, None] * ray[..., None, :]
    return along * ALONG_M**-2 + (np.eye(3) - along) * ACROSS_M**-2


@dataclass(frozen=True, eq=False)
class _Terms:
    """All that is asked of a pose, as equations of the next step."""

    chain: Chain
    start: LegPose
    at_start: Placed
    stance: Stance
    metric: Float[np.ndarray, "frames 5 3 3"]
    rate_hz: float

    def system(self, pose: LegPose) -> BandedSystem:
        """The normal equations about a pose."""
        system = BandedSystem(len(pose.root_m), UNKNOWNS)
        placed = place(self.chain, pose)
        self._add_nearness(system, pose, placed)
        self._add_steadiness(system, pose)
        rows = derivative(placed, placed.sole_m, sole_carriers(self.chain.soles))
        self._add_stillness(system, placed, rows)
        self._add_floor(system, placed, rows)
        return system

    def _add_nearness(self, system: BandedSystem, pose: LegPose, placed: Placed) -> None:
        share = FULL_RATE_HZ / self.rate_hz
        rows = derivative(placed, placed.joint_m[:, :, 1:3], (0, 1)).reshape(-1, 4, 3, UNKNOWNS)
        at_root = np.broadcast_to(np.eye(3, UNKNOWNS), (len(rows), 1, 3, UNKNOWNS))
        rows = np.concatenate([at_root, rows], axis=1)
        away_m = (placed.joint_m - self.at_start.joint_m)[:, :, 1:3].reshape(-1, 4, 3)
        away_m = np.concatenate([(pose.root_m - self.start.root_m)[:, None], away_m], axis=1)
        weighted = (share * self.metric) @ rows
        system.add_block(0, _gram(weighted, rows))
        system.gradient += np.einsum("fpiu,fpi->fu", weighted, away_m)
        system.add_diagonal(0, np.broadcast_to(share * _TURN_WEIGHT, (len(rows), UNKNOWNS)))
        system.gradient += share * _TURN_WEIGHT * self.change(pose)

    def _add_steadiness(self, system: BandedSystem, pose: LegPose) -> None:
        weight = _BEND_WEIGHT * (FULL_RATE_HZ / self.rate_hz) * self.rate_hz**4
        change = self.change(pose)
        if len(change) < 3:
            return
        bend = weight * np.diff(change, 2, axis=0)
        for k, factor in enumerate((1.0, -2.0, 1.0)):
            here = slice(k, len(change) - 2 + k)
            system.gradient[here] += factor * bend
            for other, other_factor in enumerate((1.0, -2.0, 1.0)):
                if other >= k:
                    column = np.zeros((len(change) - (other - k), UNKNOWNS))
                    column[k : k + len(bend)] = factor * other_factor * weight
                    system.add_diagonal(other - k, column)

    def _add_stillness(self, system: BandedSystem, placed: Placed, rows: np.ndarray) -> None:
        stands = self.stance.stands
        held = (stands[1:] & stands[:-1])[..., None, None] * SLIP_M**-2
        points_m, rows = placed.sole_m[:, :, :2], rows[:, :, :2]
        slip_m = np.diff(points_m, axis=0)
        after, before = rows[1:], rows[:-1]
        weighted_after, weighted_before = held * after, held * before
        add = _at(system, slice(1, None)), _at(system, slice(None, -1))
        frames = len(points_m)
        block = np.zeros((frames, UNKNOWNS, UNKNOWNS))
        block[1:] += _gram(weighted_after, after)
        block[:-1] += _gram(weighted_before, before)
        system.add_block(0, block)
        system.add_block(1, -_gram(weighted_after, before))
        add[0][...] += np.einsum("fqpiu,fqpi->fu", weighted_after, slip_m)
        add[1][...] -= np.einsum("fqpiu,fqpi->fu", weighted_before, slip_m)

    def _add_floor(self, system: BandedSystem, placed: Placed, rows: np.ndarray) -> None:
        over_m = placed.sole_m[..., 1] - self.stance.floor_m[..., None]
        known = np.isfinite(over_m)
        over_m = np.where(known, over_m, 0.0)
        weight = np.where(known & (over_m < 0), SINK_M**-2, 0.0)
        weight[:, :, :2] = np.where(self.stance.stands, SLIP_M**-2, weight[:, :, :2])
        weight = np.where(known, weight, 0.0)
        up = rows[..., 1, :]
        system.add_block(0, _gram(weight[..., None, None] * up[..., None, :], up[..., None, :]))
        system.gradient += np.einsum("fqp,fqpu->fu", weight * over_m, up)

    def change(self, pose: LegPose) -> Float[np.ndarray, "frames 19"]:
        """Shift of the root and turns of the joints since the start."""
        turn = turned(self.start.parent_from_joint, pose.parent_from_joint)
        return np.concatenate([pose.root_m - self.start.root_m, turn], axis=1)


def _at(system: BandedSystem, frames: slice) -> np.ndarray:
    return system.gradient[frames]


def _gram(left: np.ndarray, right: np.ndarray) -> Float[np.ndarray, "frames 19 19"]:
    """Products of two stacks of derivatives, summed over all axes but the first and the last."""
    return np.swapaxes(left.reshape(len(left), -1, UNKNOWNS), 1, 2) @ right.reshape(len(right), -1, UNKNOWNS)


_LEG_SD = (TURN_RAD,) * 7 + (BALL_TURN_RAD,)
_TURN_WEIGHT: Final = np.array((0.0,) * 3 + tuple(sd**-2 for sd in _LEG_SD * 2))
_BEND_WEIGHT: Final = np.array((ALONG_M**-2 / ROOT_RAD_S**4,) * 3 + tuple(sd**-2 / LEG_RAD_S**4 for sd in _LEG_SD * 2))
