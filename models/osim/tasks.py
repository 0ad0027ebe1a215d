"""What inverse kinematics follows: weights of markers and of wanted coordinate values, as OpenSim's setup files say.

The cost of a frame, as in OpenSim: sum of w d^2 over the markers seen, divided by their sum of w, plus the sum of
w (q - wanted)^2 over the coordinate tasks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from models.errors import InputError
from models.osim.document import flag, label, number, numbers, parse_xml, read_file, text
from models.osim.model import Model


@dataclass(frozen=True)
class CoordinateTask:
    """Keep a coordinate near a value; None stands for its default. Radians or metres."""

    weight: float
    value: float | None = None


@dataclass(frozen=True)
class Tasks:
    """What to follow.

    Attributes:
        marker_weight: by marker; 0 and absent mean not followed.
        coordinate: by coordinate.
    """

    marker_weight: Mapping[str, float]
    coordinate: Mapping[str, CoordinateTask] = field(default_factory=dict[str, CoordinateTask])


@dataclass(frozen=True)
class Setup:
    """A setup file of OpenSim's inverse kinematics tool; a time range of None means all frames."""

    tasks: Tasks
    time_range_s: tuple[float, float] | None


def load_setup(path: Path, model: Model) -> Setup:
    """Read a file; see `read_setup`."""
    return read_file(path, lambda content: read_setup(content, model), binary=True)


def read_setup(content: str | bytes, model: Model) -> Setup:
    """Read a setup of OpenSim's inverse kinematics tool, or a set of tasks alone.

    Args:
        content: the document.
        model: whose coordinates the tasks name; wanted angles stand in radians, unlike those of motion files.

    Raises:
        InputError: no set of tasks, a negative weight, a coordinate that is not the model's, values from a file.
    """
    root = parse_xml(content)
    tool = root.find("InverseKinematicsTool")
    tool = root if tool is None else tool
    tasks = next((element for element in tool.iter("IKTaskSet")), None)
    if tasks is None:
        raise InputError("the document holds no <IKTaskSet>", "hand in a setup of the InverseKinematicsTool")
    if tasks.get("file"):
        raise InputError(f"the tasks lie in another file, {tasks.get('file')!r}", "hand in that file")
    markers = {t.get("name", ""): _weight(t) for t in tasks.iter("IKMarkerTask") if flag(t, "apply", True)}
    coordinates: dict[str, CoordinateTask] = {}
    for task in tasks.iter("IKCoordinateTask"):
        if flag(task, "apply", True) and _weight(task) > 0:
            coordinates[task.get("name", "")] = _coordinate_task(task, model)
    return Setup(Tasks(markers, coordinates), _time_range(tool))


def even_tasks(model: Model) -> Tasks:
    """All markers of a model, with weight 1."""
    return Tasks({marker.name: 1.0 for marker in model.markers})


def _weight(task: Element) -> float:
    weight = number(task, "weight", 0.0)
    if weight < 0:
        raise InputError(f"{label(task)} has the weight {weight:g}", "write a weight of 0 or more")
    return weight


def _time_range(tool: Element) -> tuple[float, float] | None:
    """OpenSim writes infinities where there is no bound."""
    words = text(tool, "time_range").lower().split()
    if not words or words == ["-inf", "inf"]:
        return None
    start_s, end_s = numbers(tool, "time_range", None, 2)
    return start_s, end_s


def _coordinate_task(task: Element, model: Model) -> CoordinateTask:
    name = task.get("name", "")
    if name not in model.coordinate_index:
        raise InputError(f"{label(task)} is for no coordinate of the model", f"choose from {[*model.coordinate_index]}")
    kind = text(task, "value_type", "default_value")
    if kind == "default_value":
        return CoordinateTask(_weight(task))
    if kind != "manual_value":
        raise InputError(f"{label(task)} takes its value from {kind!r}", "choose from default_value, manual_value")
    return CoordinateTask(_weight(task), number(task, "value", 0.0))
