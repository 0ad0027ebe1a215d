"""Filmed motions: the truth beside a clip is where the picture shows the body."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks, rest_vertices
from models.camera import pinhole, project
from models.errors import InputError
from models.raster import View
from models.skeletons import SMPL_INDEX
from training.appearance import dress
from training.body_motion import BodyMotion, read_motion
from training.render_clip import Shot, film, place
from training.scene import Camera, backdrop, darken

BODY = load_body("free")
SHOT = Shot(width_px=192, height_px=128, seed=3)
VIEW = View(pinhole(160.0, 192, 128), 192, 128)


def swaying(frames: int = 5) -> BodyMotion:
    rotation = np.tile(np.eye(3), (frames, 24, 1, 1))
    trans_m = np.stack([np.linspace(0, 0.4, frames), np.full(frames, 0.95), np.zeros(frames)], axis=-1)
    return BodyMotion(BODY, np.zeros(BODY.beta_count), rotation, trans_m, 30.0)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    path = tmp_path_factory.mktemp("film") / "sway.mp4"
    film(swaying(), SHOT, path)
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(video=0)]
    return frames, dict(np.load(path.with_name("sway_truth.npz"), allow_pickle=False))


def camera_of(truth: dict[str, np.ndarray], points_m: np.ndarray) -> np.ndarray:
    pose = truth["world_from_camera"]
    return project((points_m - pose[:3, 3]) @ pose[:3, :3], truth["camera_matrix"])


def test_the_picture_changes_where_the_truth_moves(filmed):
    frames, truth = filmed
    assert len(frames) == len(truth["poses"]) == 5
    first, last = (camera_of(truth, truth["landmarks_m"][index]) for index in (0, -1))
    changed = np.abs(frames[-1] - frames[0]).max(axis=-1) > 40
    row, column = np.nonzero(changed)
    seen = np.concatenate([first, last])
    assert abs(column.min() - seen[:, 0].min()) < 6
    assert seen[:, 0].max() - 6 < column.max()  # further right lies the shadow
    assert seen[:, 1].min() - 12 < row.min() < seen[:, 1].min()  # the crown is above the eyes


def test_everything_stays_inside_the_picture(filmed):
    _, truth = filmed
    pixels = camera_of(truth, truth["landmarks_m"])
    assert (pixels > 0).all()
    assert (pixels < (SHOT.width_px, SHOT.height_px)).all()


def test_the_truth_is_the_body_in_its_pose(filmed, tmp_path: Path):
    _, truth = filmed
    path = tmp_path / "again.npz"
    np.savez(path, allow_pickle=False, **truth)
    motion = read_motion(path, BODY)
    for pose, key in ((pose_joints, "joints_m"), (pose_landmarks, "landmarks_m")):
        np.testing.assert_allclose(pose(BODY, *motion.posed()).numpy(), truth[key], atol=1e-5)


def test_turning_a_motion_keeps_its_floor_and_its_distances():
    motion = swaying()
    camera = Camera(VIEW, 1.4, 0.1)
    placed = place(motion, camera, 1.2)
    before, after = (pose_joints(BODY, *m.posed()).double().numpy() for m in (motion, placed))
    np.testing.assert_allclose(after[..., 1], before[..., 1], atol=1e-5)
    distance = [np.linalg.norm(joints[:, :, None] - joints[0, 0], axis=-1) for joints in (before, after)]
    np.testing.assert_allclose(distance[1], distance[0], atol=1e-5)
    turned = (after[-1, 0] - after[0, 0]) @ (before[-1, 0] - before[0, 0]) / 0.4**2
    assert turned == pytest.approx(np.cos(1.2), abs=1e-4)


def test_a_motion_without_its_shape_is_refused(tmp_path: Path):
    np.savez(tmp_path / "bare.npz", poses=np.zeros((2, 72)), trans=np.zeros((2, 3)))
    with pytest.raises(InputError, match="betas"):
        read_motion(tmp_path / "bare.npz", BODY)


def test_the_camera_s_axes_are_a_rotation_and_points_come_back():
    camera = Camera(VIEW, 1.4, 0.3)
    pose = camera.world_from_camera
    points = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    np.testing.assert_allclose(camera.in_camera(points) @ pose[:3, :3].T + pose[:3, 3], points, atol=1e-12)
    ahead = camera.in_camera(np.array([0, 1.4, -2.0]))
    assert ahead[2] > 0 > ahead[1]  # the camera looks down, so that its own height lies above the middle


def test_a_shadow_lies_where_the_body_stands_and_nowhere_else():
    camera = Camera(VIEW, 1.4, 0.2)
    empty = backdrop(camera, 8.0, seed=1)
    motion = place(swaying(1), camera, 0.0)
    skin_m = pose_landmarks(BODY, *motion.posed())[0].double().numpy()
    box = np.array([[x, y, z] for x in (-0.1, 0.1) for y in (0.0, 0.5) for z in (-0.1, 0.1)]) + skin_m.mean(axis=0) * (
        1,
        0,
        1,
    )
    faces = np.array(
        [
            [0, 1, 3],
            [0, 3, 2],
            [4, 6, 7],
            [4, 7, 5],
            [2, 3, 7],
            [2, 7, 6],
            [0, 4, 5],
            [0, 5, 1],
            [1, 5, 7],
            [1, 7, 3],
            [0, 2, 6],
            [0, 6, 4],
        ]
    )
    shaded = darken(empty, camera, [box], [faces])
    column, row = project(camera.in_camera(box[[0, 1, 4, 5]]).mean(axis=0), camera.view.camera_matrix).astype(int)
    assert shaded[row, column].sum() < 0.8 * empty[row, column].sum()
    np.testing.assert_array_equal(shaded[:40], empty[:40])


def test_clothes_depend_on_the_seed_alone_and_have_two_equal_sides():
    rest_m = rest_vertices(BODY, torch.zeros(BODY.beta_count)).double().numpy()
    first, again, other = dress(BODY, rest_m, 1), dress(BODY, rest_m, 1), dress(BODY, rest_m, 2)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.min() >= 0
    assert first.max() <= 255
    owner = BODY.skin_matrix.argmax(dim=1).numpy()
    for part in ("knee", "shoulder", "foot"):
        left, right = (np.median(first[owner == SMPL_INDEX[f"{side}_{part}"]], axis=0) for side in ("left", "right"))
        np.testing.assert_allclose(left, right, atol=4)
