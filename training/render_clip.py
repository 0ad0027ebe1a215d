"""Films any motion on a body with a static camera: an H.264 clip, and beside it the truth in the world.

python -m training.render_clip MOTION.npz --out clip.mp4 --seed 3
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import torch
import tyro
from av.video.frame import VideoFrame
from jaxtyping import Float, UInt8
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import Body, pose_joints, pose_landmarks, pose_vertices, rest_vertices
from models.camera import focal_length_from_view, pinhole, project
from models.errors import InputError
from models.raster import Mesh, View, blend, draw_mesh
from models.skeletons import LANDMARKS
from pipeline.film import encode
from stages.frames import small_picture
from training.appearance import dress
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
    """Width of the picture; even."""
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


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """A motion on a body in the camera's world, at a constant rate."""

    body: Body
    betas: Float[np.ndarray, " betas"]
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    trans_m: Float[np.ndarray, "frames 3"]
    rate_hz: float

    def __len__(self) -> int:
        return len(self.trans_m)

    def posed(self, chosen: slice = slice(None)) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Arguments of the body's functions."""
        arrays = (self.betas, self.parent_from_joint[chosen], self.trans_m[chosen])
        betas, rotation, trans_m = (torch.from_numpy(array).float() for array in arrays)
        return betas, rotation, trans_m


def main(
    motion: tyro.conf.Positional[Path],
    out: Path,
    shot: Annotated[Shot, tyro.conf.arg(name="")] = Shot(),
    body: str = "free",
) -> None:
    """Film a motion.

    Args:
        motion: .npz with poses (axis-angle, frames x 72), trans, betas and mocap_framerate; Y up, floor at y = 0.
        out: the .mp4; the truth comes beside it as <stem>_truth.npz.
        shot: how it is filmed.
        body: the body that the betas belong to.
    """
    film(read_motion(motion, load_body(body)), shot, out)


def read_motion(path: Path, body: Body) -> BodyMotion:
    """Read a motion in SMPL's format; raises InputError where keys are missing."""
    with np.load(path, allow_pickle=False) as file:
        missing = {"poses", "trans", "betas", "mocap_framerate"} - set(file.files)
        if missing:
            raise InputError(f"{path} lacks {sorted(missing)}", "give a motion.npz or an AMASS-style .npz")
        poses = file["poses"].astype(np.float64)
        rotation = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(len(poses), 24, 3, 3)
        rest = (file["betas"].astype(np.float64), rotation, file["trans"].astype(np.float64))
        return BodyMotion(body, *rest, rate_hz=float(file["mocap_framerate"]))


def film(motion: BodyMotion, shot: Shot, out: Path) -> None:
    """Place the motion before the camera, draw and encode it, and write the truth."""
    camera = _camera(shot)
    placed = place(motion, camera, np.radians(shot.turn_deg))
    size_px = (shot.width_px, shot.height_px)
    pictures = (small_picture(VideoFrame.from_ndarray(rgb), size_px) for rgb in draw(placed, camera, shot.seed))
    encode(pictures, placed.rate_hz, out, fine=True)
    np.savez_compressed(out.with_name(f"{out.stem}_truth.npz"), allow_pickle=False, **truth(placed, camera))


def place(motion: BodyMotion, camera: Camera, turn_rad: float) -> BodyMotion:
    """Turn the motion about the vertical and move it to where it just fits into the picture."""
    turn = Rotation.from_rotvec((0, turn_rad, 0)).as_matrix()
    pelvis_m = pose_joints(motion.body, *motion.posed())[:, 0].double().numpy()
    rest_pelvis_m = pelvis_m - motion.trans_m
    rotation = motion.parent_from_joint.copy()
    rotation[:, 0] = turn @ rotation[:, 0]
    turned = BodyMotion(motion.body, motion.betas, rotation, pelvis_m @ turn.T - rest_pelvis_m, motion.rate_hz)
    shift_m = _shift_into_view(_outline_m(turned), camera)
    return BodyMotion(motion.body, motion.betas, rotation, turned.trans_m + shift_m, motion.rate_hz)


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


def _camera(shot: Shot) -> Camera:
    focal_px = focal_length_from_view(np.radians(shot.view_deg), max(shot.width_px, shot.height_px))
    view = View(pinhole(focal_px, shot.width_px, shot.height_px), shot.width_px, shot.height_px)
    return Camera(view, shot.camera_height_m, np.radians(shot.down_deg))


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
        seen = project(camera.in_camera(outline_m + shift_m), camera.view.camera_matrix)
        if (seen > MARGIN * size).all() and (seen < (1 - MARGIN) * size).all():
            return shift_m
    raise InputError("the motion does not fit into the picture", "widen --view-deg, or lower --down-deg")


if __name__ == "__main__":
    tyro.cli(main)
