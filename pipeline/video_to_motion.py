"""The program: one video in, motion files of everyone in it out."""

import dataclasses
import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Final

from pipeline.ahead import Ahead
from pipeline.config import PipelineConfig
from pipeline.facts import facts_of
from pipeline.film import FAST, SMALL
from pipeline.stamp import as_json
from pipeline.store import Films, Store
from pipeline.task import PersonResult, Task, Until
from stages import biomech, denoise, detect, export, ingest, lift, page, report, solve, track
from stages.contracts import Biomechanics, Clip, Detections, Motion, Person
from stages.export import osim, overlay
from stages.page import Film, PagePerson

LATER: Final = (
    "stages.lift.person",
    "stages.solve.body",
    "stages.denoise.steady",
    "stages.export.glb",
    "stages.export.osim_files",
    "stages.export.overlay_paint",
)
"""What solving and drawing import when they begin."""


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
    found = [person for person in solved if person]
    beside = store.aside()
    with ThreadPoolExecutor(1) as pool:
        filmed = pool.submit(_draw_films, task, config, beside, clip, found)
        found = [_export_person(task, config, store, person) for person in found]
        filmed.result()
    store.records.extend(beside.records)
    if task.until.reaches(Until.PAGE):
        store.files(page.run, config.page, _film(config, store, clip), tuple(found), facts_of(task, store))
    return [PersonResult.of(person.number, person.motion, person.quality) for person in found]


def look(video: Path, config: PipelineConfig, store: Store) -> Detections:
    """Do what a second process can do while the first one imports the rest."""
    return store.step(detect.run, config.detect, video, store.step(ingest.run, config.ingest, video))


def export_motion(
    task: Task, config: PipelineConfig, store: Store, motion: Motion, smoothing_s: dict[str, float]
) -> Biomechanics | None:
    """Write every file of one person, whose folder the store is.

    Args:
        smoothing_s: by group of joints, the period of the smoothing that the motion went through.
    """
    stem = f"{task.stem}_{store.folder.name.replace('person_', 'p')}"
    if task.until.reaches(Until.EXPORT):
        store.files(export.run, config.export, stem, motion)
    if not task.until.reaches(Until.BIOMECH):
        return None
    followed = store.step(biomech.run, config.biomech, motion)
    store.files(osim.run, osim.Config(), stem, followed, smoothing_s)
    return followed


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
    if not task.until.reaches(Until.SOLVE):
        return None
    raw = store.step(solve.run, config.solve, joints, device=task.device)
    if not task.until.reaches(Until.DENOISE):
        return None
    motion = store.step(denoise.run, config.denoise, raw, device=task.device)
    return PagePerson(number, motion, store.step(report.run, config.report, joints, motion), None)


def _export_person(task: Task, config: PipelineConfig, store: Store, person: PagePerson) -> PagePerson:
    inside, smoothing_s = store.inside(f"person_{person.number}"), dataclasses.asdict(config.denoise)
    followed = export_motion(task, config, inside, person.motion, smoothing_s)
    return dataclasses.replace(person, biomechanics=followed)


def _draw_films(task: Task, config: PipelineConfig, store: Store, clip: Clip, people: Sequence[PagePerson]) -> None:
    """Drawing keeps both cores busy where exporting, beside it, does not."""
    if task.until.reaches(Until.OVERLAY):
        films = Films((("overlay", FAST), ("preview", SMALL)), overlay.rate_hz(config.overlay, clip))
        motions = tuple(person.motion for person in people)
        store.films(films, overlay.draw, config.overlay, task.source, clip, motions)


def _film(config: PipelineConfig, store: Store, clip: Clip) -> Film:
    return Film(
        path=store.folder / "preview.mp4",
        clip_size_px=(clip.width_px, clip.height_px),
        timestamps_s=overlay.shown(config.overlay, clip).timestamps_s,
        rate_hz=overlay.rate_hz(config.overlay, clip),
        poster=store.folder / "overlay.mp4",
    )
