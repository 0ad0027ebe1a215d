"""What follows lifting, from however many cameras: solved, exported, drawn and told, person by person."""

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.config import PipelineConfig
from pipeline.facts import facts_of
from pipeline.film import FAST, SMALL
from pipeline.store import Films, Store
from pipeline.task import PersonResult, Task, Until
from stages import biomech, denoise, export, page, report, solve
from stages.contracts import Biomechanics, Clip, JointTrack, Motion
from stages.export import osim, overlay
from stages.page import Film, PagePerson


def solve_person(
    task: Task, config: PipelineConfig, store: Store, number: int, joints: JointTrack
) -> PagePerson | None:
    """The steady motion of one person, and how well it agrees with what was seen; None where the run ends before.

    Args:
        store: the person's own.
    """
    if not task.until.reaches(Until.SOLVE):
        return None
    raw = store.step(solve.run, config.solve, joints, device=task.device)
    if not task.until.reaches(Until.DENOISE):
        return None
    motion = store.step(denoise.run, config.denoise, raw, device=task.device)
    return PagePerson(number, motion, store.step(report.run, config.report, joints, motion), None)


def finish(
    task: Task, config: PipelineConfig, store: Store, clip: Clip, solved: Sequence[PagePerson | None]
) -> list[PersonResult]:
    """Write the files of everyone, the films and the page.

    Args:
        store: the run's own.
        clip: of `task.source`, over which people are drawn.
    """
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


def export_motion(
    task: Task, config: PipelineConfig, store: Store, motion: Motion, filtered: str
) -> Biomechanics | None:
    """Write every file of one person, whose folder the store is.

    Args:
        filtered: what smoothing the motion went through, in a few words.
    """
    stem = f"{task.stem}_{store.folder.name.replace('person_', 'p')}"
    if task.until.reaches(Until.EXPORT):
        store.files(export.run, config.export, stem, motion)
    if not task.until.reaches(Until.BIOMECH):
        return None
    followed = store.step(biomech.run, config.biomech, motion)
    store.files(osim.run, osim.Config(), stem, followed, filtered)
    return followed


def _export_person(task: Task, config: PipelineConfig, store: Store, person: PagePerson) -> PagePerson:
    inside = store.inside(f"person_{person.number}")
    followed = export_motion(task, config, inside, person.motion, config.denoise.told())
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
