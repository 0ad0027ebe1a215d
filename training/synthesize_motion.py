"""Two seconds of somebody's life: a captured motion, re-timed, mirrored and recombined by chance, on a random body."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies.body import Body, pose_joints, pose_landmarks, pose_vertices, rest_joints, rest_vertices
from models.errors import InputError
from models.kinematics import world_from_joints
from models.resample import resample_places, resample_turns
from models.skeletons import SMPL_JOINTS, SMPL_MIRROR, SMPL_PARENTS
from training.appearance import dress
from training.mocap import TrueMotion, pelvis_for, read_truth
from training.pose_ik_data import BACKWARDS, VALIDATION
from training.sightings import FRAMES, RATE_HZ

SPEED: Final = (0.8, 1.3)
RECOMBINED_SHARE: Final = 0.25
EXTRA_SHARE: Final = 0.15
"""Of the snippets, from all folders after the first."""
VALIDATION_WEIGHT: Final = 0.4
"""People nothing is learned from are needed less often."""
SHORTEST_S: Final = 1.0
MAX_BETA: Final = 2.5
_LEGS: Final = ("pelvis", "hip", "knee", "ankle", "foot")
_ARMS: Final = ("collar", "shoulder", "elbow", "wrist", "hand")


def _members(*parts: str) -> list[int]:
    return [joint for joint, name in enumerate(SMPL_JOINTS) if name.split("_")[-1] in parts]


UPPER_BODY: Final = [joint for joint in range(len(SMPL_JOINTS)) if joint not in _members(*_LEGS)]
ARMS: Final = _members(*_ARMS)
LEFT_ARM: Final = [joint for joint in ARMS if SMPL_JOINTS[joint].startswith("left")]


@dataclass(frozen=True, eq=False)
class Stock:
    """Motions to choose from, and how likely each is."""

    motions: tuple[TrueMotion, ...]
    share: Float[np.ndarray, " motions"]

    def draw(self, rng: np.random.Generator) -> TrueMotion:
        """One of them."""
        return self.motions[rng.choice(len(self.motions), p=self.share)]

    def draw_beside(self, motion: TrueMotion, rng: np.random.Generator) -> TrueMotion:
        """Another that is learned from, or not, as this one is."""
        while ((other := self.draw(rng)).subject in VALIDATION) != (motion.subject in VALIDATION):
            pass
        return other


@dataclass(frozen=True, eq=False)
class Moved:
    """How a random body moves; world axes, Y up.

    Attributes:
        parent_from_joint, trans_m: as in SMPL, of every frame and of the moments about it while the shutter is open.
    """

    betas: Float[np.ndarray, " betas"]
    landmarks_m: Float[np.ndarray, "frames 33 3"]
    joints_m: Float[np.ndarray, "frames 24 3"]
    world_from_joint: Float[np.ndarray, "frames 24 3 3"]
    parent_from_joint: Float[np.ndarray, "frames moments 24 3 3"]
    trans_m: Float[np.ndarray, "frames moments 3"]
    clip: str
    subject: str
    family: str


@dataclass(frozen=True, eq=False)
class Actor:
    """Somebody who moves, to be seen: his skin at every moment, and its colours."""

    moved: Moved
    skin_m: Float[np.ndarray, "frames moments vertices 3"]
    colours: Float[np.ndarray, "vertices 3"]


def read_stock(folders: Sequence[Path], *, validation_weight: float = VALIDATION_WEIGHT) -> Stock:
    """Every motion that lasts long enough; a motion is as likely as it is long.

    Args:
        folders: of motion capture; those after the first share EXTRA_SHARE.

    Raises:
        InputError: a folder holds no motion that can be used.
    """
    motions, share = list[TrueMotion](), list[float]()
    for number, folder in enumerate(folders):
        usable = [m for m in read_truth(folder) if m.clip not in BACKWARDS and _length_s(m) > SHORTEST_S]
        if not usable:
            raise InputError(f"{folder} holds no motion of {SHORTEST_S} s", "give a folder of motion capture")
        weight = np.array([max(_length_s(m), FRAMES / RATE_HZ) for m in usable])
        weight *= [validation_weight if m.subject in VALIDATION else 1.0 for m in usable]
        part = 1.0 if len(folders) == 1 else EXTRA_SHARE / (len(folders) - 1) if number else 1 - EXTRA_SHARE
        motions += usable
        share += list(part * weight / weight.sum())
    return Stock(tuple(motions), np.array(share))


def act(stock: Stock, body: Body, rng: np.random.Generator, shutter_s: Float[np.ndarray, " moments"]) -> Actor:
    """Have somebody in random clothes move; arguments as in `move`."""
    moved = move(stock, body, rng, shutter_s)
    betas = torch.from_numpy(moved.betas).float()
    rest_skin_m = rest_vertices(body, betas).double().numpy()
    posed = (torch.from_numpy(array).float().flatten(0, 1) for array in (moved.parent_from_joint, moved.trans_m))
    skin_m = pose_vertices(body, betas, *posed).numpy()
    colours = dress(body, rest_skin_m, int(rng.integers(2**31)))
    return Actor(moved, skin_m.reshape(FRAMES, len(shutter_s), -1, 3), colours)


def move(stock: Stock, body: Body, rng: np.random.Generator, shutter_s: Float[np.ndarray, " moments"]) -> Moved:
    """Have somebody move.

    Args:
        shutter_s: moments, counted from the frame's, at which the pose is wanted.
    """
    motion = stock.draw(rng)
    betas = np.clip(rng.normal(0, 1, body.beta_count), -MAX_BETA, MAX_BETA)
    shape = torch.from_numpy(betas).float()
    rest_m = rest_joints(body, shape).double().numpy()
    local, pelvis_m = _retimed(motion, rest_m, rng, shutter_s)
    clip = motion.clip
    if rng.random() < RECOMBINED_SHARE:
        other = stock.draw_beside(motion, rng)
        part = (UPPER_BODY, ARMS, LEFT_ARM)[rng.integers(3)]
        local[:, part] = _retimed(other, rest_m, rng, shutter_s)[0][:, part]
        clip = f"{clip}+{other.clip}"
    if rng.random() < 0.5:
        local, pelvis_m = mirrored(local, pelvis_m)
    trans_m = pelvis_m - rest_m[0]
    framed = slice(int(np.argmin(np.abs(shutter_s))), None, len(shutter_s))
    posed = (shape, torch.from_numpy(local[framed]).float(), torch.from_numpy(trans_m[framed]).float())
    return Moved(
        betas=betas,
        landmarks_m=pose_landmarks(body, *posed).double().numpy(),
        joints_m=pose_joints(body, *posed).double().numpy(),
        world_from_joint=world_from_joints(SMPL_PARENTS, torch.from_numpy(local[framed])).numpy(),
        parent_from_joint=local.reshape(FRAMES, len(shutter_s), 24, 3, 3),
        trans_m=trans_m.reshape(FRAMES, len(shutter_s), 3),
        clip=clip,
        subject=motion.subject,
        family=motion.family,
    )


def mirrored(
    local: Float[np.ndarray, "frames 24 3 3"], pelvis_m: Float[np.ndarray, "frames 3"]
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """The motion in a mirror square to the x axis."""
    flip = np.array([-1.0, 1.0, 1.0])
    return local[:, list(SMPL_MIRROR)] * flip[:, None] * flip, pelvis_m * flip


def _retimed(
    motion: TrueMotion,
    rest_m: Float[np.ndarray, "24 3"],
    rng: np.random.Generator,
    shutter_s: Float[np.ndarray, " moments"],
) -> tuple[np.ndarray, np.ndarray]:
    """From a random moment on at a random speed, every frame with its moments; there and back where it is short."""
    known_s, end_s = np.arange(len(motion.pelvis_m)) / motion.rate_hz, _length_s(motion)
    times_s = (np.arange(FRAMES)[:, None] / RATE_HZ + shutter_s).ravel() * rng.uniform(*SPEED)
    wanted_s = times_s + rng.uniform(0, max(end_s - times_s.max(), 0.0))
    folded_s = end_s - np.abs(end_s - np.abs(wanted_s) % (2 * end_s))
    local = resample_turns(motion.parent_from_joint, known_s, folded_s)
    return local, resample_places(pelvis_for(motion, rest_m), known_s, folded_s)


def _length_s(motion: TrueMotion) -> float:
    return (len(motion.pelvis_m) - 1) / motion.rate_hz
