"""A step runs when, and only when, something that it depends on is new."""

from pathlib import Path

import av
import numpy as np
import pytest

from models.errors import OutputError
from pipeline.atomic import plain_name, write
from pipeline.film import FAST
from pipeline.store import Films, Store
from tests.pipeline import toy_stage as toy


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.bin"
    path.write_bytes(b"four")
    return path


@pytest.fixture(autouse=True)
def fresh_calls() -> None:
    toy.calls.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outputs" / "clip"


def test_the_second_time_nothing_runs_and_the_result_is_the_same(video: Path, folder: Path) -> None:
    first = Store(folder).step(toy.run, toy.Config(), video)
    second = Store(folder).step(toy.run, toy.Config(), video)
    assert toy.calls == ["run"]
    assert np.array_equal(first.timestamps_s, second.timestamps_s)
    assert (first.width_px, first.damaged_packets) == (second.width_px, second.damaged_packets)
    assert isinstance(second.width_px, int) and np.isnan(second.focal_length_px)


def test_other_settings_run_again(video: Path, folder: Path) -> None:
    Store(folder).step(toy.run, toy.Config(3), video)
    assert len(Store(folder).step(toy.run, toy.Config(5), video).timestamps_s) == 5


def test_another_file_at_the_same_path_runs_again(video: Path, folder: Path) -> None:
    Store(folder).step(toy.run, toy.Config(), video)
    video.write_bytes(b"seven77")
    assert Store(folder).step(toy.run, toy.Config(), video).timestamps_s[0] == 7


def test_the_same_bytes_at_another_path_are_the_same_input(video: Path, folder: Path) -> None:
    Store(folder).step(toy.run, toy.Config(), video)
    Store(folder).step(toy.run, toy.Config(), video.rename(video.with_name("moved.bin")))
    assert toy.calls == ["run"]


def test_how_a_result_is_computed_is_no_part_of_its_stamp(video: Path, folder: Path) -> None:
    Store(folder).step(toy.run, toy.Config(), video, device="cpu")
    Store(folder).step(toy.run, toy.Config(), video, device="other")
    assert toy.calls == ["run"]


def test_a_file_that_the_stage_reads_belongs_to_its_stamp(video: Path, folder: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"1")
    Store(folder).step(toy.run, toy.Config(extra=weights), video)
    weights.write_bytes(b"2")
    Store(folder).step(toy.run, toy.Config(extra=weights), video)
    assert toy.calls == ["run", "run"]


def test_a_new_version_of_the_stage_runs_again(video: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(folder).step(toy.run, toy.Config(), video)
    monkeypatch.setattr(toy, "VERSION", 2)
    Store(folder).step(toy.run, toy.Config(), video)
    assert toy.calls == ["run", "run"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", b"\x80\x04."])
def test_a_damaged_result_is_made_again(video: Path, folder: Path, damage: bytes) -> None:
    Store(folder).step(toy.run, toy.Config(), video)
    whole = (folder / "toy_stage.npz").read_bytes()
    (folder / "toy_stage.npz").write_bytes(damage)
    Store(folder).step(toy.run, toy.Config(), video)
    assert toy.calls == ["run", "run"]
    assert (folder / "toy_stage.npz").read_bytes() == whole


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"key": 1, "files": {"../x": "0"}}', '{"files": 3}'])
def test_a_damaged_stamp_is_no_stamp(video: Path, folder: Path, stamp: str) -> None:
    Store(folder).step(toy.run, toy.Config(), video)
    (folder / "toy_stage.json").write_text(stamp)
    Store(folder).step(toy.run, toy.Config(), video)
    assert toy.calls == ["run", "run"]


def test_overwrite_runs_again(video: Path, folder: Path) -> None:
    Store(folder).step(toy.run, toy.Config(), video)
    Store(folder, overwrite=True).step(toy.run, toy.Config(), video)
    assert toy.calls == ["run", "run"]


def test_several_contracts_come_back_in_order(video: Path, folder: Path) -> None:
    clip = Store(folder).step(toy.run, toy.Config(), video)
    for _ in range(2):
        clips = Store(folder).step(toy.split, toy.Config(), clip)
        assert [c.width_px for c in clips] == [4, 4]
    assert toy.calls == ["run", "split"]


def test_exported_files_are_written_once_and_mended_when_touched(video: Path, folder: Path) -> None:
    clip = toy.run(toy.Config(), video)
    for _ in range(2):
        Store(folder).files(toy.encode, toy.Config(), clip)
    assert (folder / "b.txt").read_text() == "4"
    (folder / "a.txt").write_text("spoiled")
    Store(folder).files(toy.encode, toy.Config(), clip)
    assert (folder / "a.txt").read_text() == "a"
    assert toy.calls == ["run", "encode", "encode"]


def luma(path: Path, rate_hz: float) -> list[np.ndarray]:
    with av.open(path) as film:
        assert film.streams.video[0].average_rate == rate_hz
        return [frame.to_ndarray()[: frame.height] for frame in film.decode(video=0)]


def test_films_hold_every_picture_and_are_drawn_once(video: Path, folder: Path) -> None:
    clip = toy.run(toy.Config(), video)
    for _ in range(2):
        Store(folder).films(Films((("dark", FAST), ("bright", FAST)), 25.0), toy.draw, toy.Config(frames=6), clip)
    dark, bright = luma(folder / "dark.mp4", 25), luma(folder / "bright.mp4", 25)
    assert [picture.shape for picture in dark + bright] == [(16, 32)] * 6 + [(8, 32)] * 6
    np.testing.assert_allclose([picture.mean() for picture in dark], np.arange(6) * 40, atol=2)
    np.testing.assert_allclose([picture.mean() for picture in bright], 255 - np.arange(6) * 40, atol=2)
    assert toy.calls == ["run", "draw"]


def test_another_rate_draws_films_again(video: Path, folder: Path) -> None:
    clip = toy.run(toy.Config(), video)
    for rate_hz in (25.0, 30.0):
        Store(folder).films(Films((("a", FAST), ("b", FAST)), rate_hz), toy.draw, toy.Config(), clip)
    assert toy.calls == ["run", "draw", "draw"]


def test_films_that_cannot_be_written_are_told_and_leave_nothing(video: Path, folder: Path) -> None:
    clip = toy.run(toy.Config(), video)
    (folder / "bright.mp4").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"bright\.mp4"):
        Store(folder).films(Films((("dark", FAST), ("bright", FAST)), 25.0), toy.draw, toy.Config(), clip)
    assert [path.name for path in folder.iterdir() if path.is_file()] == []


def test_warnings_of_a_step_are_remembered_when_it_is_reused(video: Path, folder: Path) -> None:
    for _ in range(2):
        store = Store(folder)
        store.step(toy.run, toy.Config(), video)
        assert store.records[0].warnings == ["a toy was used on cpu"]


def test_what_is_written_anew_has_the_same_bytes(video: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        Store(tmp_path / name).step(toy.run, toy.Config(), video)
    for file in ("toy_stage.npz", "toy_stage.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_folder_that_cannot_be_made_is_told(video: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(OutputError, match="--outputs"):
        Store(tmp_path / "taken").step(toy.run, toy.Config(), video)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.txt"
    write(path, b"old")

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.txt"]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "..", ".hidden", "/abs", "a\\b", "nul\0"])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(OutputError):
        plain_name(name)


def test_people_of_an_earlier_run_are_dropped(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"person_{number}" / "motion.npz", b"x")
    write(tmp_path / "person_notes" / "mine.txt", b"x")
    Store(tmp_path).drop_people_from(1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["person_0", "person_notes"]
