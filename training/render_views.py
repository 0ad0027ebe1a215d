"""Films one motion with several calibrated cameras: python -m training.render_views MOTION --mocap DIR --out FOLDER

Writes FOLDER/<name>_cam1.mp4 and its truth for each camera, calibration.toml in Pose2Sim's layout, and truth.npz with
the landmarks in the world of the calibration (Y up, floor at y = 0).
"""

import logging
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import tyro
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import pose_landmarks
from models.errors import InputError, KinetraceError
from pipeline.names import stem_of
from training.body_motion import BodyMotion, captured_motion
from training.render_clip import Shot, film

NEAREST_M: Final = 2.5
FARTHEST_M: Final = 20.0
STEP_M: Final = 0.25
CORNER: Final = 0.5
"""A calibration counts pixels from the middle of the first one, a picture here from its corner."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ring:
    """How the cameras stand about the motion."""

    headings_deg: tuple[float, ...] = (20.0, 85.0)
    """Where each stands, seen from the middle of the motion; 0 is along +Z."""
    height_m: float = 1.5
    """Of all cameras over the floor."""
    view_deg: float = 60.0
    """Angle that the longer side of the picture sees."""
    width_px: int = 960
    """Width of the picture; even."""
    height_px: int = 720
    """Height of the picture; even."""
    seed: int = 0
    """Clothes and place."""


@dataclass(frozen=True)
class Arguments:
    """Film a clip of motion capture with several cameras."""

    motion: tyro.conf.Positional[str]
    """Name of the clip."""
    mocap: Path
    """Folder with the shards of motion capture."""
    out: Path
    """Folder to write into."""
    ring: Annotated[Ring, tyro.conf.arg(name="")] = Ring()
    betas: tuple[float, ...] | None = None
    """Shape of the body; by default the mean."""
    frames: int = 120
    """How many, from the first one on."""
    first: int = 0
    """The first one."""


def main(arguments: Arguments) -> None:
    """Cut the motion and film it."""
    whole = captured_motion(arguments.mocap, arguments.motion, load_body("free"), arguments.betas)
    rows = slice(arguments.first, arguments.first + arguments.frames)
    motion = BodyMotion(whole.body, whole.betas, whole.parent_from_joint[rows], whole.trans_m[rows], whole.rate_hz)
    film_ring(motion, arguments.ring, arguments.out, stem_of(Path(arguments.motion)))


def film_ring(motion: BodyMotion, ring: Ring, out: Path, name: str) -> None:
    """Film a motion with every camera of a ring, and write calibration and truth.

    Raises:
        InputError: a camera cannot see all of the motion from any distance up to 20 m.
    """
    landmarks_m = pose_landmarks(motion.body, *motion.posed()).double().numpy()
    middle_m = (landmarks_m.min(axis=(0, 1)) + landmarks_m.max(axis=(0, 1))) / 2
    tables = list[str]()
    for number, heading_deg in enumerate(ring.headings_deg, start=1):
        path = out / f"{name}_cam{number}.mp4"
        shot = _film_from(motion, ring, heading_deg, middle_m, path)
        with np.load(path.with_name(f"{path.stem}_truth.npz"), allow_pickle=False) as truth:
            matrix, world_from_camera = truth["camera_matrix"], truth["world_from_camera"]
        tables.append(_table(f"cam{number}", ring, matrix, world_from_camera, shot))
    (out / "calibration.toml").write_text("\n".join(tables))
    np.savez_compressed(out / "truth.npz", landmarks_m=landmarks_m, rate_hz=motion.rate_hz)


def _film_from(
    motion: BodyMotion, ring: Ring, heading_deg: float, middle_m: Float[np.ndarray, " 3"], path: Path
) -> Shot:
    """Film from as near as all of the motion fits into the picture."""
    away = np.array([np.sin(np.radians(heading_deg)), 0, np.cos(np.radians(heading_deg))])
    for distance_m in count(NEAREST_M, STEP_M):
        place_m = middle_m + away * distance_m
        place_m[1] = ring.height_m
        (x, y, z), look = place_m.tolist(), middle_m.tolist()
        shot = Shot(
            ring.seed,
            ring.width_px,
            ring.height_px,
            ring.view_deg,
            camera_m=(x, y, z),
            look_at_m=(look[0], look[1], look[2]),
        )
        try:
            film(motion, shot, path)
        except InputError:
            if distance_m > FARTHEST_M:
                raise
        else:
            log.info("%s: from %.2f m", path.name, distance_m)
            return shot
    raise AssertionError("count() ends")


def _table(
    name: str,
    ring: Ring,
    camera_matrix: Float[np.ndarray, "3 3"],
    world_from_camera: Float[np.ndarray, "4 4"],
    shot: Shot,
) -> str:
    """One camera of the calibration; film() turned the motion before the camera, here it is turned back."""
    assert shot.camera_m is not None and shot.look_at_m is not None
    way_m = np.subtract(shot.look_at_m, shot.camera_m)
    turn = Rotation.from_rotvec((0, np.arctan2(way_m[0], -way_m[2]), 0)).as_matrix()
    camera_from_filmed = np.linalg.inv(world_from_camera)
    rotation = camera_from_filmed[:3, :3] @ turn
    below_m = np.array([shot.camera_m[0], 0, shot.camera_m[2]])
    translation_m = camera_from_filmed[:3, 3] - rotation @ below_m
    opencv = camera_matrix.copy()
    opencv[:2, 2] -= CORNER
    rows = {
        "name": f'"{name}"',
        "size": [float(ring.width_px), float(ring.height_px)],
        "matrix": opencv.tolist(),
        "distortions": [0.0, 0.0, 0.0, 0.0],
        "rotation": Rotation.from_matrix(rotation).as_rotvec().tolist(),
        "translation": translation_m.tolist(),
        "fisheye": "false",
    }
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in rows.items()), ""])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        main(tyro.cli(Arguments, description=__doc__))
    except KinetraceError as error:
        sys.exit(f"error: {error}")
