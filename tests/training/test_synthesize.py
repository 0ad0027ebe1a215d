"""Drawn sightings: the same for a seed, truthful, kept whole on disk; and the map that is fitted on such."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models import camera
from models.bodies import load_body
from models.errors import InputError
from models.rough_map import correct, mirror_features, mirror_points
from models.skeletons import LANDMARK_MIRROR
from stages.detect import blazepose
from tests.training.toy_mocap import stick_clip
from training.fit_rough_map import fit, measure, prepare
from training.synthesize import Sightings, concatenate, read, synthesize, write
from training.synthesize_view import random_look, random_region

BODY = load_body("free")
MATRIX = camera.pinhole(800.0, 640, 360)


@pytest.fixture(scope="module")
def seen() -> Sightings:
    """Three snippets of a walker."""
    found = synthesize((stick_clip(),), BODY, blazepose.load(), seed=5)
    return concatenate([next(found) for _ in range(3)])


def pixels_off(seen: Sightings) -> np.ndarray:
    """Mean distance of detected from true landmarks in sides of the region."""
    off = [
        np.linalg.norm(camera.project(truth_m, matrix) - landmarks_px, axis=1).mean() / region[2]
        for truth_m, matrix, landmarks_px, region in zip(
            seen.truth_m, seen.camera_matrix, seen.landmarks_px, seen.region, strict=True
        )
    ]
    return np.array(off)


def test_the_same_seed_gives_the_same_sightings(seen):
    again = next(synthesize((stick_clip(),), BODY, blazepose.load(), seed=5))
    other = next(synthesize((stick_clip(),), BODY, blazepose.load(), seed=6))
    first = seen.only(seen.snippet == seen.snippet[0])
    for field in dataclasses.fields(Sightings):
        assert np.array_equal(getattr(again, field.name), getattr(first, field.name)), field.name
    assert not np.array_equal(other.truth_m[:1], again.truth_m[:1])


def test_the_detector_sees_the_landmarks_where_the_truth_says(seen):
    assert np.median(pixels_off(seen)) < 0.03
    assert (seen.truth_m[..., 2] > 0).all()
    assert len(np.unique(seen.snippet)) == 3


def test_every_snippet_has_a_camera_of_its_own(seen):
    lenses = {snippet: np.unique(seen.camera_matrix[seen.snippet == snippet, 0, 0]) for snippet in seen.snippet}
    assert all(len(lens) == 1 for lens in lenses.values())
    assert len({float(lens[0]) for lens in lenses.values()}) == 3


def test_a_look_is_level_with_the_middle_and_its_axes_are_a_rotation():
    landmarks_m = np.random.default_rng(0).normal(0, 0.3, (4, 33, 3)) + np.array([2.0, 1.0, -3.0])
    for seed in range(20):
        look = random_look(landmarks_m, np.random.default_rng(seed))
        assert np.allclose(look.camera_from_world @ look.camera_from_world.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(look.camera_from_world) == pytest.approx(1)
        assert 0.3 <= look.camera_m[1] - landmarks_m[..., 1].min() <= 3.0
        assert (look.in_camera(landmarks_m).mean(axis=(0, 1))[2]) > 1.0


def test_a_region_turns_with_the_person():
    landmarks_px = np.random.default_rng(1).normal(0, 20, (33, 2)) + np.array([300, 200])
    landmarks_px[11:13] = [300, 120]
    landmarks_px[23:25] = [300, 220]
    lying = (landmarks_px - [300, 220]) @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + np.array([300, 220])
    upright, turned = (random_region(points, np.random.default_rng(2)) for points in (landmarks_px, lying))
    assert turned[2] == pytest.approx(upright[2])
    assert turned[3] - upright[3] == pytest.approx(np.pi / 2)


def test_what_was_written_is_read(seen, tmp_path: Path):
    write(tmp_path / "part_0.npz", seen)
    found = read(tmp_path)
    assert (found.clip == seen.clip).all()
    assert np.allclose(found.truth_m, seen.truth_m, atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["part_0.npz"]


def test_an_empty_folder_names_the_command(tmp_path: Path):
    with pytest.raises(InputError, match=r"training\.synthesize"):
        read(tmp_path)


def made_up(frames: int = 400, seed: int = 0) -> Sightings:
    """Sightings whose rough depth is the true one squeezed, without any other error."""
    rng = np.random.default_rng(seed)
    truth_m = rng.normal(0, 0.3, (frames, 33, 3)) + np.array([0.0, 0.0, 6.0])
    landmarks_px = camera.project(truth_m, MATRIX)
    region = np.column_stack([landmarks_px.mean(axis=1), np.full((frames, 2), [600.0, 0.0])])
    turn = camera.camera_from_ray(region[:, :2], MATRIX)
    look_m = np.einsum("fji,fpj->fpi", turn, truth_m)
    return Sightings(
        region=region,
        landmarks_px=landmarks_px,
        rough_m=(look_m - look_m[:, 23:25].mean(axis=1, keepdims=True)) * [1, 1, 0.6],
        visibility=np.ones((frames, 33)),
        score=np.ones(frames),
        truth_m=truth_m,
        camera_matrix=np.tile(MATRIX, (frames, 1, 1)),
        clip=np.full(frames, "none"),
        subject=np.full(frames, "nobody"),
        snippet=np.arange(frames),
    )


def test_squeezed_depth_is_stretched_back():
    examples = prepare(made_up())
    found_m = correct(fit(examples, 1e-6), prepare(made_up(seed=1)).features)
    figures = measure(found_m, prepare(made_up(seed=1)).truth_m)
    assert figures["mpjpe22_mm"] < 15
    assert figures["depth_slope"] == pytest.approx(1, abs=0.02)


def test_a_fitted_map_treats_a_mirror_image_alike():
    examples = prepare(made_up(60))
    rough_map = fit(examples, 1e-2)
    there = correct(rough_map, mirror_features(examples.features))
    assert np.allclose(there, mirror_points(correct(rough_map, examples.features)), atol=1e-9)


def test_a_heavy_ridge_leaves_the_rough_metres_alone():
    examples = prepare(made_up(60))
    found_m = correct(fit(examples, 1e6), examples.features)
    centred = found_m - found_m.mean(axis=0)
    rough_m = made_up(60).rough_m
    assert np.allclose(centred, rough_m - rough_m.mean(axis=0), atol=1e-3)


def test_exchanged_sides_are_put_right_and_strangers_left_out():
    seen, order = made_up(40), list(LANDMARK_MIRROR)
    landmarks_px, rough_m = seen.landmarks_px.copy(), seen.rough_m.copy()
    landmarks_px[:10], rough_m[:10] = landmarks_px[:10][:, order], rough_m[:10][:, order]
    landmarks_px[10:15] += 200.0
    fooled = prepare(dataclasses.replace(seen, landmarks_px=landmarks_px, rough_m=rough_m))
    whole = prepare(seen)
    assert np.allclose(fooled.features, np.delete(whole.features, np.s_[10:15], axis=0))
