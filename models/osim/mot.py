"""Motion files (.mot): coordinates over time, in degrees and metres or in radians and metres.

OpenSim's Storage stops in silence at the first NaN and takes the first of two equal labels; this reader refuses both.
Degrees belong to rotational coordinates alone: a coupled one, such as a patella's angle, stays in its own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Bool, Float

from models.errors import InputError
from models.osim.document import read_file
from models.osim.model import Model


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns over time.

    Attributes:
        labels: of the columns, each once, "time" not counted.
        degrees: rotational coordinates are in degrees, else in radians.
        timestamps_s: strictly increasing.
        values: finite.
    """

    labels: tuple[str, ...]
    degrees: bool
    timestamps_s: Float[np.ndarray, " frames"]
    values: Float[np.ndarray, "frames columns"]


def load_mot(path: Path) -> Table:
    """Read a file; see `read_mot`."""
    return read_file(path, lambda content: read_mot(str(content)))


def read_mot(content: str) -> Table:
    """Read the text of a motion file.

    Raises:
        InputError: with the line: no end of header, no inDegrees, labels that do not start with time or come twice, a
            count that the header contradicts, cells that are blank or no finite number, times that do not increase.
    """
    lines = content.splitlines()
    end = next((k for k, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None:
        raise InputError("no line says endheader", "hand in a .mot file")
    pairs = (line.lower().partition("=") for line in lines[:end])
    header = {key.strip(): value.strip() for key, _, value in pairs}
    if header.get("indegrees") not in {"yes", "no"}:
        raise InputError("the header does not say inDegrees=yes or inDegrees=no", "add that line before endheader")
    rows = [(k + 1, line) for k, line in enumerate(lines) if k > end and line.strip()]
    if not rows:
        raise InputError(f"line {end + 2}: no labels follow the header", "hand in a whole file")
    labels = _labels(*rows[0])
    table = np.array([_row(number, line, len(labels)) for number, line in rows[1:]]).reshape(-1, len(labels))
    for key, count in (("nrows", len(table)), ("ncolumns", len(labels))):
        if header.get(key, str(count)) != str(count):
            problem = f"the header says {key}={header[key]}, the file has {count}"
            raise InputError(problem, "correct the header or look for lost rows")
    for k in np.flatnonzero(np.diff(table[:, 0]) <= 0):
        problem = f"line {rows[k + 2][0]}: time {table[k + 1, 0]:g} does not follow {table[k, 0]:g}"
        raise InputError(problem, "let times increase strictly")
    return Table(labels[1:], header["indegrees"] == "yes", table[:, 0], table[:, 1:])


def write_mot(table: Table, name: str = "Coordinates", notes: Sequence[str] = ()) -> str:
    """The text of a motion file that both of OpenSim's readers load whole, exact to eight decimals.

    Args:
        table: what to write.
        name: of the motion.
        notes: lines for people, that stand in the header.

    Raises:
        InputError: a value or a time that is not finite.
    """
    if not (np.isfinite(table.values).all() and np.isfinite(table.timestamps_s).all()):
        raise InputError("the motion holds NaN or infinity", "fill gaps before writing: OpenSim stops there in silence")
    lines = [
        name,
        "version=1",
        f"nRows={len(table.timestamps_s)}",
        f"nColumns={len(table.labels) + 1}",
        f"inDegrees={'yes' if table.degrees else 'no'}",
        *notes,
        "endheader",
        "\t".join(("time", *table.labels)),
    ]
    rows = np.column_stack([table.timestamps_s, table.values]).round(8) + 0.0  # no minus zero
    pattern = "\t".join(["%.8f"] * rows.shape[1])
    return "\n".join([*lines, *(pattern % tuple(row) for row in rows.tolist())]) + "\n"


def table_of(
    model: Model, timestamps_s: Float[np.ndarray, " frames"], poses: Float[np.ndarray, "frames coordinates"]
) -> Table:
    """Poses in radians become a table in degrees, with every coordinate of the model in its order."""
    names = tuple(coordinate.name for coordinate in model.coordinates)
    return Table(names, True, timestamps_s, np.where(_rotational(model), np.degrees(poses), poses))


def poses_of(model: Model, table: Table) -> Float[np.ndarray, "frames coordinates"]:
    """The poses in a table, in radians; a coordinate without a column keeps its default.

    Raises:
        InputError: no column is a coordinate of the model.
    """
    poses = np.tile(model.default_pose, (len(table.timestamps_s), 1))
    found = [label for label in table.labels if label in model.coordinate_index]
    if not found:
        raise InputError(f"no column is a coordinate of model {model.name!r}", "hand in the motion of this model")
    for label in found:
        column, index = table.values[:, table.labels.index(label)], model.coordinate_index[label]
        turned = table.degrees and model.coordinates[index].motion == "rotational"
        poses[:, index] = np.radians(column) if turned else column
    return poses


def _rotational(model: Model) -> Bool[np.ndarray, " coordinates"]:
    return np.array([coordinate.motion == "rotational" for coordinate in model.coordinates])


def _labels(number: int, line: str) -> tuple[str, ...]:
    labels = tuple(line.split())
    if labels[0] != "time":
        raise InputError(f"line {number}: the first label is {labels[0]!r}", "let the first column be time")
    twice = [label for k, label in enumerate(labels) if label in labels[:k]]
    if twice:
        raise InputError(f"line {number}: two columns are called {twice[0]!r}", "rename one of them")
    return labels


def _row(number: int, line: str, count: int) -> list[float]:
    cells = line.strip("\r\n ").split("\t") if "\t" in line else line.split()
    if len(cells) == count + 1 and not cells[-1].strip():
        cells.pop()
    if len(cells) != count:
        raise InputError(f"line {number}: {len(cells)} cells for {count} labels", "write one number for each label")
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        values = [np.nan]
    return values if np.isfinite(values).all() else _refuse(number, cells)


def _refuse(number: int, cells: list[str]) -> NoReturn:
    """Name the first cell that is no finite number."""
    for k, cell in enumerate(cells):
        try:
            value = float(cell)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            shown = repr(cell.strip()) if cell.strip() else "blank"
            raise InputError(f"line {number}, column {k + 1}: the cell is {shown}", "write a finite number")
    raise AssertionError("every cell is finite")
