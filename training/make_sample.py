"""Makes the clips of samples/ and their truth: a walk, squats, and a turn, each on another drawn person.

python -m training.make_sample --mocap DIR --out samples
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tyro
from jaxtyping import Float

from models.bodies import load_body
from models.bodies.body import Body
from models.errors import InputError
from training.body_motion import BodyMotion
from training.gait import fit_gait, walk
from training.mocap_clips import MocapClip, read_clips
from training.render_clip import Shot, film
from training.squat import fit_repetition, repeat
from training.turn import arm_poses, turn_around

Times = Float[np.ndarray, " frames"]
Moved = tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]

SECONDS: Final = 4.0
RATE_HZ: Final = 30


@dataclass(frozen=True)
class Sample:
    """One clip.

    Attributes:
        sources: captured clips that its curves are fitted to.
        move: makes rotations and translation from those clips, for a body, its betas, and times.
        betas: the first of them; the others are zero.
    """

    sources: tuple[str, ...]
    move: Callable[[list[MocapClip], Body, Float[np.ndarray, " betas"], Times], Moved]
    betas: tuple[float, ...]
    shot: Shot


def _walk(clips: list[MocapClip], body: Body, betas: Float[np.ndarray, " betas"], times_s: Times) -> Moved:
    return walk(fit_gait(clips, body, betas), body, betas, times_s)


def _squat(clips: list[MocapClip], body: Body, betas: Float[np.ndarray, " betas"], times_s: Times) -> Moved:
    return repeat(fit_repetition(clips[0], body, betas), body, betas, times_s)


def _turn(clips: list[MocapClip], body: Body, betas: Float[np.ndarray, " betas"], times_s: Times) -> Moved:
    return turn_around(arm_poses(clips, body, betas), body, betas, times_s)


SIGNALS: Final = tuple(f"cmuexp_train_basketball_signal_basketball_signal_{number}" for number in range(1, 6))
SAMPLES: Final[Mapping[str, Sample]] = {
    "walk": Sample(
        ("cmu_07_01", "cmu_07_02"),
        _walk,
        (0.6, -0.5, 0.4, 0.3, -0.3, 0.2),
        Shot(seed=36, turn_deg=62, view_deg=60, camera_height_m=1.35, down_deg=5),
    ),
    "squat": Sample(
        ("cmu_02_06",),
        _squat,
        (-0.6, 0.8, -0.3, 0.2, 0.4, -0.2),
        Shot(seed=14, width_px=720, height_px=1280, turn_deg=35, camera_height_m=1.2, down_deg=4),
    ),
    "turn": Sample(
        SIGNALS,
        _turn,
        (0.9, 0.2, 0.5, -0.4, 0.1, 0.3),
        Shot(seed=7, turn_deg=-72, camera_height_m=1.2, down_deg=4),
    ),
}


def main(mocap: Path, out: Path, only: tuple[str, ...] = tuple(SAMPLES)) -> None:
    """Make the samples.

    Args:
        mocap: folder with the train split's shards.
        out: folder for <name>.mp4 and <name>_truth.npz.
        only: names of the samples to make.
    """
    body, clips = load_body("free"), {clip.name: clip for clip in read_clips(mocap)}
    times_s = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    for name in only:
        sample = SAMPLES[name]
        missing = [source for source in sample.sources if source not in clips]
        if missing:
            raise InputError(f"{mocap} lacks {missing}", "give the folder of the train split")
        betas = np.zeros(body.beta_count)
        betas[: len(sample.betas)] = sample.betas
        moved = sample.move([clips[source] for source in sample.sources], body, betas, times_s)
        film(BodyMotion(body, betas, *moved, RATE_HZ), sample.shot, out / f"{name}.mp4")


if __name__ == "__main__":
    tyro.cli(main)
