"""A place for rendered people: tiled floor, wall, sky, a bench and plants, and the shadows that tie a body to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from models.raster import Layer, Light, Mesh, View, blend, draw_mesh

SUN: Final = np.array([-0.45, 0.9, 0.55]) / np.linalg.norm([-0.45, 0.9, 0.55])
"""Toward the sun, in the world: above, from the left, behind the camera."""
AMBIENT: Final = 0.45
SUN_SHARE: Final = 0.6
FILL: Final = np.array([0.12, 0.05, 0.08])
"""Light thrown back from the right."""
SHADE: Final = 0.45
"""How much of the light a shadow takes."""
GROUT_M: Final = 0.012
RAYS: Final = 2
"""Rays per pixel along each axis."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A static camera: `height_m` over the world's origin, looking along -Z and down by an angle."""

    view: View
    height_m: float
    down_rad: float

    @property
    def world_from_camera(self) -> Float[np.ndarray, "4 4"]:
        """Pose with camera axes x right, y down, z forward."""
        sine, cosine = np.sin(self.down_rad), np.cos(self.down_rad)
        pose = np.eye(4)
        pose[:3, :3] = [[1, 0, 0], [0, -cosine, -sine], [0, sine, -cosine]]
        pose[1, 3] = self.height_m
        return pose

    def in_camera(self, points_m: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 3"]:
        """Points of the world in the camera's axes."""
        return (points_m - self.world_from_camera[:3, 3]) @ self.world_from_camera[:3, :3]

    @property
    def light(self) -> Light:
        """Sun and fill in the camera's axes."""
        lamps = np.stack([SUN * SUN_SHARE, FILL])
        return Light(AMBIENT, lamps @ self.world_from_camera[:3, :3])


def backdrop(camera: Camera, wall_m: float, seed: int) -> UInt8[np.ndarray, "height width 3"]:
    """The empty place: a wall `wall_m` in front of the camera, furniture along it, a floor of tiles."""
    random = np.random.default_rng(seed)
    picture = _surfaces(camera, wall_m, random)
    things = [thing for place in _places(camera, wall_m) for thing in _furniture(random, place)]
    picture = darken(picture, camera, [thing.vertices_m for thing in things], [thing.faces for thing in things])
    for thing in sorted(things, key=lambda thing: thing.vertices_m[:, 2].mean()):
        seen = Mesh(camera.in_camera(thing.vertices_m), thing.faces, thing.colours)
        picture = blend(picture, draw_mesh(seen, _sampled(camera.view), camera.light))
    return picture


def darken(
    picture: UInt8[np.ndarray, "height width 3"],
    camera: Camera,
    skins_m: Sequence[Float[np.ndarray, "_ 3"]],
    faces: Sequence[Int[np.ndarray, "_ 3"]],
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with the shadows of closed surfaces on the floor: soft from the sun, close where they touch it."""
    light = np.ones(picture.shape[:2], np.float32)
    blur_px = max(picture.shape[:2]) / 1280
    for skin_m, triangles in zip(skins_m, faces, strict=True):
        sunlit = skin_m - SUN * (skin_m[:, 1:2] / SUN[1])
        below = skin_m * (1, 0, 1) + (0, 0.001, 0)
        low = triangles[(skin_m[:, 1][triangles] < 0.15).all(axis=1)]
        for flat, chosen, sigma, share in ((sunlit, triangles, 2.5, SHADE), (below, low, 4.0, 0.5 * SHADE)):
            layer = draw_mesh(Mesh(camera.in_camera(flat), chosen, np.zeros_like(flat)), camera.view)
            light *= 1 - share * cv2.GaussianBlur(_whole(layer, camera.view), (0, 0), sigma * blur_px)
    return (picture * light[..., None] + 0.5).astype(np.uint8)


def _surfaces(camera: Camera, wall_m: float, random: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    view = camera.view
    x, y = ((np.arange(side * RAYS) + 0.5) / RAYS for side in (view.width_px, view.height_px))
    pixels = np.stack([*np.meshgrid(x, y), np.ones((len(y), len(x)))], axis=-1)
    rays = pixels @ np.linalg.inv(view.camera_matrix).T @ camera.world_from_camera[:3, :3].T
    to_wall = wall_m / np.maximum(-rays[..., 2], 1e-6)
    height_m = camera.height_m + rays[..., 1] * to_wall
    to_floor = camera.height_m / np.maximum(-rays[..., 1], 1e-6)
    floor = _floor(rays[..., 0] * to_floor, rays[..., 2] * to_floor, wall_m, random)
    wall = _wall(rays[..., 0] * to_wall, height_m, random)
    fine = np.where((height_m < 0)[..., None], floor, wall).astype(np.float32)
    coarse = cv2.resize(fine, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA)
    return np.clip(coarse, 0, 255).astype(np.uint8)


def _floor(x_m: np.ndarray, z_m: np.ndarray, wall_m: float, random: np.random.Generator) -> np.ndarray:
    tile_m = random.uniform(0.4, 0.8)
    base = random.uniform(130, 185) * np.array([1.0, random.uniform(0.94, 1), random.uniform(0.85, 0.98)])
    column, row = np.floor(x_m / tile_m).astype(int), np.floor(z_m / tile_m).astype(int)
    tone = 1 + 0.05 * np.sin(column * 12.9898 + row * 78.233 + 43758.5 * np.sin(column * 3.1 + row * 1.7))
    grout = (np.abs(x_m / tile_m % 1 - 0.5) > 0.5 - GROUT_M / tile_m) | (
        np.abs(z_m / tile_m % 1 - 0.5) > 0.5 - GROUT_M / tile_m
    )
    corner = 1 - 0.3 * np.exp(-np.maximum(wall_m + z_m, 0) / 0.25)
    return base * (np.where(grout, 0.72, tone) * corner)[..., None]


def _wall(x_m: np.ndarray, y_m: np.ndarray, random: np.random.Generator) -> np.ndarray:
    colour = random.uniform(110, 190) + random.uniform(-25, 25, 3)
    top_m, panel_m = random.uniform(3.0, 4.2), random.uniform(0.9, 1.5)
    seam = (np.abs(x_m / panel_m % 1 - 0.5) > 0.49) & (y_m > 0.12)
    skirting = (y_m < 0.12) * 0.25
    tone = 0.94 + 0.06 * y_m / top_m - 0.14 * seam - skirting - 0.2 * np.exp(-np.maximum(y_m, 0) / 0.3)
    sky = np.array([176, 205, 236]) - np.clip(y_m - top_m, 0, 12)[..., None] * np.array([6.0, 3.5, 1.0])
    return np.where((y_m < top_m)[..., None], colour * tone[..., None], sky)


def _places(camera: Camera, wall_m: float) -> list[Float[np.ndarray, " 3"]]:
    """Where furniture stands: along the wall, across what the camera sees of it."""
    half_m = wall_m * camera.view.width_px / (2 * camera.view.camera_matrix[0, 0])
    count = max(2, int(half_m / 1.1))
    return [np.array([x_m, 0, 0.5 - wall_m]) for x_m in np.linspace(-half_m, half_m, count + 2)[1:-1]]


def _furniture(random: np.random.Generator, place_m: Float[np.ndarray, " 3"]) -> list[Mesh]:
    place_m = place_m + np.array([random.uniform(-0.4, 0.4), 0, random.uniform(-0.1, 0.15)])
    colour = random.uniform(50, 200, 3)
    match int(random.integers(3)):
        case 0:
            seat = [_box(place_m + np.array([0, 0.44, 0]), (1.3, 0.07, 0.4), colour)]
            return seat + [
                _box(place_m + np.array([side, 0.21, 0]), (0.08, 0.42, 0.36), colour * 0.6) for side in (-0.5, 0.5)
            ]
        case 1:
            green = np.array([60, 110, 50]) * random.uniform(0.7, 1.3)
            crowns = random.uniform((-0.15, 0.6, -0.12), (0.15, 1.0, 0.12), (4, 3))
            balls = [_ball(place_m + crown, random.uniform(0.16, 0.28), green) for crown in crowns]
            return [_box(place_m + np.array([0, 0.25, 0]), (0.42, 0.5, 0.42), colour), *balls]
        case _:
            height_m = random.uniform(0.5, 1.5)
            return [_box(place_m + np.array([0, height_m / 2, 0]), (random.uniform(0.4, 0.8), height_m, 0.4), colour)]


def _box(centre_m: np.ndarray, size_m: tuple[float, float, float], colour: np.ndarray) -> Mesh:
    """Six sides with vertices of their own, so that edges stay sharp."""
    square = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]) / 2
    turns = [np.roll(np.eye(3) * (1, sign, sign), shift, axis=1) for shift in range(3) for sign in (1, -1)]
    corners = np.concatenate([square @ turn for turn in turns]) * size_m + centre_m
    faces = (np.arange(6)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    return Mesh(corners, faces, np.tile(colour, (24, 1)))


def _ball(centre_m: np.ndarray, radius_m: float, colour: np.ndarray, rings: int = 16) -> Mesh:
    polar, turn = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, 2 * rings + 1), indexing="ij")
    points = np.stack([np.sin(polar) * np.sin(turn), np.cos(polar), np.sin(polar) * np.cos(turn)], -1).reshape(-1, 3)
    corner = np.arange(len(points)).reshape(polar.shape)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    return Mesh(points * radius_m + centre_m, faces, np.tile(colour, (len(points), 1)))


def _sampled(view: View) -> View:
    return View(view.camera_matrix, view.width_px, view.height_px, samples=2)


def _whole(layer: Layer, view: View) -> Float[np.ndarray, "height width"]:
    """Coverage on the whole picture."""
    picture = np.zeros((view.height_px, view.width_px), np.float32)
    height, width = layer.coverage.shape
    picture[layer.top_px : layer.top_px + height, layer.left_px : layer.left_px + width] = layer.coverage
    return picture
