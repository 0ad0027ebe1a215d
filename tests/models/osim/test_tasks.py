"""Setup files of OpenSim's inverse kinematics tool."""

import re

import pytest

from models.errors import InputError
from models.osim.reader import read_model
from models.osim.tasks import CoordinateTask, read_setup
from tests.models.osim import documents as made
from tests.models.osim.documents import Link

MODEL = read_model(made.version_4([Link("PinJoint")]))
SETUP = """<OpenSimDocument Version="40000"><InverseKinematicsTool><time_range>0.5 1.5</time_range><IKTaskSet><objects>
<IKMarkerTask name="tip"><apply>true</apply><weight>2.5</weight></IKMarkerTask>
<IKMarkerTask name="off"><apply>false</apply><weight>3</weight></IKMarkerTask>
<IKCoordinateTask name="b0_0"><apply>true</apply><weight>10</weight><value_type>manual_value</value_type>
<value>0.4</value></IKCoordinateTask></objects></IKTaskSet></InverseKinematicsTool></OpenSimDocument>"""


def test_weights_values_and_times_are_read() -> None:
    setup = read_setup(SETUP, MODEL)
    assert setup.tasks.marker_weight == {"tip": 2.5}
    assert setup.tasks.coordinate == {"b0_0": CoordinateTask(10.0, 0.4)}
    assert setup.time_range_s == (0.5, 1.5)


def test_the_default_of_a_coordinate_is_named_as_such() -> None:
    setup = read_setup(SETUP.replace("manual_value", "default_value"), MODEL)
    assert setup.tasks.coordinate == {"b0_0": CoordinateTask(10.0, None)}


@pytest.mark.parametrize("words", ["", "-Inf Inf"])
def test_no_bounds_mean_all_frames(words: str) -> None:
    assert read_setup(SETUP.replace("0.5 1.5", words), MODEL).time_range_s is None


def test_a_set_of_tasks_may_stand_alone() -> None:
    task = '<IKMarkerTask name="tip"><weight>2</weight></IKMarkerTask><IKMarkerTask name="unsaid"/>'
    alone = f"<IKTaskSet><objects>{task}</objects></IKTaskSet>"
    setup = read_setup(f'<OpenSimDocument Version="30000">{alone}</OpenSimDocument>', MODEL)
    assert setup.tasks.marker_weight == {"tip": 2.0, "unsaid": 0.0}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("IKTaskSet", "Other", "no <IKTaskSet>"),
        ("<IKTaskSet>", '<IKTaskSet file="a.xml">', "the tasks lie in another file, 'a.xml'"),
        ("2.5", "-2.5", "<IKMarkerTask name='tip'> has the weight -2.5"),
        ("b0_0", "knee", "<IKCoordinateTask name='knee'> is for no coordinate of the model"),
        ("manual_value", "from_file", "takes its value from 'from_file'"),
        ("0.5 1.5", "0.5", "'0.5' for 'time_range'"),
    ],
)
def test_a_fault_is_named(old: str, new: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read_setup(SETUP.replace(old, new), MODEL)
