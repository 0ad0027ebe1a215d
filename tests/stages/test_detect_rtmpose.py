"""RTMPose through rtmlib: points lie where the network says, on the right landmarks; other files are refused."""

import re
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from models.bodies.regressors import point_names
from models.errors import ConfigError, WeightsError
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR, LANDMARKS
from stages import detect
from stages.detect import point_sets, regions, rtmpose
from stages.detect.reading import Reading
from stages.ingest import Config as IngestConfig
from stages.ingest import run as ingest

ROOT = Path(__file__).parents[2]
TURN = ROOT / "samples" / "turn.mp4"
PACKAGES = ROOT / ".rtmpose"
INSTALL = f"pip install --no-deps --target {PACKAGES.name} -r requirements-rtmpose.txt -r tests/envs/onnx.txt"
# Behind everything else, so that it stands in for nothing.
sys.path.append(str(PACKAGES))
MISSING = [name for name in ("rtmlib", "onnxruntime", "onnx") if find_spec(name) is None]
needs_rtmlib = pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not here: {INSTALL}")

GREY = np.full((480, 640, 3), (124, 116, 104), np.uint8)


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    return import_module("tests.stages.toy_onnx")


def reading_of(landmarks_px: np.ndarray, region: np.ndarray) -> Reading:
    draw, count = np.random.default_rng(3), len(landmarks_px)
    return Reading(
        landmarks_px=landmarks_px,
        rough_m=draw.normal(0, 0.3, (count, 33, 3)),
        visibility=draw.random((count, 33)),
        presence=draw.random((count, 33)),
        score=np.ones(count),
        next_region=region,
    )


def grid(count: int, region: np.ndarray) -> np.ndarray:
    """Places for as many points within a region."""
    side = int(np.ceil(np.sqrt(count)))
    unit = np.stack(np.meshgrid(*[np.linspace(0.2, 0.8, side)] * 2), axis=-1).reshape(1, -1, 2)[:, :count]
    return regions.picture_from_crop(unit, region[None])[0]


def test_a_crops_frame_is_the_inverse_of_the_pictures():
    draw = np.random.default_rng(0)
    region = np.column_stack([draw.uniform(0, 500, (3, 2)), draw.uniform(50, 300, 3), draw.uniform(-3, 3, 3)])
    points = draw.random((3, 7, 2))
    again = regions.crop_from_picture(regions.picture_from_crop(points, region), region)
    np.testing.assert_allclose(again, points, atol=1e-12)


@pytest.mark.parametrize(("count", "set_name"), [(17, "coco17"), (26, "halpe26")])
def test_landmarks_come_from_the_points_of_their_names(count, set_name):
    names = [spelt(name) for name in point_names(set_name)]
    assert len(names) == count
    for landmark, place in zip(LANDMARKS, point_sets.landmark_sources(count), strict=True):
        if place >= 0:
            assert names[place] == landmark
        else:
            assert landmark not in names


def spelt(name: str) -> str:
    """`LBigToe` as `left_foot_index`."""
    name = re.sub(r"^([LR])(?=[A-Z])", lambda found: {"L": "left_", "R": "right_"}[found[1]], name)
    return name.lower().replace("bigtoe", "foot_index")


@pytest.mark.parametrize("count", point_sets.KNOWN)
def test_both_sides_of_the_body_have_the_same_landmarks(count):
    known = point_sets.landmark_sources(count) >= 0
    np.testing.assert_array_equal(known, known[list(LANDMARK_MIRROR)])
    assert known.sum() == {17: 17, 26: 21, 133: 33}[count]


def test_sides_of_a_whole_body_keep_a_fixed_distance_in_its_order():
    """In hands and feet the right side repeats the left; in the face it runs the other way round."""
    source = point_sets.landmark_sources(133)
    at = {name: int(place) for name, place in zip(LANDMARKS, source, strict=True)}
    assert {at[f"right_{name}"] - at[f"left_{name}"] for name in ("thumb", "index", "pinky")} == {21}
    assert {at[f"right_{name}"] - at[f"left_{name}"] for name in ("heel", "foot_index")} == {3}
    # Of 68 points about a face from 0, eyes are 36..47 and the mouth 48..67, each clockwise from the picture's left.
    eyes = {at[f"{side}_eye_{corner}"] - 23 for side in ("left", "right") for corner in ("inner", "outer")}
    assert eyes == {36, 39, 42, 45}
    assert (at["mouth_right"] - 23, at["mouth_left"] - 23) == (48, 54)


# Merging


def test_pixels_and_confidence_are_the_second_networks_where_it_is_sure_and_only_there():
    draw = np.random.default_rng(1)
    reading = reading_of(draw.uniform(100, 300, (2, 33, 2)), np.tile([200.0, 200.0, 300.0, 0.0], (2, 1)))
    confidence = np.where(draw.random((2, 33)) < 0.5, 0.9, 0.1)
    points = rtmpose.Points(reading.landmarks_px + draw.normal(0, 2, (2, 33, 2)), confidence)
    merged = rtmpose.merge(reading, points)
    sure = confidence > 0.5
    np.testing.assert_array_equal(merged.landmarks_px[sure], points.landmarks_px[sure])
    np.testing.assert_array_equal(merged.visibility[sure], 0.9)
    np.testing.assert_array_equal(merged.landmarks_px[~sure], reading.landmarks_px[~sure])
    np.testing.assert_array_equal(merged.visibility[~sure], reading.visibility[~sure])
    np.testing.assert_array_equal(merged.rough_m, reading.rough_m)


def test_where_blazepose_took_the_legs_the_wrong_way_round_depth_and_feet_change_sides():
    draw = np.random.default_rng(2)
    truth_px = draw.uniform(0, 400, (1, 33, 2))
    reading = reading_of(truth_px, np.array([[200.0, 200.0, 400.0, 0.0]]))
    legs = np.arange(23, 33)
    mirror = np.arange(33)
    mirror[legs] = np.array(LANDMARK_MIRROR)[legs]
    wrong = replace(reading, landmarks_px=reading.landmarks_px[:, mirror], rough_m=reading.rough_m[:, mirror])
    confidence = (point_sets.landmark_sources(17) >= 0)[None] * 0.8
    merged = rtmpose.merge(wrong, rtmpose.Points(truth_px + 1, confidence))
    np.testing.assert_array_equal(merged.rough_m, reading.rough_m)
    heel = LANDMARK_INDEX["left_heel"]
    np.testing.assert_array_equal(merged.landmarks_px[:, heel], truth_px[:, heel])


# Networks


@needs_rtmlib
@pytest.mark.parametrize("count", point_sets.KNOWN)
@pytest.mark.parametrize("roll", [0.0, 1.2])
def test_points_are_where_their_colours_are(tmp_path, toy, count, roll):
    network = rtmpose.load_points(toy.write_points(tmp_path / "end2end.onnx", count))
    region = np.array([310.0, 235.0, 420.0, roll])
    true_px = grid(count, region)
    picture = toy.paint(GREY, dict(enumerate(true_px)), count, 6)
    points = network.read(picture, reading_of(np.tile(grid(36, region)[:33], (1, 1, 1)), region[None]))
    source = point_sets.landmark_sources(count)
    known = source >= 0
    assert points.confidence[0, known].min() > rtmpose.SURE
    np.testing.assert_array_equal(points.confidence[0, ~known], 0)
    # A pixel of the network's crop is two of the picture.
    np.testing.assert_allclose(points.landmarks_px[0, known], true_px[source[known]], atol=2.5)
    assert np.abs(np.mean(points.landmarks_px[0, known] - true_px[source[known]])) < 0.7


@needs_rtmlib
def test_a_point_that_is_not_there_is_not_believed(tmp_path, toy):
    network = rtmpose.load_points(toy.write_points(tmp_path / "end2end.onnx", 17))
    region = np.array([310.0, 235.0, 420.0, 0.0])
    shown = {index: point for index, point in enumerate(grid(17, region)) if index != 9}
    picture = toy.paint(GREY, shown, 17, 6)
    points = network.read(picture, reading_of(grid(36, region)[None, :33], region[None]))
    source = point_sets.landmark_sources(17)
    wrist = LANDMARK_INDEX["left_wrist"]
    assert source[wrist] == 9
    assert points.confidence[0, wrist] < rtmpose.SURE < np.delete(points.confidence[0, source >= 0], 9).min()


@needs_rtmlib
def test_nobody_has_no_points(tmp_path, toy):
    network = rtmpose.load_points(toy.write_points(tmp_path / "end2end.onnx", 17))
    points = network.read(GREY, reading_of(np.zeros((0, 33, 2)), np.zeros((0, 4))))
    assert points.landmarks_px.shape == (0, 33, 2) and points.confidence.shape == (0, 33)


SIDE = 64
LOOK = np.array([320.0, 240.0, 640.0, 0.0])


@needs_rtmlib
@pytest.mark.parametrize("kind", ["yolox", "rtmdet"])
def test_boxes_become_regions_about_people(tmp_path, toy, kind):
    boxes = np.array([[[10, 20, 20, 50, 0.9], [30, 30, 40, 50, 0.05]]], np.float32)
    path = toy.write_fixed(tmp_path / "end2end.onnx", [1, 3, SIDE, SIDE], dets=boxes)
    found = rtmpose.load_people(path, kind, 0.3).regions(GREY, LOOK)
    # 64 pixels of the network are 640 of the picture, of which 80 lie above it.
    np.testing.assert_allclose(found, [[150, 350 - 80, 1.25 * 300, 0]], atol=1e-3)


@needs_rtmlib
@pytest.mark.parametrize("kind", ["yolox", "rtmdet"])
def test_of_boxes_with_classes_people_alone_count(tmp_path, toy, kind):
    """Anchors of strides 8, 16 and 32 from the upper left corner; size as its logarithm; people are class 0."""
    raw = np.zeros((1, 64 + 16 + 4, 7), np.float32)
    raw[0, 0] = [1.5, 2.5, np.log(2), np.log(4), 0.9, 0.9, 0.0]
    raw[0, 40] = [0, 0, np.log(2), np.log(4), 0.9, 0.0, 0.9]
    path = toy.write_fixed(tmp_path / "end2end.onnx", [1, 3, SIDE, SIDE], output=raw)
    found = rtmpose.load_people(path, kind, 0.3).regions(GREY, LOOK)
    np.testing.assert_allclose(found, [[120, 200 - 80, 1.25 * 320, 0]], atol=1e-3)


# The whole stage


@needs_rtmlib
def test_in_a_film_points_are_rtmposes_and_all_else_blazeposes(tmp_path, toy):
    """The network puts all its points on the middle of the person's box, whatever it is shown."""
    clip = ingest(IngestConfig(max_frames=3), TURN)
    path = toy.write_fixed(tmp_path / "p.onnx", [1, 3, 256, 192], **toy.simcc_at(np.full((17, 2), 0.5)))
    plain = detect.run(detect.Config(), TURN, clip)
    ours = detect.run(detect.Config(detector="rtmpose", rtmpose_pose=path), TURN, clip)
    known = point_sets.landmark_sources(17) >= 0
    np.testing.assert_array_equal(ours.frame_index, [0, 1, 2])
    np.testing.assert_array_equal(ours.visibility[:, known], 1)
    corners = [edge(plain.landmarks_px, axis=1) for edge in (np.min, np.max)]
    middle_px = np.broadcast_to(np.mean(corners, axis=0)[:, None], (3, known.sum(), 2))
    np.testing.assert_allclose(ours.landmarks_px[:, known], middle_px, atol=10)
    np.testing.assert_array_equal(ours.landmarks_px[:, ~known], plain.landmarks_px[:, ~known])
    np.testing.assert_array_equal(ours.rough_m, plain.rough_m)
    assert detect.reads(detect.Config(detector="rtmpose", rtmpose_pose=path))[-1] == path


@needs_rtmlib
def test_in_a_film_people_are_those_whom_the_detector_finds(tmp_path, toy):
    clip = ingest(IngestConfig(max_frames=2), TURN)
    points = toy.write_fixed(tmp_path / "p.onnx", [1, 3, 256, 192], **toy.simcc_at(np.full((17, 2), 0.5)))
    seen = detect.run(detect.Config(), TURN, clip)
    low, high = seen.landmarks_px[0].min(axis=0), seen.landmarks_px[0].max(axis=0)
    side = max(clip.width_px, clip.height_px)
    above = (side - np.array([clip.width_px, clip.height_px])) / 2
    box = np.concatenate([low + above, high + above]) * SIDE / side
    for boxes, people in (([[*box, 0.9]], 1), ([[*box, 0.1]], 0)):
        path = toy.write_fixed(tmp_path / "d.onnx", [1, 3, SIDE, SIDE], dets=np.array([boxes], np.float32))
        config = detect.Config(detector="rtmpose", rtmpose_pose=points, rtmpose_detector=path)
        assert len(set(detect.run(config, TURN, clip).region_index)) == people


# Refusals


def test_a_missing_file_is_named_and_never_fetched(tmp_path):
    with pytest.raises(WeightsError, match=r"pose\.onnx does not exist"):
        rtmpose.load_points(tmp_path / "pose.onnx")


def test_without_rtmlib_the_remedy_is_to_install_it(tmp_path, monkeypatch):
    (tmp_path / "pose.onnx").write_bytes(b"x")
    monkeypatch.setattr(rtmpose, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"rtmlib, which is not installed\. Run `pip install --no-deps"):
        rtmpose.load_points(tmp_path / "pose.onnx")


@needs_rtmlib
def test_what_is_no_network_of_points_is_refused(tmp_path, toy, capfd):
    path = tmp_path / "pose.onnx"
    path.write_bytes(b"no network" * 50)
    with pytest.raises(WeightsError, match="is no network that can be run"):
        rtmpose.load_points(path)
    toy.write_points(path, 21)
    with pytest.raises(WeightsError, match=r"knows 21 points\. Choose a model of 17, 26, 133"):
        rtmpose.load_points(path)
    toy.write_points(path, 17, split=3)
    with pytest.raises(WeightsError, match="is not SimCC"):
        rtmpose.load_points(path)
    toy.write_fixed(path, [1, 3, SIDE, SIDE], dets=np.zeros((1, 3, 5), np.float32))
    with pytest.raises(WeightsError, match="is not SimCC"):
        rtmpose.load_points(path)
    toy.write_points(path, 17)
    with pytest.raises(WeightsError, match="are no boxes"):
        rtmpose.load_people(path, "yolox", 0.3)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "settings",
    [
        {"detector": "rtmpose"},
        {"rtmpose_pose": Path("a.onnx")},
        {"rtmpose_detector": Path("a.onnx")},
        {"detector": "mediapipe", "rtmpose_pose": Path("a.onnx")},
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(settings):
    with pytest.raises(ConfigError, match=r"detect\.rtmpose|detect\.detector"):
        detect.Config(**settings)
