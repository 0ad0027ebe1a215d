"""The validator finds what OpenSim passes over, finds nothing in sound files, and its command says which."""

from pathlib import Path

import numpy as np
import opensim
import pytest

from models.errors import InputError
from models.osim.mot import Table, table_of, write_mot
from models.osim.trc import Trial, write_trc
from models.osim.validate import findings, main, require_sound
from tests.models.osim import puppets

MODEL = puppets.puppet()
POSES = puppets.motion(MODEL, 6, seed=1)


def motion_text(poses: np.ndarray) -> str:
    return write_mot(table_of(MODEL, np.arange(6) / 50, poses))


MOTION = motion_text(POSES)
MARKERS = write_trc(puppets.film(MODEL, POSES), "a.trc")
ROW = MOTION.splitlines()[8]
MARKER_ROW = MARKERS.splitlines()[8]
FAULTS = {
    "NaN": ("a.mot", MOTION.replace(ROW.split("\t")[2], "nan", 1), "the cell is 'nan'"),
    "an empty cell": ("a.mot", MOTION.replace("\t" + ROW.split("\t")[2] + "\t", "\t\t", 1), "the cell is blank"),
    "no nRows": ("a.mot", MOTION.replace("nRows=6\n", ""), "lacks nRows"),
    "another nRows": ("a.mot", MOTION.replace("nRows=6", "nRows=9"), "nrows=9"),
    "no nColumns": ("a.mot", MOTION.replace(MOTION.splitlines()[3] + "\n", ""), "lacks nColumns"),
    "no inDegrees": ("a.mot", MOTION.replace("inDegrees=yes\n", ""), "inDegrees"),
    "Time": ("a.mot", MOTION.replace("\ntime\t", "\nTime\t"), "'Time'"),
    "equal labels": ("a.mot", MOTION.replace("\tb0_1\t", "\tb0_0\t"), "two columns are called 'b0_0'"),
    "times that fall": ("a.mot", MOTION.replace(f"\n{ROW.split(chr(9))[0]}", "\n-0.01"), "does not follow"),
    "a blank line": ("a.mot", MOTION.replace("\n" + ROW, "\n\n" + ROW), "a blank line"),
    "spaces": ("a.mot", MOTION.replace("\t", " "), "spaces stand"),
    "a byte order mark": ("a.mot", "\ufeff" + MOTION, "byte order mark"),
    "a blank last marker": ("a.trc", MARKERS.replace(MARKER_ROW, "\t".join(MARKER_ROW.split("\t")[:-3])), "cells"),
    "a blank marker": ("a.trc", MARKERS.replace("\t" + MARKER_ROW.split("\t")[5] + "\t", "\t\t", 1), "is blank"),
    "NaN times": ("a.trc", MARKERS.replace("\t" + MARKER_ROW.split("\t")[1] + "\t", "\tnan\t", 1), "the time is NaN"),
    "feet": ("a.trc", MARKERS.replace("\tm\t", "\tfeet\t"), "the unit is 'feet'"),
    "another rate": ("a.trc", MARKERS.replace("\n50\t50", "\n60\t60"), "the times say 50"),
    "missing settings": ("a.trc", MARKERS.replace("\tOrigNumFrames", ""), "not all there"),
    "other markers": ("a.trc", MARKERS.replace("NumMarkers", "NumMarker"), "lacks NumMarkers"),
    "no version": ("a.osim", puppets.content().replace('Version="40000"', ""), "version"),
    "a missing body": ("a.osim", puppets.content().replace("/bodyset/b3</socket", "/bodyset/b9</socket"), "is no body"),
    "an impossible mass": ("a.osim", puppets.content().replace("<mass>1<", "<mass>-1<", 1), "none below zero"),
    "inches": ("a.osim", puppets.content().replace("<BodySet", "<length_units>in</length_units><BodySet"), "'in'"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_every_fault_is_found(case: str) -> None:
    name, content, words = FAULTS[case]
    found = findings(name, content)
    assert found[0].is_fault and words in f"{found[0].problem} {found[0].remedy}"
    with pytest.raises(InputError):
        require_sound({name: content})


def test_nothing_is_wrong_with_what_is_written() -> None:
    files = {"a.mot": MOTION, "a.trc": MARKERS, "a.osim": puppets.content()}
    assert not any(found.is_fault for name, content in files.items() for found in findings(name, content, MODEL))
    require_sound({**files, "a.csv": "no file for OpenSim"}, MODEL)


@pytest.mark.parametrize("case", ["NaN", "no nRows", "another nRows", "a blank line"])
def test_opensim_loses_rows_of_such_motions_in_silence(case: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mot"
    path.write_text(FAULTS[case][1])
    sizes = {opensim.Storage(str(path)).getSize(), opensim.TimeSeriesTable(str(path)).getNumRows()}
    assert sizes != {6} or case == "another nRows"


def test_opensim_takes_feet_for_metres_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.trc"
    path.write_text(FAULTS["feet"][1])
    assert opensim.TimeSeriesTableVec3(str(path)).getNumRows() == 6


def test_a_range_that_is_left_is_a_fault_of_motion_and_model_together() -> None:
    knee = MODEL.coordinates[MODEL.coordinate_index["b2_0"]]
    beyond = POSES.copy()
    beyond[3, MODEL.coordinate_index["b2_0"]] = knee.upper + 0.01
    content = motion_text(beyond)
    assert not findings("a.mot", content)
    (found,) = findings("a.mot", content, MODEL)
    assert found.is_fault and "b2_0 leaves its range by 0.01" in found.problem


def test_names_that_the_model_does_not_know_are_told() -> None:
    (fault,) = findings("a.mot", MOTION.replace("\tb0_1\t", "\tknee\t"), MODEL)
    assert "no coordinate 'knee'" in fault.problem
    strangers = write_trc(Trial(("x", "y"), 50.0, np.arange(2) / 50, np.ones((2, 2, 3))), "a.trc")
    assert findings("a.trc", strangers, MODEL)[0].is_fault
    one = MARKERS.replace("\tm00\t", "\tx\t")
    assert [found.is_fault for found in findings("a.trc", one, MODEL)] == [False]


def test_what_is_unlikely_is_a_doubt() -> None:
    twelve = tuple(f"angle_{k}" for k in range(12))
    radians = write_mot(Table(twelve, True, np.arange(6) / 50, np.full((6, 12), 1.5)))
    degrees = MOTION.replace("inDegrees=yes", "inDegrees=no")
    far = MARKERS.replace(MARKER_ROW.split("\t")[2], "812.5")
    for name, content, words in [
        ("a.mot", radians, "look like radians"),
        ("a.mot", degrees, "look like degrees"),
        ("a.trc", far, "812 m away"),
    ]:
        (found,) = findings(name, content)
        assert not found.is_fault and words in found.problem
    require_sound({"a.mot": radians})


def test_the_command_ends_with_1_if_a_file_has_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mot").write_text(MOTION)
    (tmp_path / "b.mot").write_text(FAULTS["NaN"][1])
    (tmp_path / "a.osim").write_text(puppets.content())
    names = [str(tmp_path / name) for name in ("a.mot", "b.mot", "a.osim")]
    assert main([names[0], names[2]]) == 0
    assert "a.mot: sound" in capsys.readouterr().out
    assert main(names) == 1
    assert "b.mot: fault: line 9, column 3: the cell is 'nan'. Write a finite number." in capsys.readouterr().out
    assert main([str(tmp_path / "nothing.mot")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 1
