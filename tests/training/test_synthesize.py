"""Drawn sightings: the same for a seed, truthful, read as the pipeline reads, kept whole on disk."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models import camera
from models.bodies import load_body
from models.bodies.body import rest_joints
from models.errors import InputError
from models.kinematics import bone_offsets
from models.raster import View
from models.skeletons import SMPL_MIRROR, SMPL_PARENTS
from stages.detect import blazepose
from tests.training.toy_mocap import stick_clip
from training import synthesize
from training.retarget import retarget
from training.sightings import Readings, Snippets, read, turns_of, write
from training.synthesize_motion import Stock, mirrored
from training.synthesize_spoil import random_spoil, spoil_picture
from training.synthesize_view import random_look, seen_regions, true_region
from training.true_motion import TrueMotion, mean_rest_joints_m

BODY = load_body("free")
FIELDS = [field.name for field in dataclasses.fields(Snippets)]


def stock() -> Stock:
    """One walker."""
    clip = stick_clip(frames=90)
    pose = retarget(clip, mean_rest_joints_m())
    named = {name: getattr(clip, name) for name in ("subject", "family", "action", "rate_hz")}
    motion = TrueMotion(
        clip="walk", parent_from_joint=pose.parent_from_joint, pelvis_m=pose.pelvis_m, whole=True, **named
    )
    return Stock((motion,), np.ones(1))


@pytest.fixture(scope="module")
def studio() -> synthesize.Studio:
    return synthesize.Studio(stock(), BODY, blazepose.load())


@pytest.fixture(scope="module")
def seen(studio) -> Snippets:
    """Three snippets of a walker."""
    return Snippets.concatenate([synthesize.film(studio, (5, 0, index)) for index in range(3)])


def test_the_same_seed_gives_the_same_snippet(studio, seen):
    again, other = synthesize.film(studio, (5, 0, 1)), synthesize.film(studio, (6, 0, 1))
    for name in FIELDS:
        assert np.array_equal(getattr(again, name), getattr(seen, name)[1:2]), name
    assert not np.array_equal(other.truth_m, again.truth_m)


def test_the_detector_sees_what_is_shown_where_the_truth_says(seen):
    frames = seen.as_read()
    true_px = np.array([camera.project(t, k) for t, k in zip(frames.truth_m, frames.camera_matrix, strict=True)])
    off = np.linalg.norm(true_px - frames.landmarks_px, axis=2) / frames.region[:, 2:3]
    shown = seen.shown.reshape(-1, 33) & (frames.score > 0.5)[:, None]
    assert np.median(off[shown]) < 0.03
    assert shown.mean() > 0.5


def test_the_joints_hang_together_by_the_turns_and_the_betas(seen):
    turns = turns_of(seen.camera_from_joint)
    offset_m = np.array(
        [bone_offsets(SMPL_PARENTS, rest_joints(BODY, torch.from_numpy(b).float())) for b in seen.betas]
    )
    parents = list(SMPL_PARENTS[1:])
    bone_m = np.einsum("sfjab,sjb->sfja", turns[:, :, parents], offset_m[:, 1:])
    assert np.allclose(seen.joints_m[:, :, 1:] - seen.joints_m[:, :, parents], bone_m, atol=1e-4)


def test_a_camera_is_static_and_upright_to_its_own_degree(seen):
    assert np.allclose(seen.camera_from_world @ seen.camera_from_world.swapaxes(1, 2), np.eye(3), atol=1e-9)
    assert (seen.camera_from_world[:, 1, 1] < -0.2).all()
    assert len({float(matrix[0, 0]) for matrix in seen.camera_matrix}) == 3


def test_both_readings_average_to_what_the_pipeline_reads(studio):
    picture = np.random.default_rng(0).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    region = np.array([[100.0, 150.0, 280.0, 0.2]])
    both = Readings(*(np.array(values)[None] for values in synthesize.read_both(studio.networks, picture, region[0])))
    whole = blazepose.read_twice(studio.networks.landmarks, blazepose.cut_crops(picture, region), region)[1]
    names = ("landmarks_px", "rough_m", "visibility", "score")
    for name, found in zip(names, both.mean(), strict=True):
        assert np.allclose(found, getattr(whole, name), atol=1e-9), name


def test_exchanged_limbs_of_a_mirror_image_are_put_right_before_the_mean():
    rng = np.random.default_rng(0)
    plain = Readings(*(rng.normal(0, 1, (4, 1, 33, *tail)) for tail in ((2,), (3,), ())), score=np.ones((4, 1)))
    twin = {name: getattr(plain, name).copy() for name in ("landmarks_px", "rough_m", "visibility")}
    legs, order = np.arange(23, 33), np.array([*range(23), 24, 23, 26, 25, 28, 27, 30, 29, 32, 31])
    for values in twin.values():
        values[:] = values[:, :, order]
    both = Readings(
        **{name: np.concatenate([getattr(plain, name), values], axis=1) for name, values in twin.items()},
        score=np.ones((4, 2)),
    )
    pixels, rough_m, visibility, _ = both.mean()
    assert np.allclose(pixels, plain.landmarks_px[:, 0])
    assert np.allclose(rough_m[:, legs], plain.rough_m[:, 0, legs])
    assert np.allclose(visibility, plain.visibility[:, 0])


def test_a_mirror_turns_left_into_right_and_back():
    pose = stock().motions[0]
    local, pelvis_m = mirrored(pose.parent_from_joint, pose.pelvis_m)
    again = mirrored(local, pelvis_m)
    assert np.allclose(again[0], pose.parent_from_joint)
    assert np.allclose(again[1], pose.pelvis_m)
    assert np.allclose(np.linalg.det(local), 1)
    vectors = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(-1, 24, 3)
    source = Rotation.from_matrix(pose.parent_from_joint.reshape(-1, 3, 3)).as_rotvec().reshape(-1, 24, 3)
    assert np.allclose(vectors, source[:, list(SMPL_MIRROR)] * [1, -1, -1], atol=1e-9)


def test_a_look_is_level_with_the_middle_and_its_axes_are_a_rotation():
    landmarks_m = np.random.default_rng(0).normal(0, 0.3, (4, 33, 3)) + np.array([2.0, 1.0, -3.0])
    for seed in range(20):
        look = random_look(landmarks_m, np.random.default_rng(seed))
        assert np.linalg.det(look.camera_from_world) == pytest.approx(1)
        assert 0.3 <= look.camera_m[1] - landmarks_m[..., 1].min() <= 3.0
        assert look.in_camera(landmarks_m)[..., 2].min() > 0.2


def crowd_px() -> np.ndarray:
    """Landmarks of somebody upright who moves evenly, some pixels apart."""
    landmarks_px = np.random.default_rng(1).normal(0, 20, (33, 2)) + np.array([300, 200])
    landmarks_px[11:13] = [300, 120]
    landmarks_px[23:25] = [300, 220]
    return landmarks_px + np.arange(32)[:, None, None] * np.array([3.0, 0.0])


def test_a_region_turns_with_the_person():
    upright_px = crowd_px()[0]
    lying_px = (upright_px - [300, 220]) @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + np.array([300, 220])
    upright, lying = true_region(upright_px), true_region(lying_px)
    assert lying[2] == pytest.approx(upright[2])
    assert lying[3] - upright[3] == pytest.approx(np.pi / 2)


def test_regions_are_off_smoothly_as_in_a_video():
    off = list[np.ndarray]()
    for seed in range(30):
        region = seen_regions(crowd_px(), 15.0, np.random.default_rng(seed))
        truth = np.array([true_region(points_px) for points_px in crowd_px()])
        off.append(np.log(region[:, 2] / truth[:, 2]))
    steady = np.array(off)
    assert 0.01 < steady.mean(axis=1).std() < 0.2
    own = steady - steady.mean(axis=1, keepdims=True)
    assert (own[:, 1:] * own[:, :-1]).mean() / (own**2).mean() > 0.4


def test_faults_stay_inside_the_region_and_the_picture_stays_as_it_was():
    view = View(camera.pinhole(500.0, 400, 300), 400, 300)
    picture = np.full((300, 400, 3), 128, np.uint8)
    region = np.array([330.0, 80.0, 120.0, 0.1])
    changed, none = 0, np.zeros((0, 4), int)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        spoil = dataclasses.replace(random_spoil(crowd_px(), view, rng), covers_px=none, cover_colour=none[:, :3] * 1.0)
        spoilt = spoil_picture(picture, spoil, region, rng)
        assert (picture == 128).all()
        assert (spoilt[160:] == 128).all()
        assert (spoilt[:, :248] == 128).all()
        changed += int((spoilt != picture).any())
    assert changed > 6


def test_what_stands_in_front_hides_what_is_behind():
    view = View(camera.pinhole(500.0, 640, 480), 640, 480)
    spoils = [random_spoil(crowd_px(), view, np.random.default_rng(seed)) for seed in range(40)]
    covered = [spoil for spoil in spoils if len(spoil.covers_px)]
    assert 3 < len(covered) < 20
    for spoil in covered:
        left, top, right, bottom = spoil.covers_px[0]
        inside, outside = [(left + right) / 2, (top + bottom) / 2], [-50.0, -50.0]
        assert spoil.hides(np.array([inside, outside])).tolist() == [right - left > 1 and bottom - top > 1, False]


def test_what_was_written_is_read(seen, tmp_path: Path):
    write(tmp_path / "part_0_0000.npz", seen)
    found = read(tmp_path)
    assert (found.clip == seen.clip).all()
    assert np.allclose(found.truth_m, seen.truth_m, atol=1e-5)
    crop_px = np.abs(found.landmarks_px - seen.landmarks_px) / seen.region[:, :, None, None, 2:3] * 256
    assert np.quantile(crop_px, 0.99) < 0.07
    assert np.abs(found.rough_m - seen.rough_m).max() < 1e-3
    assert np.allclose(turns_of(found.camera_from_joint), turns_of(seen.camera_from_joint), atol=2e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["part_0_0000.npz"]


def test_parts_that_are_there_are_left_alone(studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(synthesize, "PART", 1)
    monkeypatch.setattr(synthesize, "read_stock", lambda folders: studio.stock)
    (tmp_path / "part_5_0000.npz").write_bytes(b"mine")
    synthesize.main((tmp_path,), tmp_path, frames=64, seed=5)
    assert (tmp_path / "part_5_0000.npz").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part_5_0000.npz", "part_5_0001.npz"]


def test_an_empty_folder_names_the_command(tmp_path: Path):
    with pytest.raises(InputError, match=r"training\.synthesize"):
        read(tmp_path)
