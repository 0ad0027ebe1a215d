"""The command line from a video to motion, as a user runs it."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pybvh
import pytest

from benchmark.metrics import Points, score
from models.bvh.reader import place_bvh_joints, read_bvh
from models.osim.mot import load_mot
from models.skeletons import LANDMARKS, SMPL_JOINTS
from stages.export.joint_names import JOINT_NAMES
from tests.videos import steady, write_video

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "walk.mp4"
OF_THE_CLIP = (
    "run.json", "report.html", "thumbnail.jpg", "overlay.mp4", "preview.mp4", "ingest.npz", "detect.npz", "track.npz",
)  # fmt: skip
OF_A_PERSON = (
    "lift.npz", "solve.npz", "denoise.npz", "biomech.npz", "motion.npz", "walk_p0.bvh", "walk_p0.glb", "walk_p0.json",
    "walk_p0_smpl.npz", "walk_p0.c3d", "walk_p0_joints.trc", "walk_p0_joints.csv", "walk_p0_angles.csv", "walk_p0.trc",
    "walk_p0.mot", "walk_p0_scaled.osim", "walk_p0_generic.osim", "walk_p0_scales.csv", "walk_p0_scale_setup.xml",
    "walk_p0_ik_setup.xml", "walk_p0_biomech.json", "walk_p0_gait.csv", "walk_p0_gait_curves.csv",
)  # fmt: skip
TREE = {*OF_THE_CLIP, *(f"person_0/{name}" for name in OF_A_PERSON)}
SHORT = ("--max-frames", "30")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, str(ROOT / "run_pipeline.py"), *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=300)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every result by name; run.json without its seconds, and without what says whether a step was reused."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(found["run.json"])
    for row in manifest["stages"]:
        del row["seconds"], row["reused"]
    return found | {"run.json": json.dumps(manifest).encode()}


def redone(folder: Path) -> list[str]:
    manifest = json.loads((folder / "run.json").read_text())
    return [row["step"].rpartition("/")[2] for row in manifest["stages"] if not row["reused"]]


@pytest.fixture
def whole(sample_results: Path) -> Path:
    """Results of the walk with every default."""
    return sample_results / "walk"


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the first second of the sample; read only: copy before you spoil them."""
    outputs = tmp_path_factory.mktemp("short")
    done = run(SAMPLE, "--outputs", outputs, *SHORT)
    assert done.returncode == 0, done.stderr
    return outputs / "walk"


@pytest.fixture
def spoilable(short: Path, tmp_path: Path) -> Path:
    return shutil.copytree(short, tmp_path / "outputs" / "walk")


def test_the_sample_leaves_the_promised_tree(whole: Path) -> None:
    assert set(files_of(whole)) >= TREE


def test_run_json_tells_input_settings_weights_and_quality(whole: Path) -> None:
    manifest = json.loads((whole / "run.json").read_text())
    assert manifest["input"]["name"] == "walk.mp4"
    assert {row["name"] for row in manifest["weights"]} >= {"free_body.npz", "pose_landmark_full.tflite"}
    assert all("not registered" not in row["licence"] for row in manifest["weights"])
    assert manifest["people"][0]["quality"]["observed_share"] == 1
    assert manifest["body"]["name"] == "free_body.npz" and "CC0" in manifest["body"]["licence"]
    assert set(manifest["files"]) >= TREE - {"run.json"}


def test_motion_npz_keeps_its_contract(whole: Path) -> None:
    with np.load(whole / "person_0/motion.npz", allow_pickle=False) as motion:
        frames = len(motion["timestamps_s"])
        shapes = {key: motion[key].shape for key in motion.files}
        assert tuple(motion["landmark_names"]) == LANDMARKS
        assert all(np.isfinite(motion[key]).all() for key in motion.files if motion[key].dtype.kind == "f")
    assert shapes == {
        "poses": (frames, 72), "trans": (frames, 3), "betas": (20,), "timestamps_s": (frames,), "mocap_framerate": (),
        "joints_m": (frames, 24, 3), "landmarks_m": (frames, 33, 3), "landmark_names": (33,),
        "world_from_camera": (4, 4), "camera_matrix": (3, 3), "confidence": (frames, 24), "observed": (frames,),
        "body_model": (), "body_sha256": (),
    }  # fmt: skip


def test_the_bvh_plays_the_joints_of_motion_npz(whole: Path) -> None:
    path = whole / "person_0/walk_p0.bvh"
    with np.load(whole / "person_0/motion.npz") as motion:
        joints_m = motion["joints_m"]
    ours, theirs = read_bvh(path), pybvh.read_bvh_file(path)
    for names, placed_cm in (
        (list(ours.names), place_bvh_joints(ours)),
        (list(theirs.joint_names), theirs.joint_positions()),
    ):
        order = [names.index(JOINT_NAMES["humanik"][name]) for name in SMPL_JOINTS]
        assert np.abs(placed_cm[:, order] / 100 - joints_m).max() < 1e-4


# Millimetres and degrees: mpjpe22, knee, hip, elbow. A frozen mean pose of the truth has
# walk 151.2, 14.4, 13.4, 12.0; squat 170.1, 33.0, 44.4, 18.1; turn 213.1, 14.1, 7.0, 14.8.
GOLDEN = {
    "walk": (48.3, 3.6, 5.1, 5.2),
    "squat": (87.5, 8.9, 9.8, 17.4),
    "turn": (83.0, 16.0, 10.5, 11.9),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_motion_of_the_samples_is_as_true_as_it_was(sample_results: Path, name: str) -> None:
    """With 10 % of room for other processors."""
    found, rate_hz = in_camera(sample_results / name / "person_0/motion.npz")
    true, _ = in_camera(ROOT / "samples" / f"{name}_truth.npz")
    figures = score(found, true, rate_hz)
    keys = ("mpjpe22_mm", "knee_deg", "hip_deg", "elbow_deg")
    assert all(figures[key] <= 1.1 * value for key, value in zip(keys, GOLDEN[name], strict=True)), figures


def test_all_samples_are_done_without_being_named(sample_results: Path) -> None:
    assert {path.name for path in sample_results.iterdir() if path.is_dir()} == set(GOLDEN)


def in_camera(path: Path) -> tuple[Points, float]:
    with np.load(path) as motion:
        camera_from_world = np.linalg.inv(motion["world_from_camera"])
        points = motion["landmarks_m"] @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
        return points, float(motion["mocap_framerate"])


def test_a_second_run_does_nothing(spoilable: Path) -> None:
    before = files_of(spoilable)
    assert run(SAMPLE, "--outputs", spoilable.parent, *SHORT).returncode == 0
    assert redone(spoilable) == []
    assert files_of(spoilable) == before


def test_one_changed_setting_redoes_its_stage_and_what_follows(spoilable: Path) -> None:
    assert run(SAMPLE, "--outputs", spoilable.parent, *SHORT, "--denoise.legs-s", "0.4").returncode == 0
    assert redone(spoilable) == ["denoise", "report", "export", "biomech", "osim", "overlay", "page"]


def test_another_video_at_the_same_path_redoes_all(spoilable: Path, tmp_path: Path) -> None:
    video = tmp_path / "walk.mp4"
    shutil.copy(SAMPLE, video)
    assert run(video, "--outputs", spoilable.parent, *SHORT).returncode == 0
    assert redone(spoilable) == []
    video.write_bytes(video.read_bytes() + b"\0\0\0\x08free")
    assert run(video, "--outputs", spoilable.parent, *SHORT).returncode == 0
    assert "ingest" in redone(spoilable) and "detect" in redone(spoilable)


@pytest.mark.parametrize("moment", ["ingest.json", "detect.npz", "person_0/lift.npz", ".overlay.part.mp4"])
def test_a_killed_run_is_finished_by_the_next_with_equal_bytes(short: Path, tmp_path: Path, moment: str) -> None:
    outputs = tmp_path / "outputs"
    process = subprocess.Popen(command(SAMPLE, "--outputs", outputs, *SHORT), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and not (outputs / "walk" / moment).exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (outputs / "walk" / "run.json").exists(), "the run was over before it could be killed"
    assert run(SAMPLE, "--outputs", outputs, *SHORT).returncode == 0
    assert files_of(outputs / "walk") == files_of(short)


def test_until_stops_early(tmp_path: Path) -> None:
    assert run(SAMPLE, "--outputs", tmp_path, *SHORT, "--until", "ingest").returncode == 0
    assert {path.name for path in (tmp_path / "walk").iterdir()} == {"ingest.npz", "ingest.json", "run.json"}


def test_height_sets_the_scale(spoilable: Path) -> None:
    with np.load(spoilable / "person_0/motion.npz") as motion:
        before_m = np.ptp(motion["joints_m"][0, :, 1])
    assert run(SAMPLE, "--outputs", spoilable.parent, *SHORT, "--height-m", "1.2").returncode == 0
    with np.load(spoilable / "person_0/motion.npz") as motion:
        assert np.ptp(motion["joints_m"][0, :, 1]) < 0.85 * before_m


def test_a_bvh_becomes_every_file_but_those_of_the_video(whole: Path, tmp_path: Path) -> None:
    bvh = Path(shutil.copy(whole / "person_0/walk_p0.bvh", tmp_path / "walk.bvh"))
    done = run(bvh, "--outputs", tmp_path / "outputs")
    assert done.returncode == 0, done.stderr
    solved = {"lift.npz", "solve.npz", "denoise.npz"}
    assert set(files_of(tmp_path / "outputs/walk")) >= {f"person_0/{name}" for name in {*OF_A_PERSON} - solved}
    before, after = (np.load(folder / "person_0/motion.npz") for folder in (whole, tmp_path / "outputs/walk"))
    between_mm = (before["joints_m"] - before["joints_m"][:, :1]) - (after["joints_m"] - after["joints_m"][:, :1])
    # Another body: the bones are fitted, their directions kept.
    assert np.linalg.norm(between_mm, axis=-1).mean() < 0.005


def test_markers_and_their_model_become_the_same_coordinates(whole: Path, tmp_path: Path) -> None:
    person = whole / "person_0"
    options = "--osim", person / "walk_p0_scaled.osim", "--ik-setup", person / "walk_p0_ik_setup.xml"
    done = run(person / "walk_p0.trc", *options, "--outputs", tmp_path)
    assert done.returncode == 0, done.stderr
    ours, again = (load_mot(path) for path in (person / "walk_p0.mot", tmp_path / "walk_p0/walk_p0.mot"))
    assert again.labels == ours.labels
    np.testing.assert_allclose(again.values, ours.values, atol=0.05)


def test_rate_and_place_of_a_bvh_have_short_flags(whole: Path, tmp_path: Path) -> None:
    bvh = Path(shutil.copy(whole / "person_0/walk_p0.bvh", tmp_path / "walk.bvh"))
    done = run(bvh, "--fps", "24", "--in-place", "--until", "export", "--outputs", tmp_path / "outputs")
    assert done.returncode == 0, done.stderr
    played = read_bvh(tmp_path / "outputs/walk/person_0/walk_p0.bvh")
    assert played.frame_time_s == pytest.approx(1 / 24)
    assert np.ptp(place_bvh_joints(played)[:, 0, [0, 2]], axis=0).max() < 1e-3


def bad_file(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.mp4"], 1, "nowhere.mp4 does not exist"),
        (["{text}"], 1, "is not a video"),
        (["{empty}"], 1, "is empty"),
        (["{folder}"], 1, "there is no video in"),
        (["{sample}", "--preset", "nosuch"], 1, "no preset called 'nosuch'"),
        (["{sample}", "--preset", "{misspelt}"], 1, "lift.hieght_m"),
        (["{sample}", "--max-frames", "0"], 1, "max_frames"),
        (["{sample}", "--mass-kg", "0"], 1, "mass_kg"),
        (["{sample}", "--osim", "model.osim"], 1, "--osim cannot be used with"),
        (["{sample}", "--ik-setup", "setup.xml"], 1, "--ik-setup cannot be used with"),
        (["{markers}"], 1, "holds markers, but no model"),
        (["{markers}", "--osim", "nowhere.osim"], 1, "nowhere.osim does not exist"),
        (["{bvh}"], 1, "broken.bvh"),
        (["{sample}", "--height-m", "-1"], 1, "height_m"),
        (["{sample}", "--person", "tallest", "--max-frames", "20"], 1, "tallest"),
        (["{sample}", "--person", "7", "--max-frames", "20"], 1, "7"),
        (["{sample}", "{sample_again}"], 1, "would both write to"),
        (["{blank}"], 1, "no person"),
        (["{sample}", "--nosuch"], 2, "nosuch"),
        (["{sample}", "--until", "lunch"], 2, "lunch"),
        (["{sample}", "--device", "toaster"], 2, "toaster"),
    ],
)
def test_bad_input_is_told_in_words(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    (tmp_path / "twin").mkdir()
    (tmp_path / "folder").mkdir()
    places = {
        "sample": SAMPLE,
        "sample_again": shutil.copy(SAMPLE, tmp_path / "twin" / "walk.mp4"),
        "text": bad_file(tmp_path, "text.mp4", b"this is a shopping list\n" * 40),
        "empty": bad_file(tmp_path, "empty.mp4", b""),
        "misspelt": bad_file(tmp_path, "misspelt.yaml", b"lift:\n  hieght_m: 1.8\n"),
        "markers": bad_file(tmp_path, "markers.trc", b"PathFileType"),
        "bvh": bad_file(tmp_path, "broken.bvh", b"HIERARCHY\nROOT"),
        "folder": tmp_path / "folder",
        "blank": write_video(tmp_path / "blank.mp4", steady(20)),
    }
    outputs = tmp_path / "outputs"
    done = run(*(argument.format(**places) for argument in arguments), "--outputs", outputs)
    assert done.returncode == code, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(outputs.rglob("run.json")) and not list(outputs.rglob("*.part*"))


def test_an_unwritable_output_folder_is_told(tmp_path: Path) -> None:
    taken = bad_file(tmp_path, "taken", b"a file where a folder should be")
    done = run(SAMPLE, "--outputs", taken, *SHORT)
    assert done.returncode == 1
    assert "cannot write" in done.stderr and "--outputs" in done.stderr and "Traceback" not in done.stderr


def test_one_bad_video_stops_no_other(tmp_path: Path) -> None:
    text = bad_file(tmp_path, "a_text.mp4", b"no video")
    done = run(text, SAMPLE, "--outputs", tmp_path / "outputs", *SHORT, "--until", "ingest")
    assert done.returncode == 1
    assert "a_text.mp4 is not a video" in done.stderr
    assert (tmp_path / "outputs/walk/run.json").exists()


def test_help_shows_the_values_of_the_preset() -> None:
    done = run("--preset", "fast", "--help")
    assert done.returncode == 0
    assert "--overlay.long-side-px" in done.stdout and "640" in done.stdout


def test_the_default_run_does_not_import_the_non_commercial_smplx() -> None:
    code = "import run_pipeline, sys; sys.exit('smplx' in sys.modules or 'mediapipe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_run_that_the_keyboard_stops_ends_with_a_line() -> None:
    code = """
import sys, run_pipeline
def stopped(arguments):
    raise KeyboardInterrupt
run_pipeline._run = stopped
sys.exit(run_pipeline.main(["walk.mp4"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (130, 1) and done.stderr.startswith("stopped; run it again")
