"""Makes samples/walk.mp4 and its truth: the free body walks as captured people do, in a drawn place.

python -m training.make_sample --mocap DIR --out samples
"""

from pathlib import Path
from typing import Final

import numpy as np
import tyro

from models.bodies import load_body
from models.errors import InputError
from training.gait import fit_gait, walk
from training.mocap_clips import read_clips
from training.render_clip import BodyMotion, Shot, film

WALKS: Final = ("cmu_07_01", "cmu_07_02")
"""Straight walks of one subject at an easy pace."""
SECONDS: Final = 4.0
RATE_HZ: Final = 30
BETAS: Final = (0.6, -0.5, 0.4, 0.3, -0.3, 0.2, *(0.0,) * 14)
SHOT: Final = Shot(seed=36, turn_deg=62, view_deg=60, camera_height_m=1.35, down_deg=5)


def main(mocap: Path, out: Path) -> None:
    """Make the sample.

    Args:
        mocap: folder with the train split's shards.
        out: folder for walk.mp4 and walk_truth.npz.
    """
    clips = {clip.name: clip for clip in read_clips(mocap)}
    missing = [name for name in WALKS if name not in clips]
    if missing:
        raise InputError(f"{mocap} lacks the walks {missing}", "give the folder of the train split")
    body, betas = load_body("free"), np.array(BETAS)
    gait = fit_gait([clips[name] for name in WALKS], body, betas)
    rotation, trans_m = walk(gait, body, betas, np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ)
    out.mkdir(parents=True, exist_ok=True)
    film(BodyMotion(body, betas, rotation, trans_m, RATE_HZ), SHOT, out / "walk.mp4")


if __name__ == "__main__":
    tyro.cli(main)
