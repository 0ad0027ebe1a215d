"""The program for marker data: inverse kinematics of a given OpenSim model, nothing else."""

from models.errors import ConfigError
from pipeline.store import Store
from pipeline.task import PersonResult, Task
from stages.biomech import markers


def markers_to_motion(task: Task, store: Store) -> list[PersonResult]:
    """Turn one .trc file into a .mot file; no person is judged, since no video shows one.

    Raises:
        ConfigError: no model was named.
    """
    if task.osim is None:
        raise ConfigError(f"{task.source} holds markers, but no model", "name the scaled model with --osim MODEL.osim")
    setup = None if task.ik_setup is None else str(task.ik_setup)
    store.files(markers.run, markers.Config(setup), task.source, task.osim)
    return []
