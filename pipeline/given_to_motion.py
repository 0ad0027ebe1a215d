"""The program for what other programs found: it enters where a video would have come to; what follows is the same."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import ConfigError
from models.readers.given import Said
from pipeline import artefacts
from pipeline.atomic import write
from pipeline.config import PipelineConfig
from pipeline.facts import facts_of
from pipeline.finish import export_motion, finish, solve_person
from pipeline.manifest import MANIFEST
from pipeline.names import printable
from pipeline.store import Store
from pipeline.task import PersonResult, Task, Until
from stages import denoise, detect, ingest, lift, page, track
from stages.contracts import Clip, JointTrack, Motion, RawMotion
from stages.given import keypoints, limbs, motions, refined, refinement
from stages.page import PagePerson
from stages.solve import points

ON_PICTURE = ("openpose", "mmpose", "alphapose")
IN_WORLD = ("npz", "trc", "c3d", "sam3d")
MOTIONS = ("amass", "gvhmr", "wham", "phalp", "packed")
LIMBS = "limbs"
"""Formats by what they hold, as models.readers.registry has them, which costs a second to import."""


@dataclass(frozen=True)
class Given:
    """What another program found, and what goes with it.

    Attributes:
        format: of the path, one of those above.
        path: a file, or a folder of files.
        said: what the user says of it.
        video: that it was found in.
        keypoints, keypoints_format: points in space, by which a motion is refined.
        keypoints_said: what the user says of them.
    """

    format: str
    path: Path
    said: Said
    video: Path | None = None
    keypoints: Path | None = None
    keypoints_format: str = "npz"
    keypoints_said: Said = field(default_factory=Said)

    def __post_init__(self) -> None:
        known = (*ON_PICTURE, *IN_WORLD, *MOTIONS, LIMBS)
        if self.format not in known:
            raise ConfigError(f"no format is called {self.format!r}", f"choose from {', '.join(known)}")
        if self.keypoints is not None and self.keypoints_format not in IN_WORLD:
            raise ConfigError(
                f"keypoints in {self.keypoints_format!r} are no points in space", f"choose from {', '.join(IN_WORLD)}"
            )
        if self.format in ON_PICTURE and self.video is None:
            raise ConfigError(
                f"{self.format} holds keypoints on a picture, which do not tell how far off a limb is",
                "name the video that they were found in with --video",
            )
        if self.keypoints is not None and self.format not in MOTIONS:
            raise ConfigError(
                f"{self.format} holds no motion that keypoints could refine",
                f"leave --keypoints out, or begin with {', '.join(MOTIONS)}",
            )

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is read of the path."""
        return tuple(sorted(self.path.glob("*.json"))) if self.path.is_dir() else (self.path,)


def given_to_motion(task: Task, given: Given, config: PipelineConfig, store: Store) -> list[PersonResult]:
    """Turn it into motion files of everyone in it.

    Args:
        task: whose source is the video where there is one, else the given file.
    """
    if given.format in ON_PICTURE:
        return _from_picture(task, given, config, store)
    if given.format in IN_WORLD:
        raw = store.step(points.run, config.solve, given.said, given.format, given.path, device=task.device)
        return _without_video(task, config, store, _chosen(task, raw))
    if given.keypoints is not None:
        inside = store.inside("person_0")
        files = refined.Files(given.format, given.keypoints_format, given.said, given.keypoints_said)
        how = _refine_config(config), files, given.path, given.keypoints
        better = inside.step(refined.run, *how, device=task.device)
        inside.files(refinement.run, refinement.Config(), better)
        return _without_video(task, config, store, [(0, better)])
    if given.video is not None:
        return _by_video(task, given, config, store)
    if given.format == LIMBS:
        whose = limbs.Config(config.solve.body, config.solve.height_m)
        return _export(task, config, store, [(0, store.step(limbs.run, whose, given.said, given.path))])
    body = motions.Config(config.solve.body, config.solve.height_m)
    found = store.step(motions.run, body, given.said, given.format, given.path)
    return _export(task, config, store, _chosen(task, found))


def note_given(folder: Path, given: Given) -> None:
    """Write into run.json what was given besides the video, file by file with its digest."""
    content: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    files = [*given.files, *([given.keypoints] if given.keypoints else [])]
    digests = [artefacts.digest(path) for path in files]
    content["given"] = {
        "format": given.format,
        "name": printable(given.path.name),
        "files": len(files),
        "sha256": digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest(),
        "keypoints": printable(given.keypoints.name) if given.keypoints else None,
    }
    write(folder / MANIFEST, json.dumps(content, indent=2).encode())


def _from_picture(task: Task, given: Given, config: PipelineConfig, store: Store) -> list[PersonResult]:
    """As from the video, with the pixels that were given."""
    clip = store.step(ingest.run, config.ingest, task.source)
    seen = store.step(detect.run, config.detect, task.source, clip)
    seen = store.step(keypoints.run, given.said, clip, seen, given.format, str(given.path), given.files)
    people = store.step(track.run, config.track, clip, seen)
    store.drop_people_from(len(people))
    solved: list[PagePerson | None] = []
    for number in track.choose(people, task.person, task.person_at):
        inside = store.inside(f"person_{number}")
        joints = inside.step(lift.run, config.lift, clip, seen, people[number])
        solved.append(solve_person(task, config, inside, number, joints))
    return finish(task, config, store, clip, solved)


def _by_video(task: Task, given: Given, config: PipelineConfig, store: Store) -> list[PersonResult]:
    """A motion refined by what the video shows of the person who fits it: the one seen longest, or the one chosen."""
    clip, joints, number = _lifted(task, config, store)
    inside = store.inside(f"person_{number}")
    files = refined.Files(given.format, "", given.said, Said())
    better = inside.step(refined.run, _refine_config(config), files, given.path, joints, device=task.device)
    inside.files(refinement.run, refinement.Config(), better)
    motion = inside.step(denoise.run, config.denoise, better, device=task.device)
    return finish(task, config, store, clip, [PagePerson(number, motion, None, None)])


def _lifted(task: Task, config: PipelineConfig, store: Store) -> tuple[Clip, JointTrack, int]:
    clip = store.step(ingest.run, config.ingest, task.source)
    seen = store.step(detect.run, config.detect, task.source, clip)
    people = store.step(track.run, config.track, clip, seen)
    number = track.choose(people, "largest" if task.person == "all" else task.person, task.person_at)[0]
    joints = store.inside(f"person_{number}").step(lift.run, config.lift, clip, seen, people[number])
    return clip, joints, number


def _refine_config(config: PipelineConfig) -> refined.Config:
    return refined.Config(config.solve.body, config.solve.height_m)


def _without_video(
    task: Task, config: PipelineConfig, store: Store, people: list[tuple[int, RawMotion]]
) -> list[PersonResult]:
    """Made steady, then exported."""
    if not task.until.reaches(Until.DENOISE):
        return []
    steady = [
        (number, store.inside(f"person_{number}").step(denoise.run, config.denoise, raw, device=task.device))
        for number, raw in people
    ]
    return _export(task, config, store, steady, config.denoise.told())


def _export(
    task: Task, config: PipelineConfig, store: Store, people: list[tuple[int, Motion]], filtered: str = "none"
) -> list[PersonResult]:
    store.drop_people_from(max((number for number, _ in people), default=-1) + 1)
    shown = [
        PagePerson(
            number, motion, None, export_motion(task, config, store.inside(f"person_{number}"), motion, filtered)
        )
        for number, motion in people
    ]
    if task.until.reaches(Until.PAGE):
        store.files(page.run, config.page, None, tuple(shown), facts_of(task, store))
    return [PersonResult.of(number, motion, None) for number, motion in people]


def _chosen(task: Task, people: tuple[Any, ...]) -> list[tuple[int, Any]]:
    """Everybody, or the number that the user names.

    Raises:
        ConfigError: nobody has this number.
    """
    if task.person == "all":
        return list(enumerate(people))
    if not task.person.isdecimal() or int(task.person) >= len(people):
        raise ConfigError(f"there is no person {task.person!r} among {len(people)}", "choose all, or a number from 0")
    return [(int(task.person), people[int(task.person)])]
