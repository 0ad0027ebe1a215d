"""Marker files: what is written is read, by us and by OpenSim; every fault names its line."""

import re
from pathlib import Path

import numpy as np
import opensim
import pytest

from models.errors import InputError
from models.osim.trc import Trial, load_trc, read_trc, write_trc

NAMES = ("R.ASIS", "knee r", "L_toe")


@pytest.fixture
def trial() -> Trial:
    markers = np.random.default_rng(3).normal(size=(5, 3, 3))
    markers[1, 0] = markers[4, 2] = np.nan
    return Trial(NAMES, 59.94, np.arange(5) / 59.94, markers)


def test_what_is_written_is_read(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_text(write_trc(trial, "a.trc"))
    back = load_trc(tmp_path / "a.trc")
    assert (back.names, back.rate_hz) == (trial.names, trial.rate_hz)
    assert np.allclose(back.timestamps_s, trial.timestamps_s, atol=1e-8)
    assert np.allclose(back.markers_m, trial.markers_m, atol=1e-7, equal_nan=True)


def test_opensim_reads_every_row(trial: Trial, tmp_path: Path) -> None:
    path = tmp_path / "a.trc"
    path.write_text(write_trc(trial, "a.trc"))
    table = opensim.TimeSeriesTableVec3(str(path))
    assert tuple(table.getColumnLabels()) == NAMES
    theirs = np.array(
        [[[row[k].get(i) for i in range(3)] for k in range(3)] for row in map(table.getRowAtIndex, range(5))]
    )
    assert np.allclose(theirs, trial.markers_m, atol=1e-7, equal_nan=True)
    assert opensim.MarkerData(str(path)).getNumFrames() == 5


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("cm", 0.01), ("mm", 0.001)])
def test_units_become_metres(trial: Trial, unit: str, metres: float) -> None:
    content = write_trc(trial, "a.trc").replace("\tm\t", f"\t{unit}\t")
    assert np.allclose(read_trc(content).markers_m, trial.markers_m * metres, atol=1e-7, equal_nan=True)


def test_a_window_holds_both_its_ends(trial: Trial) -> None:
    window = trial.between(0.0167, 0.0501)
    assert np.array_equal(window.timestamps_s, trial.timestamps_s[1:4])
    assert np.array_equal(window.markers_m, trial.markers_m[1:4], equal_nan=True)


def cell(row: int, column: int, value: str, trial: Trial) -> str:
    lines = write_trc(trial, "a.trc").splitlines()
    cells = lines[row - 1].split("\t")
    cells[column - 1] = value
    lines[row - 1] = "\t".join(cells)
    return "\n".join(lines)


FAULTS = {
    "a blank cell": (9, 5, "", "line 9, column 5: the cell is blank"),
    "a word": (9, 5, "lost", "line 9, column 5: the cell is 'lost'"),
    "an infinite cell": (9, 5, "inf", "line 9, column 5: the cell is infinite"),
    "a time that is NaN": (9, 2, "NaN", "line 9: the time is NaN"),
    "a time that stands still": (9, 2, "0.0", "line 9: time 0 does not follow 0.0166833"),
    "a name twice": (4, 6, "R.ASIS", "line 4: two markers are called 'R.ASIS'"),
    "a name lost": (4, 6, "", "line 4: the header promises 3 markers, there are 2"),
    "another unit": (3, 5, "inch", "line 3: the unit is 'inch'"),
    "a wrong count": (3, 3, "9", "line 3: the header promises 9 frames, the file has 5"),
    "no count": (3, 4, "three", "line 3: NumMarkers is 'three'"),
    "no rate": (3, 1, "0", "line 3: DataRate is 0"),
    "a key lost": (2, 5, "Unit", "line 2: the header lacks Units"),
    "another file": (1, 1, "Coordinates", "line 1: this does not start like a marker file"),
    "a cell too many": (9, 11, "1\t2", "line 9: 12 cells, 3 markers need 11"),
}


@pytest.mark.parametrize(("row", "column", "value", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_line(row: int, column: int, value: str, words: str, trial: Trial) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read_trc(cell(row, column, value, trial))


def test_a_blank_last_marker_is_refused(trial: Trial) -> None:
    content = write_trc(trial, "a.trc").replace("\tNaN\tNaN\tNaN\n", "\n")
    with pytest.raises(InputError, match="line 11: 8 cells, 3 markers need 11"):
        read_trc(content)
