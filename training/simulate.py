"""What the detector would say of people who were never drawn: true motion, and the errors of a drawn snippet like it.

python -m training.simulate --sightings DRAWN --mocap MOCAP/train --mocap MOCAP/extra_markerless --out DIR

A linear map takes true shapes to the detector's rough metres, fitted on drawn snippets (training.synthesize). What it
leaves unexplained there, the errors of the pixels, visibility and score are borrowed, two seconds at a time, by a
motion before a random camera from the drawn snippet whose pose is most like it among a few, or from its mirror image.
So errors keep what they have to do with each other, with time and, roughly, with the pose. Limbs are exchanged between
motions, joints bent a little and bodies leant, so that poses are more than a few people's. 2,000 frames a second on
one core. Held-out subjects neither move nor lend.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
import tyro
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import Body, pose_joints, pose_landmarks
from models.camera import camera_from_ray, project
from models.kinematics import world_from_joints
from models.rough_map import mirror_points, rooted
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR, SMPL_JOINTS, SMPL_PARENTS
from stages.detect.regions import picture_from_crop, turn
from training.lift_data import is_held_out
from training.sightings import FRAMES, RATE_HZ, Readings, Snippets, read, write
from training.synthesize import make_snippet
from training.synthesize_motion import Moved, Stock, move, read_stock
from training.synthesize_view import random_look, seen_regions

PART: Final = 64
CHOICE: Final = 60
"""Drawn snippets, and as many mirrored ones, among which the most alike lends its errors."""
MOMENTS: Final = (4, 16, 28)
"""Frames whose poses are compared."""
RIDGE: Final = 1e-3
NEAREST_M: Final = 0.3
EXCHANGED: Final = 0.3
"""Share of people, limb by limb, who move it as somebody else does."""
BENT_RAD: Final = 0.1
LEANT_RAD: Final = 0.08
"""Standard deviations of what every joint is bent, and the body leant, about each axis."""


def _limb(*names: str) -> list[int]:
    return [SMPL_JOINTS.index(name) for name in names]


LIMBS: Final = (
    *(_limb(*(f"{side}_{name}" for name in ("hip", "knee", "ankle", "foot"))) for side in ("left", "right")),
    *(_limb(*(f"{side}_{name}" for name in ("collar", "shoulder", "elbow", "wrist"))) for side in ("left", "right")),
    _limb("spine1", "spine2", "spine3", "neck", "head"),
)
_COMPARED: Final = [
    LANDMARK_INDEX[f"{side}_{name}"]
    for name in ("shoulder", "elbow", "wrist", "knee", "ankle")
    for side in ("left", "right")
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Lenders:
    """Errors of drawn snippets; both readings.

    Attributes:
        rough_from_truth: linear, of flat true shapes and a one.
        pose_m: of the compared landmarks at the compared moments, and of the mirror image.
        rough_off_m: what the linear map leaves, about the mid-hip, along the axes of the look.
        pixels_off: in sides of the region, along the crop's axes.
    """

    rough_from_truth: Float[np.ndarray, "100 99"]
    pose_m: Float[np.ndarray, "2 snippets numbers"]
    rough_off_m: Float[np.ndarray, "snippets frames 2 33 3"]
    pixels_off: Float[np.ndarray, "snippets frames 2 33 2"]
    visibility: Float[np.ndarray, "snippets frames 2 33"]
    score: Float[np.ndarray, "snippets frames 2"]


@dataclass(frozen=True, eq=False)
class Loan:
    """The errors that one snippet borrows; as in Lenders."""

    rough_off_m: Float[np.ndarray, "frames 2 33 3"]
    pixels_off: Float[np.ndarray, "frames 2 33 2"]
    visibility: Float[np.ndarray, "frames 2 33"]
    score: Float[np.ndarray, "frames 2"]


def main(
    sightings: Path, mocap: tyro.conf.UseAppendAction[tuple[Path, ...]], out: Path, frames: int = 200_000, seed: int = 0
) -> None:
    """Simulate what the detector says.

    Args:
        sightings: folder of training.synthesize.
        mocap: folder of motion capture; any after the first give a smaller share.
        out: folder to write into.
        frames: how many.
        seed: the same seed gives the same frames; it also names the files.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    out.mkdir(parents=True, exist_ok=True)
    drawn = read(sightings)
    lenders = ask_lenders(drawn.only(~is_held_out(drawn)))
    stock, body = read_stock(mocap, validation_weight=0.0), load_body("free")
    for part in range(-(-frames // (PART * FRAMES))):
        path = out / f"part_{seed}_{part:04d}.npz"
        if not path.exists():
            made = [simulate(lenders, stock, body, (seed, part, index)) for index in range(PART)]
            write(path, Snippets.concatenate(made))
    log.info("%s: %d frames, errors of %d drawn snippets", out, frames, len(lenders.score))


def ask_lenders(drawn: Snippets) -> Lenders:
    """Fit the linear map and keep what it leaves."""
    shape_m = np.stack(
        [_shape(*looked) for looked in zip(drawn.truth_m, drawn.region, drawn.camera_matrix, strict=True)]
    )
    rough_m = rooted(drawn.rough_m.astype(np.float64))
    found = drawn.score.mean(axis=2) > 0.5
    given, wanted = shape_m[found], rough_m.mean(axis=2)[found]
    given, wanted = (np.concatenate([part, mirror_points(part)]) for part in (given, wanted))
    flat = _with_one(given)
    penalty = np.diag([*(RIDGE * flat[:, :-1].var(axis=0) + 1e-7), 1e-9]) * len(flat)
    rough_from_truth = np.linalg.solve(flat.T @ flat + penalty, flat.T @ wanted.reshape(len(wanted), -1))
    explained_m = (_with_one(shape_m) @ rough_from_truth).reshape(shape_m.shape)
    true_unit = np.stack([_unit(project(t, k), r) for t, k, r in _pictures(drawn)])
    said = drawn.landmarks_px.astype(np.float64)
    said_unit = np.stack([[_unit(said[n, :, side], drawn.region[n]) for side in (0, 1)] for n in range(len(drawn))])
    return Lenders(
        rough_from_truth=rough_from_truth,
        pose_m=np.stack([_pose(shape_m), _pose(mirror_points(shape_m))]),
        rough_off_m=rough_m - explained_m[:, :, None],
        pixels_off=np.moveaxis(said_unit, 1, 2) - true_unit[:, :, None],
        visibility=drawn.visibility,
        score=drawn.score,
    )


def simulate(lenders: Lenders, stock: Stock, body: Body, seed: tuple[int, ...]) -> Snippets:
    """One snippet; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    while True:
        moved = mingle(stock, body, rng)
        look = random_look(moved.landmarks_m, rng)
        truth_m = look.in_camera(moved.landmarks_m)
        if truth_m[..., 2].min() > NEAREST_M:
            break
    matrix = look.view.camera_matrix
    true_px = project(truth_m, matrix)
    region = seen_regions(true_px, RATE_HZ, rng)
    shape_m = _shape(truth_m, region, matrix)
    loan = _borrow(lenders, shape_m, rng)
    unit = _unit(true_px, region)[:, None] + loan.pixels_off
    pixels = np.stack([picture_from_crop(unit[:, side] + 0.5, region) for side in (0, 1)], axis=1)
    rough_m = (_with_one(shape_m) @ lenders.rough_from_truth).reshape(-1, 1, 33, 3) + loan.rough_off_m
    readings = Readings(pixels, rough_m, loan.visibility, loan.score)
    return make_snippet(moved, look, look.shows(truth_m), region, readings)


def mingle(stock: Stock, body: Body, rng: np.random.Generator) -> Moved:
    """Somebody whose limbs move as other people's do, each joint a little otherwise, leaning."""
    own = move(stock, body, rng, np.zeros(1))
    local = own.parent_from_joint[:, 0].copy()
    for limb in LIMBS:
        if rng.random() < EXCHANGED:
            local[:, limb] = move(stock, body, rng, np.zeros(1)).parent_from_joint[:, 0][:, limb]
    local = local @ _wavering((FRAMES, 24), BENT_RAD, rng)
    lean = rng.normal(0, LEANT_RAD, 3) * (1, 0, 1)
    local[:, 0] = Rotation.from_rotvec(lean).as_matrix() @ local[:, 0]
    posed = (torch.from_numpy(values).float() for values in (local, own.trans_m[:, 0]))
    betas, turns, trans_m = torch.from_numpy(own.betas).float(), *posed
    return replace(
        own,
        landmarks_m=pose_landmarks(body, betas, turns, trans_m).double().numpy(),
        joints_m=pose_joints(body, betas, turns, trans_m).double().numpy(),
        world_from_joint=world_from_joints(SMPL_PARENTS, torch.from_numpy(local)).numpy(),
        parent_from_joint=local[:, None],
    )


def _wavering(shape: tuple[int, int], deviation_rad: float, rng: np.random.Generator) -> np.ndarray:
    """Small turns that last, and change slowly."""
    phase = rng.uniform(0, 2 * np.pi, shape[1:]) + np.arange(shape[0])[:, None] * rng.uniform(0.1, 0.5, shape[1:])
    steady, slow = rng.normal(0, deviation_rad, (2, *shape[1:], 3))
    turns = steady + np.sin(phase)[..., None] * slow
    return Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(*shape, 3, 3)


def _borrow(lenders: Lenders, shape_m: Float[np.ndarray, "frames 33 3"], rng: np.random.Generator) -> Loan:
    count = len(lenders.score)
    asked = rng.choice(count, min(CHOICE, count), replace=False)
    away_m = np.abs(lenders.pose_m[:, asked] - _pose(shape_m[None])).sum(axis=2)
    twin, place = np.unravel_index(int(np.argmin(away_m)), away_m.shape)
    chosen = asked[place]
    loan = Loan(
        lenders.rough_off_m[chosen], lenders.pixels_off[chosen], lenders.visibility[chosen], lenders.score[chosen]
    )
    if not twin:
        return loan
    order = list(LANDMARK_MIRROR)
    return replace(
        loan,
        rough_off_m=mirror_points(loan.rough_off_m),
        pixels_off=loan.pixels_off[..., order, :] * (-1.0, 1.0),
        visibility=loan.visibility[..., order],
    )


def _shape(
    truth_m: Float[np.ndarray, "frames 33 3"], region: Float[np.ndarray, "frames 4"], matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "frames 33 3"]:
    """About the mid-hip, along the axes of the look."""
    camera_from_look = camera_from_ray(region[:, :2].astype(np.float64), matrix.astype(np.float64))
    return rooted(truth_m.astype(np.float64)) @ camera_from_look


def _pose(shape_m: Float[np.ndarray, "snippets frames 33 3"]) -> Float[np.ndarray, "snippets numbers"]:
    return shape_m[:, list(MOMENTS)][:, :, _COMPARED].reshape(len(shape_m), -1)


def _unit(pixels: Float[np.ndarray, "frames 33 2"], region: Float[np.ndarray, "frames 4"]) -> np.ndarray:
    """Sides of the region off its middle, along the crop's axes."""
    return turn(pixels - region[:, None, :2], -region[:, 3]) / region[:, None, 2:3]


def _with_one(shape_m: Float[np.ndarray, "*batch 33 3"]) -> Float[np.ndarray, "*batch 100"]:
    flat = shape_m.reshape(*shape_m.shape[:-2], 99)
    return np.concatenate([flat, np.ones_like(flat[..., :1])], axis=-1)


def _pictures(drawn: Snippets):
    return zip(
        *(getattr(drawn, name).astype(np.float64) for name in ("truth_m", "camera_matrix", "region")), strict=True
    )


if __name__ == "__main__":
    tyro.cli(main)
