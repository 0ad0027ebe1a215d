"""The program for several calibrated cameras: videos of one scene in, one motion of everyone in it out."""

from pathlib import Path

from models.errors import ConfigError
from pipeline.config import PipelineConfig
from pipeline.finish import finish, solve_person
from pipeline.store import Store
from pipeline.task import PersonResult, Task, Until
from stages import detect, ingest, track
from stages.contracts import Clip, JointTrack, Person
from stages.export import cameras
from stages.lift import together, views
from stages.page import PagePerson


def cameras_to_motion(task: Task, config: PipelineConfig, store: Store) -> list[PersonResult]:
    """Turn videos of one scene into motion files, drawn over the first of them.

    Raises:
        ConfigError: no calibration was named, or somebody was chosen who can only be chosen in one video.
    """
    if task.calibration is None:
        raise ConfigError(f"{1 + len(task.beside)} videos are one scene", "name their calibration with --cameras")
    if task.person != "all" or task.person_at is not None:
        raise ConfigError("a person was chosen, but several cameras see everyone", "leave --person out")
    sources = (task.source, *task.beside)
    names = tuple(source.stem for source in sources)
    looked = [_look(task, config, store.inside(f"camera_{number}"), source) for number, source in enumerate(sources)]
    clips, people = tuple(clip for clip, _ in looked), tuple(found for _, found in looked)
    if not task.until.reaches(Until.LIFT):
        return []
    matched = store.step(views.run, config.views, task.calibration, names, clips, people)
    how = together.Config(config.lift, config.views)
    joints = store.step(together.run, how, task.calibration, names, clips, people, matched)
    store.files(cameras.run, cameras.Config(), matched, joints)
    store.drop_people_from(len(joints))
    solved = [_solve(task, config, store, number, one) for number, one in enumerate(joints)]
    return finish(task, config, store, clips[0], solved)


def _look(task: Task, config: PipelineConfig, store: Store, video: Path) -> tuple[Clip, tuple[Person, ...]]:
    """What one camera saw, as far as the run goes."""
    clip = store.step(ingest.run, config.ingest, video)
    if not task.until.reaches(Until.DETECT):
        return clip, ()
    detections = store.step(detect.run, config.detect, video, clip)
    return clip, store.step(track.run, config.track, clip, detections) if task.until.reaches(Until.TRACK) else ()


def _solve(task: Task, config: PipelineConfig, store: Store, number: int, joints: JointTrack) -> PagePerson | None:
    return solve_person(task, config, store.inside(f"person_{number}"), number, joints)
