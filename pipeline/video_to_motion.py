"""The program: one video in, motion files of everyone in it out."""

import dataclasses
import gc
from importlib import import_module
from pathlib import Path

from pipeline.ahead import Ahead
from pipeline.config import PipelineConfig
from pipeline.facts import facts_of
from pipeline.stamp import as_json
from pipeline.store import Films, Store
from pipeline.task import PersonResult, Task, Until
from stages import denoise, detect, export, ingest, lift, page, report, solve, track
from stages.contracts import Clip, Detections, Person
from stages.export import overlay
from stages.page import Film, PagePerson


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
    chosen = track.choose(people, task.person)
    solved = [_solve_person(task, config, store, clip, number, people[number]) for number in chosen]
    found = tuple(person for person in solved if person)
    if task.until.reaches(Until.OVERLAY):
        motions = tuple(person.motion for person in found)
        films = Films(("overlay", "preview"), overlay.rate_hz(config.overlay, clip))
        store.films(films, overlay.draw, config.overlay, task.source, clip, motions)
    if task.until.reaches(Until.PAGE):
        store.files(page.run, config.page, _film(config, store, clip), found, facts_of(task, store))
    return [PersonResult.of(person.number, person.motion, person.quality) for person in found]


def look(video: Path, config: PipelineConfig, store: Store) -> Detections:
    """Do what a second process can do while the first one imports the rest."""
    return store.step(detect.run, config.detect, video, store.step(ingest.run, config.ingest, video))


def _while_importing(ahead: Ahead, task: Task, config: PipelineConfig, store: Store) -> Store:
    """The store in which the other process has looked at the video, with all imported that solving and drawing need."""
    ahead.begin(task.source, store.folder, as_json(config), overwrite=store.overwrite)
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
    task: Task, config: PipelineConfig, store: Store, clip: Clip, number: int, person: Person
) -> PagePerson | None:
    store = store.inside(f"person_{number}")
    joints = store.step(lift.run, config.lift, clip, person)
    if not task.until.reaches(Until.SOLVE):
        return None
    raw = store.step(solve.run, config.solve, joints, device=task.device)
    if not task.until.reaches(Until.DENOISE):
        return None
    motion = store.step(denoise.run, config.denoise, raw, device=task.device)
    quality = store.step(report.run, config.report, joints, motion)
    if task.until.reaches(Until.EXPORT):
        store.files(export.run, config.export, f"{task.stem}_p{number}", motion)
    return PagePerson(number, motion, quality, None)


def _film(config: PipelineConfig, store: Store, clip: Clip) -> Film:
    return Film(
        path=store.folder / "preview.mp4",
        clip_size_px=(clip.width_px, clip.height_px),
        timestamps_s=overlay.shown(config.overlay, clip).timestamps_s,
        rate_hz=overlay.rate_hz(config.overlay, clip),
        poster=store.folder / "overlay.mp4",
    )
