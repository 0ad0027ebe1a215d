"""The process that looks at the first video while the other one imports."""

import json
import time
from pathlib import Path

import pytest

from pipeline.ahead import Ahead, may_look
from pipeline.config import PipelineConfig
from pipeline.stamp import as_json
from pipeline.store import Store
from pipeline.video_to_motion import look
from tests.videos import steady, write_video


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "grey.mp4", steady(5))


def test_what_it_leaves_is_what_this_process_would_have_made(video: Path, tmp_path: Path) -> None:
    ahead = Ahead.start()
    ahead.begin(video, tmp_path / "ahead" / "grey", as_json(PipelineConfig()), overwrite=False)
    seconds = ahead.seconds()
    look(video, PipelineConfig(), Store(tmp_path / "here" / "grey"))
    assert set(seconds) == {"grey/ingest", "grey/detect"}
    for name in ("ingest.npz", "ingest.json", "detect.npz", "detect.json"):
        assert (tmp_path / "ahead" / "grey" / name).read_bytes() == (tmp_path / "here" / "grey" / name).read_bytes()


def test_what_it_made_counts_as_made_even_when_all_is_to_be_done_again(video: Path, tmp_path: Path) -> None:
    look(video, PipelineConfig(), Store(tmp_path))
    store = Store(tmp_path, overwrite=True, made_ahead={f"{tmp_path.name}/ingest": 1.5})
    look(video, PipelineConfig(), store)
    first, second = (record.seconds for record in store.records)
    assert first == 1.5
    assert second is not None and second != 1.5


def test_one_that_was_killed_has_done_nothing(video: Path, tmp_path: Path) -> None:
    ahead = Ahead.start()
    ahead.process.kill()
    ahead.process.wait()
    ahead.begin(video, tmp_path, as_json(PipelineConfig()), overwrite=False)
    assert ahead.seconds() == {}


def test_what_it_refuses_is_left_to_this_process(tmp_path: Path) -> None:
    ahead = Ahead.start()
    ahead.begin(tmp_path / "missing.mp4", tmp_path, as_json(PipelineConfig()), overwrite=False)
    assert ahead.seconds() == {}


@pytest.mark.parametrize("job", [b"", json.dumps({}).encode()], ids=["before a job", "in the middle of a line"])
def test_it_ends_with_the_process_that_started_it(job: bytes) -> None:
    process = Ahead.start().process
    assert process.stdin is not None
    process.stdin.write(job)
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def test_it_leaves_its_work_when_the_other_one_is_gone(video: Path, tmp_path: Path) -> None:
    long = write_video(tmp_path / "long.mp4", steady(3000))
    ahead = Ahead.start()
    ahead.begin(long, tmp_path / "long", as_json(PipelineConfig()), overwrite=False)
    time.sleep(1.5)
    assert ahead.process.poll() is None, "it was done before the other one was gone"
    assert ahead.process.stdin is not None
    ahead.process.stdin.close()
    assert ahead.process.wait(timeout=10) == 1


@pytest.mark.parametrize(
    ("words", "looks"),
    [("", True), ("walk.mp4 --height-m 1.8", True), ("inspect outputs/walk", False), ("walk.bvh", False),
     ("a.trc --osim a.osim", False), ("--help", False)],
)  # fmt: skip
def test_only_who_may_name_a_video_has_another_process_look(words: str, looks: bool) -> None:
    assert may_look(words.split()) is looks
