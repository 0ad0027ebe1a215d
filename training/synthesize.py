"""Shows drawn people in motion to the detector: what it says about each landmark in every frame, beside the truth.

python -m training.synthesize --mocap MOCAP/train --mocap MOCAP/extra_markerless --out DIR --frames 400000

Snippets of two seconds, each with a body, clothes, a static camera and a video's faults of its own. Parts of 2,048
frames, named by the seed, fill the folder; parts that are there are skipped, so the command goes on where it was
stopped. Several processes with different seeds may fill one folder. About 35 ms a frame on one core.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tyro
from jaxtyping import Bool, Float, UInt8
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import Body
from models.raster import Mesh
from stages.detect import blazepose
from stages.detect.reading import CropReading, Reading
from training.sightings import FRAMES, RATE_HZ, Readings, Snippets, write
from training.synthesize_motion import Moved, Stock, act, read_stock
from training.synthesize_spoil import random_spoil, spoil_picture
from training.synthesize_view import Look, draw, random_backdrop, random_look, seen_regions

PART: Final = 64
"""Snippets in a file."""
MOVING_SHARE: Final = 0.35
"""Of the snippets, with a shutter open long enough to blur limbs."""
SHUTTER_S: Final = (0.008, 0.03)
MOMENTS: Final = 3
"""Pictures that make up a blurred one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Studio:
    """What every snippet is made with."""

    stock: Stock
    body: Body
    networks: blazepose.BlazePose


def main(
    mocap: tyro.conf.UseAppendAction[tuple[Path, ...]],
    out: Path,
    frames: int = 400_000,
    seed: int = 0,
) -> None:
    """Draw people and read their landmarks.

    Args:
        mocap: folder of motion capture; any after the first give a smaller share.
        out: folder to write into.
        frames: how many.
        seed: the same seed gives the same frames; it also names the files.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    out.mkdir(parents=True, exist_ok=True)
    studio = Studio(read_stock(mocap), load_body("free"), blazepose.load())
    for part in range(-(-frames // (PART * FRAMES))):
        path = out / f"part_{seed}_{part:04d}.npz"
        if not path.exists():
            write(path, Snippets.concatenate([film(studio, (seed, part, index)) for index in range(PART)]))
            log.info("%s: %d frames", path, (part + 1) * PART * FRAMES)


def film(studio: Studio, seed: tuple[int, ...]) -> Snippets:
    """One snippet; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    shutter_s = rng.uniform(*SHUTTER_S) * np.linspace(-0.5, 0.5, MOMENTS) if rng.random() < MOVING_SHARE else [0.0]
    actor = act(studio.stock, studio.body, rng, np.array(shutter_s))
    look = random_look(actor.moved.landmarks_m, rng)
    place = random_backdrop(look.view, rng)
    true_px = look.pixels_of(actor.moved.landmarks_m)
    spoil = random_spoil(true_px, look.view, rng)
    region = seen_regions(true_px, RATE_HZ, rng)
    faces, seen = studio.body.faces.numpy(), list[tuple[np.ndarray, ...]]()
    for skins_m, one in zip(actor.skin_m, region, strict=True):
        picture = expose(look, place, [Mesh(look.in_camera(skin_m), faces, actor.colours) for skin_m in skins_m])
        seen.append(read_both(studio.networks, spoil_picture(picture, spoil, one, rng), one))
    readings = Readings(*(np.array(values) for values in zip(*seen, strict=True)))
    shown = look.shows(look.in_camera(actor.moved.landmarks_m)) & ~spoil.hides(true_px)
    return make_snippet(actor.moved, look, shown, region, readings)


def expose(
    look: Look, place: UInt8[np.ndarray, "height width 3"], moments: list[Mesh]
) -> UInt8[np.ndarray, "height width 3"]:
    """The mean of the pictures of all moments."""
    pictures = [draw(look, place, mesh) for mesh in moments]
    return pictures[0] if len(pictures) == 1 else np.array(pictures, np.float32).mean(axis=0).astype(np.uint8)


def read_both(
    networks: blazepose.BlazePose, picture: UInt8[np.ndarray, "height width 3"], region: Float[np.ndarray, " 4"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, rough metres, visibility and score of a picture's region and of its mirror image, one after the other."""
    crops = blazepose.cut_crops(picture, region[None])
    twins = np.ascontiguousarray(crops[:, :, ::-1])
    plain, twin = CropReading.of(networks.landmarks, crops), CropReading.of(networks.landmarks, twins).unmirrored()
    both: list[Reading] = [one.placed(region[None]) for one in (plain, twin)]
    return tuple(  # pyright: ignore[reportReturnType]
        np.concatenate([getattr(one, name) for one in both])
        for name in ("landmarks_px", "rough_m", "visibility", "score")
    )


def make_snippet(
    moved: Moved,
    look: Look,
    shown: Bool[np.ndarray, "frames 33"],
    region: Float[np.ndarray, "frames 4"],
    readings: Readings,
) -> Snippets:
    """What was read of somebody and what is true, as it is kept."""
    turns = Rotation.from_matrix((look.camera_from_world @ moved.world_from_joint).reshape(-1, 3, 3))
    arrays = {
        "region": region,
        **vars(readings),
        "shown": shown,
        "truth_m": look.in_camera(moved.landmarks_m),
        "joints_m": look.in_camera(moved.joints_m),
        "camera_from_joint": turns.as_quat().reshape(FRAMES, 24, 4),
        "betas": moved.betas,
        "camera_matrix": look.view.camera_matrix,
        "camera_from_world": look.camera_from_world,
        "camera_height_m": look.camera_m[1],
        "size_px": np.array([look.view.width_px, look.view.height_px]),
        "clip": np.array(moved.clip, "U96"),
        "subject": np.array(moved.subject, "U32"),
        "family": np.array(moved.family, "U32"),
    }
    return Snippets(**{name: np.asarray(value)[None] for name, value in arrays.items()})


if __name__ == "__main__":
    tyro.cli(main)
