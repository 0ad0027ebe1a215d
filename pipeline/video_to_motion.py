"""The program: one video in, motion files of everyone in it out."""

import dataclasses
import gc
from importlib import import_module
from pathlib import Path
from typing import Final

from pipeline.ahead import Ahead
from pipeline.config import PipelineConfig
from pipeline.finish import finish, solve_person
from pipeline.stamp import as_json
from pipeline.store import Store
from pipeline.task import PersonResult, Task, Until
from stages import biomech, detect, ingest, lift, solve, track
from stages.contracts import Clip, Detections, Person
from stages.page import PagePerson

LATER: Final = (
    "stages.lift.person",
    "stages.solve.body",
    "stages.denoise.steady",
    "stages.export.glb",
    "stages.export.osim_files",
    "stages.export.overlay_paint",
    "scipy.optimize",
)
"""What telling people apart, solving and drawing import when they begin."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Scene:
    """What all people of a video have in common."""

    clip: Clip
    detections: Detections
    people: tuple[Person, ...]


def video_to_motion(task: Task, config: PipelineConfig, store: Store, ahead: Ahead | None = None) -> list[PersonResult]:
    """Turn one video into motion files; the only place where stages meet."""
    if ahead and task.until.reaches(Until.SOLVE) and not store.holds(detect.run):
        store = _while_importing(ahead, task, config, store)
    clip = store.step(ingest.run, config.ingest, task.source)
    if not task.until.reaches(Until.DETECT):
        return []
    detections = store.step(detect.run, config.detect, task.source, clip)
    if not task.until.reaches(Until.TRACK):
        return []
    people = store.step(track.run, config.track, clip, detections)
    store.drop_people_from(len(people))
    if not task.until.reaches(Until.LIFT):
        return []
    scene = _Scene(clip, detections, people)
    chosen = track.choose(people, task.person, task.person_at)
    solved = [_solve_person(task, config, store, scene, number) for number in chosen]
    return finish(task, config, store, clip, solved)


def look(video: Path, config: PipelineConfig, store: Store) -> Detections:
    """Do what a second process can do while the first one imports the rest."""
    return store.step(detect.run, config.detect, video, store.step(ingest.run, config.ingest, video))


def _while_importing(ahead: Ahead, task: Task, config: PipelineConfig, store: Store) -> Store:
    """The store in which the other process has looked at the video, with all imported that solving and drawing need."""
    ahead.begin(task.source, store.folder, as_json(config), overwrite=store.overwrite)
    gc.disable()  # what is imported stays; looking for garbage in it costs a tenth
    for module in LATER:
        import_module(module)
    solve.prepare(config.solve)
    if task.until.reaches(Until.BIOMECH):
        biomech.prepare()
    gc.freeze()
    gc.enable()
    return dataclasses.replace(store, made_ahead=ahead.seconds())


def _solve_person(task: Task, config: PipelineConfig, store: Store, scene: "_Scene", number: int) -> PagePerson | None:
    store = store.inside(f"person_{number}")
    joints = store.step(lift.run, config.lift, scene.clip, scene.detections, scene.people[number])
    return solve_person(task, config, store, number, joints)
