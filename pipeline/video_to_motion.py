"""The program: one video in, motion files of everyone in it out."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.config import PipelineConfig
from pipeline.store import Store
from stages import denoise, detect, export, ingest, lift, solve, track
from stages.contracts import Clip, Motion, Person
from stages.export import overlay


class Until(StrEnum):
    """The last stage that a run does."""

    INGEST = "ingest"
    DETECT = "detect"
    TRACK = "track"
    LIFT = "lift"
    SOLVE = "solve"
    DENOISE = "denoise"
    EXPORT = "export"
    OVERLAY = "overlay"

    def reaches(self, stage: "Until") -> bool:
        """Whether a run that stops here does that stage."""
        order = list(Until)
        return order.index(stage) <= order.index(self)


@dataclass(frozen=True)
class Task:
    """One video to be done.

    Attributes:
        stem: name of the clip's results.
        person: whom to solve: all, largest, or a number.
        device: where tensors are computed: auto, cpu, cuda or mps.
    """

    video: Path
    stem: str
    person: str
    device: str
    until: Until


def video_to_motion(task: Task, config: PipelineConfig, store: Store) -> None:
    """Turn one video into motion files; the only place where stages meet."""
    clip = store.step(ingest.run, config.ingest, task.video)
    if not task.until.reaches(Until.DETECT):
        return
    detections = store.step(detect.run, config.detect, task.video, clip)
    if not task.until.reaches(Until.TRACK):
        return
    people = store.step(track.run, config.track, clip, detections)
    store.drop_people_from(len(people))
    motions = [
        motion
        for number in track.choose(people, task.person)
        if (motion := _person_to_motion(task, config, store.inside(f"person_{number}"), clip, people[number]))
    ]
    if task.until.reaches(Until.OVERLAY):
        store.film(overlay.rate_hz(clip), overlay.draw, config.overlay, task.video, clip, tuple(motions))


def _person_to_motion(task: Task, config: PipelineConfig, store: Store, clip: Clip, person: Person) -> Motion | None:
    if not task.until.reaches(Until.LIFT):
        return None
    joints = store.step(lift.run, config.lift, clip, person)
    if not task.until.reaches(Until.SOLVE):
        return None
    raw = store.step(solve.run, config.solve, joints, device=task.device)
    if not task.until.reaches(Until.DENOISE):
        return None
    motion = store.step(denoise.run, config.denoise, raw, device=task.device)
    if task.until.reaches(Until.EXPORT):
        store.files(export.run, config.export, f"{task.stem}_p{store.folder.name.removeprefix('person_')}", motion)
    return motion
