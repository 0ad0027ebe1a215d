"""The program: one video in, motion files of everyone in it out."""

import dataclasses
import gc
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from pipeline.ahead import Ahead
from pipeline.config import PipelineConfig
from pipeline.stamp import as_json
from pipeline.store import Store
from stages import denoise, detect, export, ingest, lift, report, solve, track
from stages.contracts import Clip, Detections, Motion, Person, Quality
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


@dataclass(frozen=True)
class PersonResult:
    """What a run knows of one person."""

    number: int
    first_s: float
    last_s: float
    frames: int
    quality: dict[str, float]


def video_to_motion(task: Task, config: PipelineConfig, store: Store, ahead: Ahead | None = None) -> list[PersonResult]:
    """Turn one video into motion files; the only place where stages meet."""
    if ahead and task.until.reaches(Until.SOLVE) and not store.holds(detect.run):
        store = _while_importing(ahead, task, config, store)
    clip = store.step(ingest.run, config.ingest, task.video)
    if not task.until.reaches(Until.DETECT):
        return []
    detections = store.step(detect.run, config.detect, task.video, clip)
    if not task.until.reaches(Until.TRACK):
        return []
    people = store.step(track.run, config.track, clip, detections)
    store.drop_people_from(len(people))
    if not task.until.reaches(Until.LIFT):
        return []
    motions: list[Motion] = []
    results: list[PersonResult] = []
    for number in track.choose(people, task.person):
        solved = _solve_person(task, config, store.inside(f"person_{number}"), clip, people[number])
        if solved:
            motion, quality = solved
            store.inside(f"person_{number}").files(export.run, config.export, f"{task.stem}_p{number}", motion)
            motions.append(motion)
            results.append(_result(number, motion, quality))
    if task.until.reaches(Until.OVERLAY):
        rate_hz = overlay.rate_hz(config.overlay, clip)
        store.film(rate_hz, overlay.draw, config.overlay, task.video, clip, tuple(motions))
    return results


def look(video: Path, config: PipelineConfig, store: Store) -> Detections:
    """Do what a second process can do while the first one imports the rest."""
    return store.step(detect.run, config.detect, video, store.step(ingest.run, config.ingest, video))


def _while_importing(ahead: Ahead, task: Task, config: PipelineConfig, store: Store) -> Store:
    """The store in which the other process has looked at the video, with all imported that solving and drawing need."""
    ahead.begin(task.video, store.folder, as_json(config), overwrite=store.overwrite)
    later = (
        "stages.lift.person",
        "stages.solve.body",
        "stages.denoise.steady",
        "stages.export.glb",
        "stages.export.overlay_paint",
    )
    gc.disable()  # what is imported stays; looking for garbage in it costs a tenth
    for module in later:
        import_module(module)
    gc.freeze()
    gc.enable()
    return dataclasses.replace(store, made_ahead=ahead.seconds())


def _solve_person(
    task: Task, config: PipelineConfig, store: Store, clip: Clip, person: Person
) -> tuple[Motion, Quality] | None:
    joints = store.step(lift.run, config.lift, clip, person)
    if not task.until.reaches(Until.SOLVE):
        return None
    raw = store.step(solve.run, config.solve, joints, device=task.device)
    if not task.until.reaches(Until.DENOISE):
        return None
    motion = store.step(denoise.run, config.denoise, raw, device=task.device)
    return motion, store.step(report.run, config.report, joints, motion)


def _result(number: int, motion: Motion, quality: Quality) -> PersonResult:
    times_s = motion.timestamps_s
    return PersonResult(number, float(times_s[0]), float(times_s[-1]), len(times_s), dataclasses.asdict(quality))
