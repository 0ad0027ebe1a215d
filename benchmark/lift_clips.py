"""Films captured people for a test: bodies, clothes, places and cameras that nothing was trained with, exact truth."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies import load_body
from models.bodies.body import Body, pose_vertices
from models.errors import InputError
from models.resample import resample_places, resample_turns
from pipeline import artefacts
from stages import detect
from stages.contracts import Clip, Detections
from training.body_motion import BodyMotion
from training.mocap import TrueMotion, pelvis_for, read_truth
from training.plant_feet import rest_joints_of
from training.pose_ik_data import BACKWARDS
from training.render_clip import Shot, film

SECONDS: Final = 4.0
RATE_HZ: Final = 30.0
SIDES_PX: Final = (960, 540)
VIEW_DEG: Final = (30.0, 75.0)
CAMERA_HEIGHT_M: Final = (0.5, 2.5)
MAX_BETA: Final = 2.5
SEED: Final = 20_000
"""Of the first clip; far from those of the training's."""
ATTEMPTS: Final = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FilmedClip:
    """A film, and where everything was.

    Attributes:
        landmarks_m: in the camera's axes.
    """

    video: Path
    landmarks_m: Float[np.ndarray, "frames 33 3"]
    camera_matrix: Float[np.ndarray, "3 3"]
    times_s: Float[np.ndarray, " frames"]
    rate_hz: float

    @property
    def name(self) -> str:
        """Of the film."""
        return self.video.stem


def film_clips(mocap: Path, folder: Path, count: int, subjects: Sequence[str] = ()) -> Iterator[FilmedClip]:
    """Yield the clips; those that lie in the folder are not filmed again.

    Args:
        subjects: whose motions; everybody's where none are named. They take turns.

    Raises:
        InputError: nobody named has a motion of SECONDS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"clip_{index:02d}" for index in range(count)]
    missing = [index for index, name in enumerate(names) if not (folder / f"{name}_truth.npz").is_file()]
    if missing:
        motions, body = _long_motions(mocap, subjects), load_body("free")
        for index in missing:
            name = _film(motions, body, index, folder / f"{names[index]}.mp4")
            log.info("%s: %s", names[index], name)
    yield from (read_clip(folder / f"{name}.mp4") for name in names)


def read_clip(video: Path) -> FilmedClip:
    """A clip that training.render_clip made."""
    with np.load(video.with_name(f"{video.stem}_truth.npz"), allow_pickle=False) as truth:
        pose = truth["world_from_camera"]
        landmarks_m = (truth["landmarks_m"] - pose[:3, 3]) @ pose[:3, :3]
        return FilmedClip(
            video, landmarks_m, truth["camera_matrix"], truth["timestamps_s"], float(truth["mocap_framerate"])
        )


def detections(video: Path, clip: Clip) -> Detections:
    """What the detector sees, or saw, where it is kept beside the video."""
    kept = kept_detections(video)
    if kept.is_file():
        return artefacts.decode(kept.read_bytes(), Detections)
    return detect.run(detect.Config(), video, clip)


def kept_detections(video: Path) -> Path:
    """Where they are kept; elsewhere as soon as the detector is another."""
    return video.with_name(f"{video.stem}_detect_{detect.VERSION}.npz")


def _long_motions(mocap: Path, subjects: Sequence[str]) -> dict[str, list[TrueMotion]]:
    motions = [m for m in read_truth(mocap) if m.clip not in BACKWARDS and len(m.pelvis_m) / m.rate_hz > SECONDS]
    chosen = [m for m in motions if not subjects or m.subject in subjects]
    if not chosen:
        known = sorted({m.subject for m in motions})
        raise InputError(f"nobody of {list(subjects)} has a motion of {SECONDS} s", f"choose from {known}")
    return {name: [m for m in chosen if m.subject == name] for name in sorted({m.subject for m in chosen})}


def _film(motions: dict[str, list[TrueMotion]], body: Body, index: int, video: Path) -> str:
    """Film one clip; another camera is tried where the motion does not fit into the picture."""
    rng = np.random.default_rng([SEED, index])
    own = motions[sorted(motions)[index % len(motions)]]
    for _ in range(ATTEMPTS):
        weight = np.array([len(motion.pelvis_m) for motion in own], float)
        motion = own[rng.choice(len(own), p=weight / weight.sum())]
        try:
            film(_piece(motion, body, rng), _random_shot(rng), video)
        except InputError:
            continue
        return motion.clip
    raise InputError(f"no motion of {own[0].subject} fits into a picture", "leave this person out")


def _piece(motion: TrueMotion, body: Body, rng: np.random.Generator) -> BodyMotion:
    """Some seconds of a motion on a random body; whatever is lowest touches the floor."""
    betas = np.clip(rng.normal(0, 1, body.beta_count), -MAX_BETA, MAX_BETA)
    known_s = np.arange(len(motion.pelvis_m)) / motion.rate_hz
    times_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    times_s = times_s + rng.uniform(0, known_s[-1] - times_s[-1])
    rest_m = rest_joints_of(body, betas)
    local = resample_turns(motion.parent_from_joint, known_s, times_s)
    trans_m = resample_places(pelvis_for(motion, rest_m), known_s, times_s) - rest_m[0]
    posed = (torch.from_numpy(array[::4]).float() for array in (local, trans_m))
    lowest_m = float(pose_vertices(body, torch.from_numpy(betas).float(), *posed)[..., 1].min())
    return BodyMotion(body, betas, local, trans_m - (0, lowest_m, 0), RATE_HZ)


def _random_shot(rng: np.random.Generator) -> Shot:
    width_px, height_px = SIDES_PX if rng.random() < 0.5 else SIDES_PX[::-1]
    height_m = rng.uniform(*CAMERA_HEIGHT_M)
    return Shot(
        seed=int(rng.integers(2**31)),
        width_px=width_px,
        height_px=height_px,
        view_deg=rng.uniform(*VIEW_DEG),
        camera_height_m=height_m,
        down_deg=float(np.degrees(np.arctan2(height_m - 1.0, 4.5)) + rng.normal(0, 3)),
        turn_deg=rng.uniform(0, 360),
    )
