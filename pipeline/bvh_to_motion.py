"""The program for motion that comes as a BVH: retargeted to the body, then every output but the video's."""

from pipeline.config import PipelineConfig
from pipeline.facts import facts_of
from pipeline.store import Store
from pipeline.task import PersonResult, Task, Until
from stages import export, page, retarget
from stages.page import PagePerson


def bvh_to_motion(task: Task, config: PipelineConfig, store: Store) -> list[PersonResult]:
    """Turn one BVH into motion files of its person."""
    inside = store.inside("person_0")
    motion = inside.step(retarget.run, config.retarget, task.source)
    store.drop_people_from(1)
    if task.until.reaches(Until.EXPORT):
        inside.files(export.run, config.export, f"{task.stem}_p0", motion)
    if task.until.reaches(Until.PAGE):
        store.files(page.run, config.page, None, (PagePerson(0, motion, None, None),), facts_of(task, store))
    return [PersonResult.of(0, motion, None)]
