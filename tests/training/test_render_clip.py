"""Filmed motions: the truth beside a clip is where the picture shows the body."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks, pose_vertices, rest_vertices
from models.camera import pinhole, project
from models.errors import InputError
from models.raster import View
from models.skeletons import SMPL_INDEX
from tests.training.toy_mocap import stick_clip
from training import body_motion
from training.appearance import dress
from training.body_motion import BodyMotion, at_rate, captured_motion, read_motion
from training.render_clip import Arguments, Shot, film, main, place, truth
from training.scene import Camera, backdrop, darken

ROOT = Path(__file__).parents[2]
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


def test_a_camera_can_be_placed_in_the_motion_s_own_world(tmp_path: Path):
    shot = replace(SHOT, camera_m=(2.0, 1.5, 3.0), look_at_m=(0.2, 0.9, 0.0))
    motion = swaying(2)
    film(motion, shot, tmp_path / "a.mp4")
    said = dict(np.load(tmp_path / "a_truth.npz"))
    seen = camera_of(said, said["joints_m"])
    way_m = np.subtract(shot.look_at_m, shot.camera_m)
    forward = way_m / np.linalg.norm(way_m)
    right = np.cross(forward, (0, 1, 0)) / np.linalg.norm(np.cross(forward, (0, 1, 0)))
    axes = np.stack([right, np.cross(forward, right), forward])
    straight_m = (pose_joints(BODY, *motion.posed()).double().numpy() - shot.camera_m) @ axes.T
    np.testing.assert_allclose(seen, project(straight_m, said["camera_matrix"]), atol=1e-2)
    assert said["world_from_camera"][1, 3] == 1.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width_px": 191}, "191 x 128"),
        ({"height_px": 0}, "even sides"),
        ({"view_deg": 180.0}, "180"),
        ({"camera_m": (0.0, 1.0, 3.0)}, "by half"),
        ({"camera_m": (0.0, 1.0, 3.0), "look_at_m": (0.0, 0.0, 3.0)}, "straight up or down"),
        ({"camera_m": (0.0, 1.0, 1.0), "look_at_m": (0.0, 1.0, 0.0)}, "does not see all"),
        ({"camera_m": (0.0, 1.0, 3.0), "look_at_m": (0.0, 1.0, 9.0)}, "does not see all"),
        ({"view_deg": 2.0}, "does not fit"),
    ],
)
def test_impossible_pictures_are_refused(tmp_path: Path, changes: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        film(swaying(2), replace(SHOT, **changes), tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"poses": np.zeros((2, 72)), "trans": np.zeros((2, 3))}, "betas"),
        ({"poses": np.zeros((2, 156))}, "24 joints"),
        ({"trans": np.zeros((3, 3))}, "24 joints"),
        ({"betas": np.zeros(3)}, "3 were given"),
        ({"trans": np.full((2, 3), np.nan)}, "no numbers"),
    ],
)
def test_a_motion_of_another_form_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray], words: str):
    whole = {"poses": np.zeros((2, 72)), "trans": np.zeros((2, 3)), "betas": np.zeros(BODY.beta_count)}
    chosen = arrays if words == "betas" else whole | arrays
    np.savez(tmp_path / "a.npz", allow_pickle=False, mocap_framerate=30.0, **chosen)
    with pytest.raises(InputError, match=words):
        read_motion(tmp_path / "a.npz", BODY)


def test_betas_can_be_given_in_place_of_the_motion_s(tmp_path: Path):
    np.savez(tmp_path / "a.npz", poses=np.zeros((2, 72)), trans=np.zeros((2, 3)), mocap_framerate=30.0)
    betas = tuple(np.linspace(0, 1, BODY.beta_count).tolist())
    np.testing.assert_allclose(read_motion(tmp_path / "a.npz", BODY, betas).betas, betas)
    (tmp_path / "text.npz").write_text("no arrays")
    with pytest.raises(InputError, match=r"text\.npz is not an \.npz"):
        read_motion(tmp_path / "text.npz", BODY)


def test_another_rate_keeps_duration_and_the_samples_that_both_share():
    motion = replace(swaying(9), parent_from_joint=Rotation.random(9 * 24, 0).as_matrix().reshape(9, 24, 3, 3))
    double, half = at_rate(motion, 60.0), at_rate(motion, 15.0)
    assert (len(double), len(half)) == (17, 5)
    for name in ("parent_from_joint", "trans_m"):
        np.testing.assert_allclose(getattr(double, name)[::2], getattr(motion, name), atol=1e-9)
        np.testing.assert_allclose(getattr(half, name), getattr(motion, name)[::2], atol=1e-9)
    np.testing.assert_allclose(double.trans_m[1], motion.trans_m[:2].mean(axis=0), atol=1e-9)
    middle = Rotation.from_matrix(double.parent_from_joint[1]) * Rotation.from_matrix(motion.parent_from_joint[0]).inv()
    whole = Rotation.from_matrix(motion.parent_from_joint[1]) * Rotation.from_matrix(motion.parent_from_joint[0]).inv()
    np.testing.assert_allclose(2 * middle.magnitude(), whole.magnitude(), atol=1e-6)


def test_a_captured_clip_stands_on_the_floor_of_any_body(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body_motion, "read_clips", lambda _folder: iter([stick_clip(20)]))
    motion = captured_motion(Path("shards"), "walk", BODY)
    soles_m = pose_vertices(BODY, *motion.posed())[..., 1].min(dim=1).values.numpy()
    assert soles_m.min() == pytest.approx(0, abs=0.01)
    assert motion.rate_hz == 30
    with pytest.raises(InputError, match="'run'"):
        captured_motion(Path("shards"), "run", BODY)


def test_the_command_films_as_it_is_told(tmp_path: Path):
    np.savez(tmp_path / "a.npz", allow_pickle=False, **truth_of(swaying(2)))
    shot = Shot(width_px=128, height_px=192)
    main(Arguments(str(tmp_path / "a.npz"), tmp_path / "b" / "c.mp4", shot, rate_hz=60.0))
    with av.open(str(tmp_path / "b/c.mp4")) as video:
        assert video.streams.video[0].average_rate == 60
        assert [(frame.width, frame.height) for frame in video.decode(video=0)] == [(128, 192)] * 3
    with pytest.raises(InputError, match="--mocap"):
        main(Arguments("walk_01", tmp_path / "d.mp4"))
    with pytest.raises(InputError, match="not above 0"):
        main(Arguments(str(tmp_path / "a.npz"), tmp_path / "d.mp4", rate_hz=0.0))


def test_the_command_line_tells_what_is_wrong_in_a_line():
    command = [sys.executable, "-m", "training.render_clip", "nowhere.npz", "--out", "never.mp4"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: nowhere.npz does not exist")
    assert "Traceback" not in done.stderr


def truth_of(motion: BodyMotion) -> dict[str, Any]:
    return truth(motion, Camera(VIEW, 1.4, 0.1))
