"""Motion files: what is written is read, by us and by both of OpenSim's readers; every fault names its line."""

import re
from pathlib import Path

import numpy as np
import opensim
import pytest

from models.errors import InputError
from models.osim.model import Model
from models.osim.mot import Table, load_mot, poses_of, read_mot, table_of, write_mot
from models.osim.reader import read_model
from tests.models.osim import documents as made
from tests.models.osim.documents import Link

TIMES = np.arange(4) / 30


@pytest.fixture
def model() -> Model:
    bent = (made.LINEAR, made.SPLINE, made.CONSTANT, made.SPLINE, made.SPLINE, made.SPLINE)
    return read_model(made.version_4([Link("PlanarJoint"), Link("CustomJoint", bent)]))


@pytest.fixture
def table(model: Model) -> Table:
    return table_of(model, TIMES, np.random.default_rng(4).normal(size=(4, 5)))


def test_what_is_written_is_read(table: Table, tmp_path: Path) -> None:
    (tmp_path / "a.mot").write_text(write_mot(table))
    back = load_mot(tmp_path / "a.mot")
    assert (back.labels, back.degrees) == (table.labels, True)
    assert np.allclose(back.values, table.values, atol=1e-8)
    assert np.allclose(back.timestamps_s, table.timestamps_s, atol=1e-8)


def test_both_of_opensims_readers_load_every_row(table: Table, tmp_path: Path) -> None:
    path = tmp_path / "a.mot"
    path.write_text(write_mot(table))
    storage, series = opensim.Storage(str(path)), opensim.TimeSeriesTable(str(path))
    assert storage.getSize() == series.getNumRows() == 4
    assert tuple(series.getColumnLabels()) == table.labels and storage.isInDegrees()
    assert np.allclose(series.getMatrix().to_numpy(), table.values, atol=1e-8)


def test_degrees_are_for_rotational_coordinates_alone(model: Model) -> None:
    poses = np.random.default_rng(5).normal(size=(4, 5))
    table = table_of(model, TIMES, poses)
    motions = [coordinate.motion for coordinate in model.coordinates]
    assert motions == ["rotational", "translational", "translational", "rotational", "coupled"]
    assert np.allclose(table.values, poses * [180 / np.pi, 1, 1, 180 / np.pi, 1])
    assert np.allclose(poses_of(model, table), poses)
    assert np.array_equal(poses_of(model, Table(table.labels, False, TIMES, poses)), poses)


def test_a_coordinate_without_a_column_keeps_its_default(model: Model) -> None:
    poses = poses_of(model, Table(("b0_1", "other"), True, TIMES, np.ones((4, 2))))
    assert np.array_equal(poses, np.tile([0, 1, 0, 0, 0], (4, 1)))
    with pytest.raises(InputError, match="no column is a coordinate of model 'made'"):
        poses_of(model, Table(("other",), True, TIMES, np.ones((4, 1))))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_not_written(table: Table, value: float) -> None:
    broken = np.where(np.arange(5) == 2, value, table.values)
    with pytest.raises(InputError, match="NaN or infinity"):
        write_mot(Table(table.labels, True, TIMES, broken))


FAULTS = {
    "NaN": ("1.5\t2.5", "nan\t2.5", "line 8, column 2: the cell is 'nan'"),
    "a blank cell": ("1.5\t2.5", "\t2.5", "line 8, column 2: the cell is blank"),
    "a short row": ("1.5\t2.5", "1.5", "line 8: 2 cells for 3 labels"),
    "labels that repeat": ("a\tb", "a\ta", "line 7: two columns are called 'a'"),
    "no time": ("time", "t", "line 7: the first label is 't'"),
    "a count": ("nRows=2", "nRows=3", "the header says nrows=3, the file has 2"),
    "no unit": ("inDegrees=yes\n", "", "inDegrees=yes or inDegrees=no"),
    "no end": ("endheader", "", "no line says endheader"),
    "a time that stands still": ("0.1\t", "0.0\t", "line 9: time 0 does not follow 0"),
    "a time that is NaN": ("0.1\t", "nan\t", "line 9, column 1: the cell is 'nan'"),
}


@pytest.mark.parametrize(("old", "new", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_line(old: str, new: str, words: str) -> None:
    content = (
        "Coordinates\nversion=1\nnRows=2\nnColumns=3\ninDegrees=yes\nendheader\n"
        "time\ta\tb\n0.0\t1.5\t2.5\n0.1\t3.5\t4.5\n"
    )
    assert read_mot(content).values.shape == (2, 2)
    with pytest.raises(InputError, match=re.escape(words)):
        read_mot(content.replace(old, new))


def test_a_row_may_end_with_a_tab() -> None:
    content = "x\ninDegrees=no\nendheader\ntime\ta\n 0.0\t 1.5\t\n"
    assert read_mot(content).values.tolist() == [[1.5]]
