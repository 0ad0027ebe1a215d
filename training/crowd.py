"""Films several people who cross, overtake, hide each other, leave and return: clips, and beside them who was where.

python -m training.crowd --mocap MOCAP/test --out DIR

Writes DIR/SCENE.mp4 and DIR/SCENE_truth.npz for every scene of training.crowd_paths.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import tyro
from av.video.frame import VideoFrame
from jaxtyping import Float, UInt8

from models.bodies import load_body
from models.bodies.body import Body, pose_landmarks, pose_vertices, rest_vertices
from models.camera import focal_length_from_view, pinhole, project
from models.raster import Layer, Mesh, View, blend, draw_mesh
from pipeline.film import FINE, encode
from stages.frames import small_picture
from training.appearance import dress
from training.crowd_cast import Takes, act, read_takes
from training.crowd_paths import SCENES, Way, duration_s
from training.scene import Camera, backdrop, darken

RATE_HZ: Final = 25.0
VIEW_RAD: Final = np.radians(60.0)
CAMERA_HEIGHT_M: Final = (1.2, 1.7)
DOWN_DEG: Final = 5.0
WALL_M: Final = 9.5
NEAR_M: Final = (3.9, 4.6)
"""How far those in front walk from the camera ..."""
FAR_M: Final = (5.3, 6.2)
"""... and those behind."""
APART: Final = 35.0
"""Mean difference of clothes, of 0..255, that different people have at least."""


@dataclass(frozen=True, eq=False)
class Actor:
    """One person of a clip, in the world of the camera.

    Attributes:
        landmarks_m: true places of the detector's landmarks.
        colours: 0..255 of every vertex.
    """

    skin_m: Float[np.ndarray, "frames vertices 3"]
    landmarks_m: Float[np.ndarray, "frames 33 3"]
    colours: Float[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame, and which share of each person it shows: 0 hidden or outside, 1 all of him."""

    picture: UInt8[np.ndarray, "height width 3"]
    visible: Float[np.ndarray, " people"]


def main(mocap: Path, out: Path, seed: int = 0, scenes: tuple[str, ...] = tuple(SCENES), width_px: int = 640) -> None:
    """Film every scene once.

    Args:
        mocap: folder with shards of motion capture; its walks and dances are shown.
        out: folder to write into.
        seed: people, clothes, places and distances.
        scenes: names of training.crowd_paths.
        width_px: of the picture, which is 16:9.
    """
    out.mkdir(parents=True, exist_ok=True)
    body, takes = load_body("free"), read_takes(mocap)
    for number, name in enumerate(SCENES):
        if name in scenes:
            rng = np.random.default_rng([seed, number])
            film(cast(SCENES[name](*_distances(rng)), takes, body, rng), body, _camera(width_px, rng), out / name)


def cast(ways: Sequence[Way], takes: Takes, body: Body, rng: np.random.Generator) -> list[Actor]:
    """Give every way to somebody with a body, clothes and a motion of his own."""
    times_s = np.arange(int(duration_s(ways) * RATE_HZ) + 1) / RATE_HZ
    actors = list[Actor]()
    for way in ways:
        betas = np.clip(rng.normal(0, 1, body.beta_count), -2, 2)
        shape = torch.from_numpy(betas).float()
        rotation, trans_m = (torch.from_numpy(a).float() for a in act(way, times_s, takes, (body, betas), rng))
        colours = _clothes(body, rest_vertices(body, shape).double().numpy(), [one.colours for one in actors], rng)
        skin_m = pose_vertices(body, shape, rotation, trans_m).double().numpy()
        actors.append(Actor(skin_m, pose_landmarks(body, shape, rotation, trans_m).double().numpy(), colours))
    return actors


def film(actors: Sequence[Actor], body: Body, camera: Camera, out: Path) -> None:
    """Draw and encode a clip and write its truth beside it."""
    view = camera.view
    size_px = (view.width_px, view.height_px)
    empty = backdrop(camera, WALL_M, int(actors[0].colours.sum()))
    visible = list[np.ndarray]()

    def pictures() -> Iterator[UInt8[np.ndarray, "rows width"]]:
        for frame in range(len(actors[0].skin_m)):
            shown = show(actors, frame, body, camera, empty)
            visible.append(shown.visible)
            yield small_picture(VideoFrame.from_ndarray(shown.picture), size_px)

    encode(pictures(), RATE_HZ, out.with_suffix(".mp4"), FINE)
    found = truth(actors, camera, np.array(visible))
    np.savez_compressed(out.with_name(f"{out.stem}_truth.npz"), allow_pickle=False, **found)


def show(
    actors: Sequence[Actor], frame: int, body: Body, camera: Camera, empty: UInt8[np.ndarray, "height width 3"]
) -> Shown:
    """Draw one frame, the nearest person last."""
    faces, view = body.faces.numpy(), camera.view
    fine = View(view.camera_matrix, view.width_px, view.height_px, samples=2)
    picture = darken(empty, camera, [actor.skin_m[frame] for actor in actors], [faces] * len(actors))
    free = np.ones((view.height_px, view.width_px))
    visible = np.zeros(len(actors))
    layers = [
        draw_mesh(Mesh(camera.in_camera(one.skin_m[frame]), faces, one.colours), fine, camera.light) for one in actors
    ]
    near_first = np.argsort([camera.in_camera(one.landmarks_m[frame]).mean(axis=0)[2] for one in actors])
    for index in near_first:
        window = free[_place(layers[index])]
        covered = layers[index].coverage
        inside = inside_share(_landmarks_px(actors[index], camera)[frame], view)
        visible[index] = inside * (covered * window).sum() / max(float(covered.sum()), 1e-9)
        window *= 1 - covered
    for index in near_first[::-1]:
        picture = blend(picture, layers[index])
    return Shown(picture, visible)


def truth(actors: Sequence[Actor], camera: Camera, visible: Float[np.ndarray, "frames people"]) -> dict[str, Any]:
    """Who was where: the first axis is the person, the second the frame.

    Boxes (left, top, right, bottom) hold the landmarks and may reach out of the picture.
    """
    landmarks_px = np.array([_landmarks_px(actor, camera) for actor in actors])
    return {
        "landmarks_px": landmarks_px,
        "box_px": np.concatenate([landmarks_px.min(axis=2), landmarks_px.max(axis=2)], axis=-1),
        "visible": visible.T,
        "rate_hz": RATE_HZ,
        "size_px": np.array([camera.view.width_px, camera.view.height_px]),
    }


def inside_share(landmarks_px: Float[np.ndarray, "33 2"], view: View) -> float:
    """Share of the landmarks' box that lies inside the picture."""
    low, high = landmarks_px.min(axis=0), landmarks_px.max(axis=0)
    size = (view.width_px, view.height_px)
    inside = np.clip(high, 0, size) - np.clip(low, 0, size)
    return float(np.prod(inside) / np.prod(high - low))


def _place(layer: Layer) -> tuple[slice, slice]:
    height, width = layer.coverage.shape
    return slice(layer.top_px, layer.top_px + height), slice(layer.left_px, layer.left_px + width)


def _landmarks_px(actor: Actor, camera: Camera) -> Float[np.ndarray, "frames 33 2"]:
    return project(camera.in_camera(actor.landmarks_m), camera.view.camera_matrix)


def _distances(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(*NEAR_M)), float(rng.uniform(*FAR_M))


def _camera(width_px: int, rng: np.random.Generator) -> Camera:
    height_px = width_px * 9 // 32 * 2
    matrix = pinhole(focal_length_from_view(VIEW_RAD, width_px), width_px, height_px)
    return Camera(View(matrix, width_px, height_px), float(rng.uniform(*CAMERA_HEIGHT_M)), np.radians(DOWN_DEG))


def _clothes(
    body: Body, rest_m: Float[np.ndarray, "vertices 3"], taken: Sequence[np.ndarray], rng: np.random.Generator
) -> Float[np.ndarray, "vertices 3"]:
    """Clothes that nobody else wears."""
    while True:
        colours = dress(body, rest_m, int(rng.integers(2**31)))
        if all(np.abs(colours - other).mean() > APART for other in taken):
            return colours


if __name__ == "__main__":
    tyro.cli(main)
