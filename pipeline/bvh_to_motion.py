"""The program for motion that comes as a BVH: retargeted to the body, then every output but the video's."""

from pipeline.config import PipelineConfig
from pipeline.facts import facts_of
from pipeline.finish import export_motion
from pipeline.store import Store
from pipeline.task import PersonResult, Task, Until
from stages import page, retarget
from stages.page import PagePerson


def bvh_to_motion(task: Task, config: PipelineConfig, store: Store) -> list[PersonResult]:
    """Turn one BVH into motion files of its person."""
    inside = store.inside("person_0")
    motion = inside.step(retarget.run, config.retarget, task.source)
    store.drop_people_from(1)
    person = PagePerson(0, motion, None, export_motion(task, config, inside, motion, "none"))
    if task.until.reaches(Until.PAGE):
        store.files(page.run, config.page, None, (person,), facts_of(task, store))
    return [PersonResult.of(0, motion, None)]
