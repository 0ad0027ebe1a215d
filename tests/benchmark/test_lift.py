"""Benchmark of lifting: truth scores zero, intervals are counted, parts are exchanged and put back, films are kept."""

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark import lift, lift_clips, lift_methods
from benchmark.lift import compare, floors
from benchmark.lift_clips import FilmedClip, film_clips
from benchmark.lift_methods import Found
from models.camera import project
from models.trajectory import fit_trajectory
from pipeline import artefacts
from pipeline.config import PipelineConfig, load_preset
from stages.contracts import Clip, Detections
from stages.lift import person as lift_person
from tests.training.toy_mocap import stick_clip
from training.retarget import retarget
from training.true_motion import TrueMotion, mean_rest_joints_m

RNG = np.random.default_rng(0)


def made_clip(frames: int = 200) -> FilmedClip:
    """Points that drift about."""
    start_m, drift_m = RNG.normal(0, 0.4, (33, 3)), np.cumsum(RNG.normal(0, 0.01, (frames, 33, 3)), axis=0)
    points_m = start_m + drift_m + (0, 0, 4)
    return FilmedClip(Path("made.mp4"), points_m, np.eye(3), np.arange(frames) / 30, 30.0)


def test_the_truth_scores_zero_and_its_shape_needs_no_place():
    clip = made_clip()
    row = compare(Found(clip.landmarks_m, clip.times_s), clip)
    assert row["mpjpe22_mm"] == row["accel_error_mm_s2"] == row["knee_bias_deg"] == 0
    assert row["covered"] == 1
    aside = compare(Found(clip.landmarks_m + 1.0, clip.times_s, placed=False), clip)
    assert aside["mpjpe22_mm"] == pytest.approx(0, abs=1e-9)
    assert "root_abs_cm" not in aside
    assert row["root_abs_cm"] == 0


def test_an_interval_of_the_true_deviation_holds_nine_tenths():
    clip = made_clip()
    hips = [23, 24]
    sigma_m = np.full(clip.landmarks_m.shape, 0.05)
    noise_m = RNG.normal(0, 0.05, clip.landmarks_m.shape)
    noise_m[:, hips] = 0
    found = compare(Found(clip.landmarks_m + noise_m, clip.times_s, sigma_m=sigma_m), clip)
    assert found["within_90"] == pytest.approx((0.9 * 20 + 2) / 22, abs=0.01)
    narrow = compare(Found(clip.landmarks_m + noise_m, clip.times_s, sigma_m=sigma_m / 2), clip)
    assert narrow["within_90"] < 0.7


def test_what_was_found_late_covers_less():
    clip = made_clip()
    late = compare(Found(clip.landmarks_m[100:], clip.times_s[100:]), clip)
    assert late["covered"] == pytest.approx(0.5, abs=0.01)


def test_floors_do_not_move_or_know_only_the_trunk():
    clip = made_clip()
    rows = floors(clip, RNG.normal(0, 0.3, (33, 3)))
    frozen = rows["floor: the clip's mean pose"]
    assert frozen["speed_ratio"] == pytest.approx(0)
    assert frozen["mpjpe22_mm"] < rows["floor: one pose on the true trunk"]["mpjpe22_mm"]


def test_a_part_that_is_exchanged_comes_back(monkeypatch: pytest.MonkeyPatch):
    own = lift_person.find_sides, lift_person.fit_trajectory
    seen_as = list[bool]()

    def fail(config: object, seen: object) -> Found:
        seen_as.append(lift_person.find_sides is not own[0] or lift_person.fit_trajectory is not own[1])
        raise ArithmeticError

    monkeypatch.setattr(lift_methods, "whole", fail)
    for method in (lift_methods.without_swap_repair, lift_methods.without_fit):
        with pytest.raises(ArithmeticError):
            method(load_preset("default"), None)  # pyright: ignore[reportArgumentType]
    assert seen_as == [True, True]
    assert (lift_person.find_sides, lift_person.fit_trajectory) == own


def test_what_stands_in_for_the_fit_takes_what_the_fit_takes():
    taken = list(inspect.signature(fit_trajectory).parameters)
    assert taken[:4] == ["evidence", "skeleton", "prior", "start_m"]
    assert list(inspect.signature(lift_methods._keep_guess).parameters)[:4] == [
        "weighed",
        "skeleton",
        "prior",
        "guess_m",
    ]


def test_settings_reach_lift_alone():
    config = load_preset("default")
    changed = lift_methods._lifting(config, lifter="rough")
    assert changed.lift.lifter == "rough"
    assert changed.solve is config.solve


def test_each_part_that_is_left_out_changes_its_own_stage_alone(monkeypatch: pytest.MonkeyPatch):
    config, run_with = load_preset("default"), list[PipelineConfig]()

    def keep(config: PipelineConfig, seen: object) -> Found:
        run_with.append(config)
        return Found(np.zeros((1, 33, 3)), np.zeros(1))

    monkeypatch.setattr(lift_methods, "whole", keep)
    for method in (lift_methods.without_foot_lock, lift_methods.without_found_floor, lift_methods.with_linear_lifter):
        method(config, None)  # pyright: ignore[reportArgumentType]
    lock, level, linear = run_with
    assert lock == replace(config, denoise=replace(config.denoise, foot_lock=False))
    assert level == replace(config, lift=replace(config.lift, camera_pitch_deg=0.0))
    assert linear == replace(config, lift=replace(config.lift, lifter="linear"))


def toy_motions(folder: Path) -> tuple[TrueMotion, ...]:
    clip = stick_clip(frames=40)
    pose = retarget(clip, mean_rest_joints_m())
    places = {name: getattr(pose, name) for name in ("parent_from_joint", "pelvis_m")}
    named = {name: getattr(clip, name) for name in ("subject", "family", "action", "rate_hz")}
    return (TrueMotion(clip="walk", whole=True, **places, **named),)


def test_films_show_the_truth_and_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lift_clips, "read_truth", toy_motions)
    monkeypatch.setattr(lift_clips, "SECONDS", 0.2)
    monkeypatch.setattr(lift_clips, "SIDES_PX", (160, 90))
    (clip,) = film_clips(tmp_path, tmp_path, 1)
    size_px = 2 * clip.camera_matrix[:2, 2]
    assert len(clip.times_s) == 6
    assert sorted(size_px) == [90, 160]
    pixels = project(clip.landmarks_m, clip.camera_matrix)
    assert ((pixels > 0) & (pixels < size_px)).all()
    written = clip.video.stat().st_mtime_ns
    (again,) = film_clips(tmp_path, tmp_path, 1)
    assert again.video.stat().st_mtime_ns == written
    assert np.array_equal(again.landmarks_m, clip.landmarks_m)


def test_somebody_unknown_is_refused_with_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lift_clips, "read_truth", toy_motions)
    monkeypatch.setattr(lift_clips, "SECONDS", 0.2)
    with pytest.raises(lift_clips.InputError, match="nobody"):
        list(film_clips(tmp_path, tmp_path, 1, ("somebody",)))


def test_detections_that_are_kept_are_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = no_detections(7)
    lift_clips.kept_detections(tmp_path / "a.mp4").write_bytes(artefacts.encode(kept))
    made = list[Path]()

    def run(config: object, video: Path, clip: Clip) -> Detections:
        made.append(video)
        return no_detections(1)

    monkeypatch.setattr(lift_clips.detect, "run", run)
    clip = Clip(64, 48, np.arange(7) / 30, 60.0, 0)
    assert lift_clips.detections(tmp_path / "a.mp4", clip).frame_count == 7
    assert lift_clips.detections(tmp_path / "b.mp4", clip).frame_count == 1
    assert made == [tmp_path / "b.mp4"]


def no_detections(frames: int) -> Detections:
    """A film in which nobody is."""
    none = {"frame_index": 0, "region_index": 0, "shot_index": 0}
    shapes = {"region": (4,), "landmarks_px": (33, 2), "rough_m": (33, 3), "visibility": (33,), "presence": (33,)}
    shapes |= {"score": (), "appearance": (5,)}
    rows = {name: np.zeros(0, np.intp) for name in none} | {name: np.zeros((0, *tail)) for name, tail in shapes.items()}
    return Detections(frame_count=frames, **rows)


def test_a_table_has_a_blank_where_a_way_cannot_tell(capsys: pytest.CaptureFixture[str]):
    lift.show({"a": {"x": 1.0}, "b": {"y": 2.0}})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "1.00" in lines[1] and "2.00" not in lines[1]
