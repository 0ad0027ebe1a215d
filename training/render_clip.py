"""Films any motion on a body with a static camera: an H.264 clip, and beside it the truth in the world.

python -m training.render_clip MOTION.npz --out clip.mp4 --seed 3
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import torch
import tyro
from av.video.frame import VideoFrame
from jaxtyping import Float, UInt8
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks, pose_vertices, rest_vertices
from models.camera import focal_length_from_view, pinhole, project
from models.errors import InputError, KinetraceError
from models.raster import NEAR_M, Mesh, View, blend, draw_mesh
from models.skeletons import LANDMARKS
from pipeline.film import FINE, encode
from stages.frames import small_picture
from training.appearance import dress
from training.body_motion import BodyMotion, at_rate, captured_motion, read_motion
from training.scene import Camera, backdrop, darken

CHUNK: Final = 32
MARGIN: Final = 0.07
"""Share of the picture that stays free at each border."""


@dataclass(frozen=True)
class Shot:
    """How a motion is filmed."""

    seed: int = 0
    """Clothes and place."""
    width_px: int = 1280
    """Width of the picture; even. Less than the height for a portrait."""
    height_px: int = 720
    """Height of the picture; even."""
    view_deg: float = 60.0
    """Angle that the longer side of the picture sees."""
    camera_height_m: float = 1.4
    """Height of the camera over the floor."""
    down_deg: float = 6.0
    """How far the camera looks down."""
    turn_deg: float = 0.0
    """Turn of the motion about the vertical, counter-clockwise seen from above; 0 has +Z come at the camera."""
    camera_m: tuple[float, float, float] | None = None
    """Where the camera stands in the motion's own world; by default as near as the motion fits into the picture."""
    look_at_m: tuple[float, float, float] | None = None
    """The point that it looks at; with --camera-m, in place of the three settings above."""


@dataclass(frozen=True)
class Arguments:
    """Film a motion on a body, and write where everything truly was."""

    motion: tyro.conf.Positional[str]
    """A motion.npz or AMASS-style .npz (24 joints, Y up, floor at y = 0), or with --mocap the name of a clip."""
    out: Path
    """The .mp4; the truth comes beside it as <stem>_truth.npz."""
    shot: Annotated[Shot, tyro.conf.arg(name="")] = Shot()
    mocap: Path | None = None
    """Folder with shards of motion capture in which the clip lies."""
    body: str = "free"
    """Who moves."""
    betas: tuple[float, ...] | None = None
    """His shape; by default the motion's own, or the mean for motion capture."""
    rate_hz: float | None = None
    """Pictures a second; by default as many as the motion has."""


def main(arguments: Arguments) -> None:
    """Read the motion, film it."""
    body = load_body(arguments.body)
    if arguments.mocap:
        motion = captured_motion(arguments.mocap, arguments.motion, body, arguments.betas)
    elif Path(arguments.motion).is_file():
        motion = read_motion(Path(arguments.motion), body, arguments.betas)
    else:
        raise InputError(f"{arguments.motion} does not exist", "check the path, or give --mocap DIR for a clip's name")
    if arguments.rate_hz is not None:
        if arguments.rate_hz <= 0:
            raise InputError(f"--rate-hz {arguments.rate_hz} is not above 0", "give pictures a second, such as 30")
        motion = at_rate(motion, arguments.rate_hz)
    film(motion, arguments.shot, arguments.out)


def film(motion: BodyMotion, shot: Shot, out: Path) -> None:
    """Place the motion before the camera, draw and encode it, and write the truth.

    The world of the truth has its origin on the floor below the camera, which looks along -Z.

    Raises:
        InputError: the picture's sides are odd or not positive, the camera is half given, or the motion does not fit.
        OutputError: the film cannot be written.
    """
    _require_possible(shot)
    camera, placed = _seen(motion, shot)
    out.parent.mkdir(parents=True, exist_ok=True)
    size_px = (shot.width_px, shot.height_px)
    pictures = (small_picture(VideoFrame.from_ndarray(rgb), size_px) for rgb in draw(placed, camera, shot.seed))
    encode(pictures, placed.rate_hz, out, FINE)
    np.savez_compressed(out.with_name(f"{out.stem}_truth.npz"), allow_pickle=False, **truth(placed, camera))


def place(motion: BodyMotion, camera: Camera, turn_rad: float) -> BodyMotion:
    """Turn the motion about the vertical and move it to where it just fits into the picture."""
    ahead = turned(motion, turn_rad, np.zeros(3))
    return replace(ahead, trans_m=ahead.trans_m + _shift_into_view(_outline_m(ahead), camera))


def draw(motion: BodyMotion, camera: Camera, seed: int) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield the frames."""
    body, faces = motion.body, motion.body.faces.numpy()
    rest_m = rest_vertices(body, torch.from_numpy(motion.betas).float()).double().numpy()
    colours = dress(body, rest_m, seed)
    farthest_m = -_outline_m(motion)[..., 2].min()
    empty = backdrop(camera, farthest_m + 1.8, seed)
    fine = View(camera.view.camera_matrix, camera.view.width_px, camera.view.height_px, samples=2)
    for start in range(0, len(motion), CHUNK):
        for skin_m in pose_vertices(body, *motion.posed(slice(start, start + CHUNK))).double().numpy():
            picture = darken(empty, camera, [skin_m], [faces])
            layer = draw_mesh(Mesh(camera.in_camera(skin_m), faces, colours), fine, camera.light)
            yield blend(picture, layer)


def truth(motion: BodyMotion, camera: Camera) -> dict[str, Any]:
    """What a perfect motion.npz of the clip would hold."""
    count = len(motion)
    return {
        "poses": Rotation.from_matrix(motion.parent_from_joint.reshape(-1, 3, 3)).as_rotvec().reshape(count, 72),
        "trans": motion.trans_m,
        "betas": motion.betas,
        "timestamps_s": np.arange(count) / motion.rate_hz,
        "mocap_framerate": motion.rate_hz,
        "joints_m": pose_joints(motion.body, *motion.posed()).double().numpy(),
        "landmarks_m": pose_landmarks(motion.body, *motion.posed()).double().numpy(),
        "landmark_names": np.array(LANDMARKS),
        "world_from_camera": camera.world_from_camera,
        "camera_matrix": camera.view.camera_matrix,
        "confidence": np.ones((count, 24)),
        "observed": np.ones(count, bool),
        "body_model": motion.body.name,
        "body_sha256": motion.body.sha256,
    }


def _require_possible(shot: Shot) -> None:
    if min(shot.width_px, shot.height_px) < 2 or shot.width_px % 2 or shot.height_px % 2:
        raise InputError(f"a picture of {shot.width_px} x {shot.height_px} cannot be encoded", "give even sides")
    if not 0 < shot.view_deg < 180:
        raise InputError(f"no camera sees {shot.view_deg} degrees", "give --view-deg between 0 and 180")
    if (shot.camera_m is None) != (shot.look_at_m is None):
        raise InputError("the camera is given by half", "give both --camera-m and --look-at-m")


def _seen(motion: BodyMotion, shot: Shot) -> tuple[Camera, BodyMotion]:
    """The camera, and the motion in its world."""
    focal_px = focal_length_from_view(np.radians(shot.view_deg), max(shot.width_px, shot.height_px))
    view = View(pinhole(focal_px, shot.width_px, shot.height_px), shot.width_px, shot.height_px)
    if shot.camera_m is None or shot.look_at_m is None:
        camera = Camera(view, shot.camera_height_m, np.radians(shot.down_deg))
        return camera, place(motion, camera, np.radians(shot.turn_deg))
    way_m = np.subtract(shot.look_at_m, shot.camera_m)
    level_m = float(np.hypot(way_m[0], way_m[2]))
    if level_m == 0:
        raise InputError("the camera looks straight up or down", "move --look-at-m aside")
    camera = Camera(view, shot.camera_m[1], float(np.arctan2(-way_m[1], level_m)))
    ahead = turned(motion, float(np.arctan2(way_m[0], -way_m[2])), np.array([shot.camera_m[0], 0, shot.camera_m[2]]))
    if not _inside(_outline_m(ahead), camera, margin=0.0):
        raise InputError("the camera does not see all of the motion", "move --camera-m back, or widen --view-deg")
    return camera, ahead


def turned(motion: BodyMotion, turn_rad: float, origin_m: Float[np.ndarray, " 3"]) -> BodyMotion:
    """The motion with this point brought to the origin, then turned about the vertical."""
    turn = Rotation.from_rotvec((0, turn_rad, 0)).as_matrix()
    pelvis_m = pose_joints(motion.body, *motion.posed())[:, 0].double().numpy()
    rest_pelvis_m = pelvis_m - motion.trans_m
    rotation = motion.parent_from_joint.copy()
    rotation[:, 0] = turn @ rotation[:, 0]
    return replace(motion, parent_from_joint=rotation, trans_m=(pelvis_m - origin_m) @ turn.T - rest_pelvis_m)


def _outline_m(motion: BodyMotion) -> Float[np.ndarray, "frames points 3"]:
    """Points that lie on the outside of the body in every pose: the landmarks, and the joints."""
    points = [pose(motion.body, *motion.posed()) for pose in (pose_landmarks, pose_joints)]
    return torch.cat(points, dim=1).double().numpy()


def _shift_into_view(outline_m: Float[np.ndarray, "frames points 3"], camera: Camera) -> Float[np.ndarray, " 3"]:
    """The shift along the floor that centres the motion, as near to the camera as it fits.

    Raises:
        InputError: it does not fit within 40 m.
    """
    size = np.array([camera.view.width_px, camera.view.height_px])
    shift_m = np.array([-outline_m[..., 0].mean(), 0, 0])
    for nearest_m in np.arange(1.0, 40, 0.1):
        shift_m[2] = -outline_m[..., 2].max() - nearest_m
        for _ in range(3):
            seen = project(camera.in_camera(outline_m + shift_m), camera.view.camera_matrix)
            off_px = (seen[..., 0].min() + seen[..., 0].max()) / 2 - size[0] / 2
            shift_m[0] -= off_px / camera.view.camera_matrix[0, 0] * nearest_m
        if _inside(outline_m + shift_m, camera, MARGIN):
            return shift_m
    raise InputError("the motion does not fit into the picture", "widen --view-deg, or lower --down-deg")


def _inside(outline_m: Float[np.ndarray, "frames points 3"], camera: Camera, margin: float) -> bool:
    """Whether the camera sees all points, this share of the picture away from its border."""
    size = np.array([camera.view.width_px, camera.view.height_px])
    in_camera_m = camera.in_camera(outline_m)
    if in_camera_m[..., 2].min() <= NEAR_M:
        return False
    seen = project(in_camera_m, camera.view.camera_matrix)
    return bool((seen > margin * size).all() and (seen < (1 - margin) * size).all())


if __name__ == "__main__":
    try:
        main(tyro.cli(Arguments, description=__doc__))
    except KinetraceError as error:
        sys.exit(f"error: {error}")
