"""The rasteriser against exact geometry and against a slow twin that shoots a ray through every pixel."""

from dataclasses import replace

import numpy as np
import pytest

from models.raster import (
    HEADLIGHT,
    Light,
    Mesh,
    Planes,
    View,
    blend,
    blend_420,
    draw_mesh,
    vertex_normals,
)

EVEN = Light(1.0, np.zeros((0, 3)))
VIEW = View(np.array([[80.0, 0, 32], [0, 80.0, 24], [0, 0, 1]]), 64, 48)


def triangle_soup(seed: int, count: int = 40) -> Mesh:
    random = np.random.default_rng(seed)
    centre = random.uniform((-0.8, -0.6, 1.5), (0.8, 0.6, 4), (count, 1, 3))
    corners = (centre + random.normal(0, 0.35, (count, 3, 3))).reshape(-1, 3)
    return Mesh(corners, np.arange(3 * count).reshape(-1, 3), random.uniform(0, 255, (3 * count, 3)))


def square(depth_m: float, side_m: float = 0.25, colour: float = 200.0, centre_m: tuple[float, float] = (0, 0)) -> Mesh:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side_m / 2 + centre_m
    vertices = np.column_stack([corners, np.full(4, depth_m)])
    return Mesh(vertices, np.array([[0, 2, 1], [0, 3, 2]]), np.full((4, 3), colour))


def joined(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0] + [len(mesh.vertices_m) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices_m for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
        np.concatenate([mesh.colours for mesh in meshes]),
    )


def sphere(radius_m: float, centre_m: tuple[float, float, float], rings: int = 48) -> Mesh:
    polar, around = np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, 2 * rings + 1)[:-1]
    angle, turn = (grid.ravel() for grid in np.meshgrid(polar, around, indexing="ij"))
    points = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)], -1)
    row, column = (grid.ravel() for grid in np.meshgrid(np.arange(rings), np.arange(2 * rings), indexing="ij"))
    corner = [(row + r) * 2 * rings + (column + c) % (2 * rings) for r, c in ((0, 0), (1, 0), (1, 1), (0, 1))]
    faces = np.concatenate([np.stack(corner[:3], -1), np.stack([corner[0], corner[2], corner[3]], -1)])
    return Mesh(points * radius_m + centre_m, faces, np.full((len(points), 3), 180.0))


def on_picture(mesh: Mesh, view: View = VIEW, light: Light = EVEN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour, coverage and depth of the whole picture."""
    layer = draw_mesh(mesh, view, light)
    height, width = layer.coverage.shape
    window = (slice(layer.top_px, layer.top_px + height), slice(layer.left_px, layer.left_px + width))
    colour, coverage = np.zeros((view.height_px, view.width_px, 3)), np.zeros((view.height_px, view.width_px))
    depth = np.full(coverage.shape, np.inf)
    colour[window], coverage[window] = layer.colour, layer.coverage
    with np.errstate(divide="ignore"):
        depth[window] = 1 / layer.nearness
    return colour, coverage, depth


def shoot_rays(mesh: Mesh, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth by solving, for every pixel and face, where the ray meets the face's plane."""
    x, y = np.meshgrid(np.arange(view.width_px) + 0.5, np.arange(view.height_px) + 0.5)
    rays = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(view.camera_matrix).T
    colour, depth = np.zeros((*x.shape, 3)), np.full(x.shape, np.inf)
    for face in mesh.faces:
        corners = mesh.vertices_m[face]
        if np.cross(corners[1] - corners[0], corners[2] - corners[0]) @ corners[0] >= 0:
            continue
        share = rays @ np.linalg.inv(corners)
        along = 1 / share.sum(-1)
        hit = (share >= 0).all(-1) & (along < depth)
        depth[hit] = along[hit]
        colour[hit] = ((share * along[..., None]) @ mesh.colours[face])[hit]
    return colour, depth


@pytest.mark.parametrize("seed", range(5))
def test_it_draws_what_rays_through_the_pixel_centres_see(seed):
    mesh = triangle_soup(seed)
    colour, _, depth = on_picture(mesh)
    expected_colour, expected_depth = shoot_rays(mesh, VIEW)
    same = np.isclose(depth, expected_depth, rtol=0.01)
    assert np.mean(~same) < 0.01  # pixels whose centre lies within 1/512 px of an edge
    assert np.isfinite(expected_depth).mean() > 0.3
    assert np.median(np.abs(colour - expected_colour)[same]) < 0.2
    assert np.mean(np.abs(colour - expected_colour)[same] > 3) < 0.01


def test_coverage_sums_to_the_area_on_the_picture():
    view = View(VIEW.camera_matrix, 64, 48, samples=4)
    _, coverage, depth = on_picture(square(2.0, side_m=0.53, centre_m=(0.013, 0.007)), view)
    assert coverage.sum() == pytest.approx((0.53 * 80 / 2) ** 2, rel=0.02)
    assert set(np.unique(coverage)) - {0.0, 1.0}
    np.testing.assert_allclose(depth[coverage > 0], 2.0, rtol=1e-6)


def test_a_sphere_covers_its_cone_of_sight():
    view = View(np.array([[300.0, 0, 160], [0, 300.0, 120], [0, 0, 1]]), 320, 240)
    _, coverage, depth = on_picture(sphere(0.5, (0, 0, 2)), view)
    radius_px = 300 * np.tan(np.arcsin(0.5 / 2))
    assert coverage.sum() == pytest.approx(np.pi * radius_px**2, rel=0.01)
    assert depth.min() == pytest.approx(1.5, abs=2e-3)


def test_neighbouring_faces_leave_no_gap():
    random = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41)), -1)
    grid[1:-1, 1:-1] += random.uniform(-0.012, 0.012, (39, 39, 2))
    vertices = np.column_stack([grid.reshape(-1, 2), random.uniform(1.9, 2.1, 41 * 41)])
    index = np.arange(41 * 41).reshape(41, 41)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([a, d, c], -1), np.stack([a, c, b], -1)]).reshape(-1, 3)
    mesh = Mesh(vertices, faces, np.full((len(vertices), 3), 90.0))
    view = View(np.array([[300.0, 0, 100], [0, 300.0, 100], [0, 0, 1]]), 200, 200)
    _, coverage, _ = on_picture(mesh, view)
    assert (coverage == 1).all()


@pytest.mark.parametrize("order", [(1.0, 2.0), (2.0, 1.0)])
def test_the_nearer_surface_is_in_front_in_either_order(order):
    meshes = [square(depth, side_m=0.2 * depth, colour=100 * depth) for depth in order]
    colour, coverage, depth = on_picture(joined(*meshes))
    np.testing.assert_allclose(colour[coverage > 0], 100, atol=1e-3)
    assert depth[coverage > 0].max() == pytest.approx(1.0)


def test_back_faces_are_not_drawn():
    front = square(2.0)
    assert draw_mesh(front, VIEW).coverage.sum() > 0
    assert draw_mesh(Mesh(front.vertices_m, front.faces[:, ::-1], front.colours), VIEW).coverage.sum() == 0


def test_a_triangle_through_the_near_plane_is_dropped():
    pierced = square(2.0)
    pierced.vertices_m[0, 2] = 0.01
    assert draw_mesh(pierced, VIEW).coverage.sum() == 0
    _, coverage, _ = on_picture(joined(pierced, square(3.0)))
    np.testing.assert_array_equal(coverage, on_picture(square(3.0))[1])


@pytest.mark.parametrize("centre_m", [(9.0, 0.0), (-9.0, 0.0), (0.0, 9.0), (0.0, -9.0)])
def test_a_mesh_outside_the_picture_gives_an_empty_layer(centre_m):
    assert draw_mesh(square(2.0, centre_m=centre_m), VIEW).coverage.size == 0
    behind = square(-2.0)
    assert draw_mesh(behind, VIEW).coverage.size == 0


def test_the_picture_s_edge_only_cuts():
    mesh = triangle_soup(3)
    offset = np.array([[0, 0, 40.0], [0, 0, 30.0], [0, 0, 0]])
    wide = on_picture(mesh, View(VIEW.camera_matrix + offset, 64 + 80, 48 + 60))
    for whole, cut in zip(wide, on_picture(mesh), strict=True):
        np.testing.assert_allclose(whole[30:78, 40:104], cut, atol=1e-4)


def test_normals_of_a_sphere_point_away_from_its_centre():
    ball = sphere(0.5, (0.3, -0.2, 2))
    normals = vertex_normals(ball.vertices_m, ball.faces)
    outward = (ball.vertices_m - (0.3, -0.2, 2)) / 0.5
    assert (normals * outward).sum(-1)[96:-96].min() > 0.999


def test_a_lamp_adds_its_strength_where_it_falls_square():
    mesh = square(2.0, colour=100.0)
    for lamp, expected in (((0, 0, -0.5), 70), ((0.5, 0, 0), 20), ((0, 0, 0.5), 20), ((0.3, 0, -0.4), 60)):
        colour, coverage, _ = on_picture(mesh, light=Light(0.2, np.array([lamp], dtype=float)))
        np.testing.assert_allclose(colour[coverage > 0], expected, atol=1e-3)


def test_blending_mixes_by_coverage_and_opacity_and_leaves_the_picture_alone():
    picture = np.full((48, 64, 3), 50, np.uint8)
    layer = draw_mesh(square(2.0, colour=150.0), View(VIEW.camera_matrix, 64, 48, samples=2), EVEN)
    mixed = blend(picture, layer, opacity=0.5)
    assert (picture == 50).all()
    assert mixed[24, 32].tolist() == [100, 100, 100]
    assert mixed[0, 0].tolist() == [50, 50, 50]
    assert (blend(picture, layer, opacity=0.0) == 50).all()


def test_colours_never_leave_their_range():
    layer = draw_mesh(square(2.0, colour=255.0), VIEW, Light(1.0, HEADLIGHT.lamps * 3))
    assert blend(np.full((48, 64, 3), 255, np.uint8), layer).max() == 255
    assert layer.colour.max() <= 255


@pytest.mark.parametrize("opacity", [1.0, 0.4])
def test_drawing_over_yuv_gives_what_drawing_over_rgb_gives(opacity):
    colour = np.array([200.0, 120, 40])
    shape, light = sphere(0.3, (0.1, 0, 2)), Light(0.3, np.array([[0.2, -0.3, -0.4]]))
    picture = np.full((48, 64, 3), (60, 90, 130), np.uint8)
    coloured = draw_mesh(replace(shape, colours=np.tile(colour, (len(shape.vertices_m), 1))), VIEW, light)
    grey = draw_mesh(replace(shape, colours=np.full((len(shape.vertices_m), 1), 255.0)), VIEW, light)
    planes = yuv_of(picture)
    blend_420(planes, grey, luma_and_differences(colour), opacity)
    expected = yuv_of(blend(picture, coloured, opacity))
    for name in ("luma", "blue", "red"):
        ours, theirs = (getattr(side, name).astype(int) for side in (planes, expected))
        np.testing.assert_allclose(ours, theirs, atol=2)
        assert np.ptp(theirs) > 10


def luma_and_differences(rgb: np.ndarray) -> np.ndarray:
    """By the slow way: ITU-R BT.709-6."""
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722]) / 255
    blue, red = (rgb[..., 2] / 255 - luma) / 1.8556, (rgb[..., 0] / 255 - luma) / 1.5748
    return np.stack([219 * luma, 224 * blue, 224 * red], axis=-1)


def yuv_of(rgb: np.ndarray) -> Planes:
    yuv = luma_and_differences(rgb.astype(float)) + np.array([16, 128, 128])
    height, width = rgb.shape[:2]
    halves = yuv.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    return Planes(*(plane.round().astype(np.uint8) for plane in (yuv[..., 0], halves[..., 1], halves[..., 2])))
