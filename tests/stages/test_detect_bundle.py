"""Networks from a .task file: what is written is read back, MediaPipe's own graph reads it too, bombs are refused."""

import zipfile
from contextlib import suppress
from pathlib import Path

import mediapipe as mp
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker, PoseLandmarkerOptions

from models.errors import ConfigError, WeightsError
from stages import detect
from stages.detect import blazepose, bundle, networks
from stages.ingest import Config as IngestConfig
from stages.ingest import run as ingest
from tests.stages.doll import add_doll, backdrop
from training.write_task_bundle import write_bundle

TURN = Path(__file__).parents[2] / "samples" / "turn.mp4"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "pose_landmarker_full.task"
    write_bundle(path)
    return path


def archive(path: Path, files: list[tuple[str, bytes]], packing: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as packed:
        for name, content in files:
            packed.writestr(name, content)
    return path


def test_a_bundle_of_the_wheels_networks_gives_what_the_wheel_gives_to_the_bit(written: Path):
    clip = ingest(IngestConfig(max_frames=4), TURN)
    ours, theirs = (detect.run(detect.Config(bundle=path), TURN, clip) for path in (None, written))
    assert len(ours.frame_index) == 4
    for name in ("landmarks_px", "rough_m", "visibility", "score", "region"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_a_bundle_is_what_the_stage_reads(written: Path):
    assert detect.reads(detect.Config(bundle=written)) == (written,)


def test_the_same_networks_make_the_same_bundle(written: Path, tmp_path: Path):
    write_bundle(tmp_path / "again.task")
    assert (tmp_path / "again.task").read_bytes() == written.read_bytes()


def test_mediapipes_own_graph_takes_the_bundle_and_sees_what_we_see(written: Path):

    picture = add_doll(backdrop(480, 360), 180, 240, 320)
    options = PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(written)))
    with PoseLandmarker.create_from_options(options) as graph:
        found = graph.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=picture)).pose_landmarks
    assert len(found) == 1
    theirs_px = np.array([[point.x, point.y] for point in found[0]]) * picture.shape[1::-1]
    models = blazepose.load(written)
    regions, _ = blazepose.find_people(models, picture, 0.3)
    ours_px = blazepose.read_picture(models, picture, regions[:1]).landmarks_px[0]
    # A change of the region by 4 % moves landmarks by 4 to 6 px on a person of 400.
    assert np.median(np.linalg.norm(ours_px - theirs_px, axis=1)) < 3


def test_networks_whose_outputs_have_other_names_are_known_by_their_sizes(written: Path, tmp_path: Path):

    with zipfile.ZipFile(written) as packed:
        contents = [packed.read(name) for name in bundle.NAMES]
    model = schema.ModelT.InitFromPackedBuf(contents[1], 0)
    for tensor in model.subgraphs[0].outputs:
        model.subgraphs[0].tensors[tensor].name = f"StatefulPartitionedCall:{tensor}".encode()
    renamed = bundle.packed(model, len(contents[1]))
    path = archive(tmp_path / "a.task", [*zip(bundle.NAMES, (contents[0], renamed), strict=True)])
    crop = np.random.default_rng(0).random((256, 256, 3), np.float32)
    ours, theirs = (blazepose.load_landmarks(source)(crop) for source in (None, path))
    assert set(ours) == set(theirs) == {"Identity", "Identity_1", "Identity_3", "Identity_4"}
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])


def test_a_missing_bundle_is_refused(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"a\.task does not exist\. Check detect\.bundle"):
        blazepose.load(tmp_path / "a.task")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(300), b"TFL3" * 100], ids=["empty", "torn", "other"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "a.task").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.task is no bundle of networks"):
        blazepose.load(tmp_path / "a.task")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bundle, "MOST_BYTES", 1 << 20)
    files = [(name, bytes(2 << 20)) for name in bundle.NAMES]
    path = archive(tmp_path / "a.task", files, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    with pytest.raises(WeightsError, match="has more than 1 MiB"):
        bundle.read_network(path, 0)


def test_an_archive_that_lies_about_a_size_gives_no_more_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = archive(tmp_path / "a.task", [(bundle.NAMES[0], bytes(2 << 20))], zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    assert content.count((2 << 20).to_bytes(4, "little")) == 2
    path.write_bytes(content.replace((2 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    monkeypatch.setattr(bundle, "MOST_BYTES", 1 << 20)
    with pytest.raises(WeightsError, match=r"a\.task"):
        bundle.read_network(path, 0)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([("pose_detector.tflite", b"x")], "holds 0 files pose_landmarks_detector.tflite"),
        ([("../pose_landmarks_detector.tflite", b"x")], "holds 0 files pose_landmarks_detector.tflite"),
        ([("pose_landmarks_detector.tflite", b"x" * 99)], "is no network of TensorFlow Lite"),
        ([("pose_landmarks_detector.tflite", b"\xff\xff\xff\x7fTFL3" + b"\xff" * 99)], "is damaged"),
    ],
)
def test_what_holds_no_such_network_is_refused(tmp_path: Path, files: list[tuple[str, bytes]], problem: str):
    path = archive(tmp_path / "a.task", files)
    with pytest.raises(WeightsError, match=problem):
        bundle.read_network(path, 1)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.task"]


def test_a_network_that_is_there_twice_is_refused(tmp_path: Path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path / "a.task", [(bundle.NAMES[0], b"one"), (bundle.NAMES[0], b"two")])
    with pytest.raises(WeightsError, match="holds 2 files pose_detector"):
        bundle.read_network(path, 0)


def test_another_network_is_refused(written: Path, tmp_path: Path):
    with zipfile.ZipFile(written) as packed:
        detector = packed.read(bundle.NAMES[0])
    path = archive(tmp_path / "a.task", [(name, detector) for name in bundle.NAMES])
    with pytest.raises(WeightsError, match=r"pose_landmarks_detector\.tflite in .* is a network of other inputs"):
        bundle.read_network(path, 1)


def test_bytes_changed_at_random_are_refused_or_read(written: Path, tmp_path: Path):
    """The tables of a network lie at its end: most of these changes hit numbers, the rest tables."""
    with zipfile.ZipFile(written) as packed:
        content = packed.read(bundle.NAMES[0])
    draw = np.random.default_rng(0)
    for _ in range(6):
        spoilt = bytearray(content)
        for place in draw.integers(len(spoilt) - 120_000, len(spoilt), 40):
            spoilt[place] = draw.integers(256)
        path = archive(tmp_path / "a.task", [(bundle.NAMES[0], bytes(spoilt))])
        with suppress(WeightsError):
            bundle.read_network(path, 0)


def test_mediapipes_graph_as_detector_takes_no_bundle(written: Path):
    with pytest.raises(ConfigError, match="runs its own networks"):
        detect.Config(detector="mediapipe", bundle=written)


def test_the_wheel_stays_the_default():
    assert detect.reads(detect.Config()) == networks.network_files()
