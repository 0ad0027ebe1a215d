"""Many videos, one after the other; one that fails is told and stops no other."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError, KinetraceError
from pipeline import sources
from pipeline.ahead import Ahead
from pipeline.atomic import write
from pipeline.bvh_to_motion import bvh_to_motion
from pipeline.cameras_to_motion import cameras_to_motion
from pipeline.config import PipelineConfig
from pipeline.limits import Limits, bounded
from pipeline.lock import held
from pipeline.manifest import MANIFEST, write_manifest
from pipeline.markers_to_motion import markers_to_motion
from pipeline.names import stem_of
from pipeline.sandbox import done_inside
from pipeline.store import StepRecord, Store
from pipeline.task import PersonResult, Task
from pipeline.video_to_motion import video_to_motion
from stages.page import gallery
from stages.pictures import is_pictures

GALLERY: Final = "index.html"
GALLERY_WAIT_S: Final = 30.0
"""Another run in the same folder may be writing it, which takes a moment."""
UNLIMITED: Final = Limits()
VIDEO_SUFFIXES: Final = frozenset(
    {".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"}
)
"""What counts as a video when a folder is named; a file that is named itself may be called anything."""


@dataclass(frozen=True)
class Outcome:
    """How one file fared: the people found, the steps that were done, and the error that ended them, if one did."""

    task: Task
    folder: Path
    records: list[StepRecord]
    people: list[PersonResult]
    error: KinetraceError | None

    @property
    def files(self) -> list[Path]:
        """What the run left, run.json included."""
        return sorted({path for record in self.records for path in record.files} | {self.folder / MANIFEST})


def find_videos(inputs: Sequence[Path]) -> list[Path]:
    """The files named, and every video of the folders named; a folder of nothing but pictures is one video.

    Raises:
        InputError: a path does not exist, or a folder holds no video.
    """
    return [video for path in inputs for video in (_videos_in(path) if path.is_dir() else [path])]


def refuse_twins(videos: Sequence[Path]) -> None:
    """Raise InputError when two videos would write to the same folder."""
    seen: dict[str, Path] = {}
    for video in videos:
        twin = seen.setdefault(stem_of(video).lower(), video)
        if twin is not video:
            raise InputError(
                f"{twin} and {video} would both write to {stem_of(video)}/",
                "rename one of them, or run them apart with another --outputs",
            )


def run_all(
    tasks: Sequence[Task],
    config: PipelineConfig,
    outputs: Path,
    *,
    overwrite: bool = False,
    ahead: Ahead | None = None,
    limits: Limits = UNLIMITED,
) -> Iterator[Outcome]:
    """Do the tasks in order and tell how each one fared.

    Args:
        ahead: a process that looks at the first video while this one imports.
        limits: of each task.
    """
    for index, task in enumerate(tasks):
        store = Store(outputs / task.stem, overwrite)
        people, error = list[PersonResult](), None
        try:
            with held(store.folder), bounded(limits, task.source.name):
                if limits.sandbox:
                    store = done_inside(task, config, store, limits)
                read, people = do(task, config, store, ahead if index == 0 else None)
                write_manifest(store.folder, read, config, store.records, people)
        except KinetraceError as reason:
            error = reason
        yield Outcome(task, store.folder, store.records, people, error)


def write_gallery(outputs: Path) -> None:
    """Write index.html, which shows every run that lies in the folder.

    Raises:
        OutputError: the folder cannot be written.
    """
    with held(outputs / GALLERY, wait_s=GALLERY_WAIT_S):
        write(outputs / GALLERY, gallery.encode(outputs).encode())


def do(task: Task, config: PipelineConfig, store: Store, ahead: Ahead | None) -> tuple[Task, list[PersonResult]]:
    """Do a task; the task with the file that was read, and the people found.

    Raises:
        KinetraceError: the file or a setting cannot be used, or a result cannot be written.
    """
    if task.beside:
        return task, cameras_to_motion(task, config, store)
    video = sources.as_video(task.source, task.stem, config.pictures, store)
    read = dataclasses.replace(task, source=video)
    match video.suffix.lower():
        case ".bvh":
            return read, bvh_to_motion(read, config, store)
        case ".trc":
            return read, markers_to_motion(read, store)
        case _:
            return read, video_to_motion(read, config, store, ahead)


def _videos_in(folder: Path) -> list[Path]:
    videos = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if not videos and is_pictures(folder):
        return [folder]
    if not videos:
        raise InputError(f"there is no video in {folder}", "put one there, or name a file")
    return videos
