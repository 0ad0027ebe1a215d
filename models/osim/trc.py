"""Marker files (.trc): measured or computed marker positions over time.

OpenSim's readers pass over much in silence; this one does not. A missing marker is NaN: a blank cell is refused,
because OpenSim drops a blank last marker from its header's count.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.errors import InputError
from models.osim.document import read_file

METRES: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001}
KEYS: Final = (
    "DataRate",
    "CameraRate",
    "NumFrames",
    "NumMarkers",
    "Units",
    "OrigDataRate",
    "OrigDataStartFrame",
    "OrigNumFrames",
)
FIRST_ROW: Final = 6
"""Lines before the first frame; a blank one may follow them."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Markers over time.

    Attributes:
        names: of the markers, each once.
        rate_hz: frames per second as the file states it.
        timestamps_s: strictly increasing.
        markers_m: NaN where a marker was not seen.
    """

    names: tuple[str, ...]
    rate_hz: float
    timestamps_s: Float[np.ndarray, " frames"]
    markers_m: Float[np.ndarray, "frames markers 3"]

    def between(self, start_s: float, end_s: float) -> "Trial":
        """The frames from start to end, both counted in, to a tenth of a frame."""
        slack = 0.1 / self.rate_hz
        inside: Bool[np.ndarray, " frames"] = (self.timestamps_s >= start_s - slack) & (
            self.timestamps_s <= end_s + slack
        )
        return Trial(self.names, self.rate_hz, self.timestamps_s[inside], self.markers_m[inside])


def load_trc(path: Path) -> Trial:
    """Read a file; see `read_trc`."""
    return read_file(path, lambda content: read_trc(str(content)))


def read_trc(content: str) -> Trial:
    """Read the text of a marker file.

    Raises:
        InputError: with the line: a header that is not one, a unit that is not known, a name that is missing or comes
            twice, rows of another length, blank or infinite cells, words, times that are missing or do not increase.
    """
    lines = content.splitlines()
    if len(lines) < FIRST_ROW or not lines[0].startswith("PathFileType"):
        raise InputError("line 1: this does not start like a marker file", "hand in a .trc file")
    header = dict(zip(lines[1].split("\t"), (cell.strip() for cell in lines[2].split("\t")), strict=False))
    missing = [key for key in KEYS[:5] if not header.get(key)]
    if missing:
        raise InputError(f"line 2: the header lacks {', '.join(missing)}", f"write {', '.join(KEYS)} and their values")
    if header["Units"] not in METRES:
        raise InputError(f"line 3: the unit is {header['Units']!r}", f"choose from {', '.join(METRES)}")
    names = _names(lines[3], _count(header, "NumMarkers"))
    rows = [(k + 1, line) for k, line in enumerate(lines) if k >= FIRST_ROW - 1 and line.strip()]
    table = np.array([_row(line, number, len(names)) for number, line in rows]).reshape(-1, 2 + 3 * len(names))
    _check_times(table[:, 1], [number for number, _ in rows])
    if len(table) != _count(header, "NumFrames"):
        problem = f"line 3: the header promises {header['NumFrames']} frames, the file has {len(table)}"
        raise InputError(problem, "correct NumFrames or look for lost rows")
    rate = _number(header["DataRate"], "line 3: DataRate")
    if not rate > 0:
        raise InputError(f"line 3: DataRate is {rate:g}", "write the frames per second")
    markers = table[:, 2:].reshape(len(table), len(names), 3) * METRES[header["Units"]]
    return Trial(names, rate, table[:, 1], np.where(np.isnan(markers).any(axis=2, keepdims=True), np.nan, markers))


def write_trc(trial: Trial, file_name: str) -> str:
    """The text of a marker file in metres, a tenth of a micrometre exact; both of OpenSim's readers load every row."""
    count, frames, rate = len(trial.names), len(trial.timestamps_s), f"{trial.rate_hz:.10g}"
    values = (rate, rate, frames, count, "m", rate, 1, frames)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{file_name}",
        "\t".join(KEYS),
        "\t".join(map(str, values)),
        "Frame#\tTime\t" + "\t\t\t".join(trial.names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{k + 1}" for k in range(count) for axis in "XYZ"),
        "",
    ]
    flat = trial.markers_m.reshape(frames, -1).round(7) + 0.0  # no minus zero
    rows = np.column_stack([np.arange(1.0, frames + 1), trial.timestamps_s, flat]).tolist()
    pattern = "%d\t%.8f" + "\t%.7f" * (3 * count)
    lines += [(pattern % tuple(row)).replace("nan", "NaN") for row in rows]
    return "\n".join(lines) + "\n"


def _names(line: str, count: int) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in line.split("\t")[2:] if cell.strip())
    if len(names) != count:
        problem = f"line 4: the header promises {count} markers, there are {len(names)} names"
        raise InputError(problem, "correct NumMarkers, and separate names by tabs")
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise InputError(f"line 4: two markers are called {twice[0]!r}", "rename one of them")
    return names


def _row(line: str, number: int, markers: int) -> list[float]:
    cells, wanted = line.split("\t"), 2 + 3 * markers
    while len(cells) > wanted and not cells[-1].strip():
        cells.pop()
    if len(cells) != wanted:
        problem = f"line {number}: {len(cells)} cells, {markers} markers need {wanted}"
        raise InputError(problem, "write NaN for a missing marker and tabs between cells")
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        values = [np.inf]
    if np.isinf(values).any():
        return [_number(cell, f"line {number}, column {k + 1}") for k, cell in enumerate(cells)]
    return values


def _number(cell: str, place: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        shown = repr(cell.strip()) if cell.strip() else "blank"
        raise InputError(f"{place}: the cell is {shown}", "write a number, or NaN for a missing marker") from None
    if np.isinf(value):
        raise InputError(f"{place}: the cell is infinite", "write a number, or NaN for a missing marker")
    return value


def _count(header: dict[str, str], key: str) -> int:
    if not header[key].isdecimal():
        raise InputError(f"line 3: {key} is {header[key]!r}", "write a whole number")
    return int(header[key])


def _check_times(timestamps_s: Float[np.ndarray, " frames"], line_numbers: list[int]) -> None:
    for k, time_s in enumerate(timestamps_s):
        if np.isnan(time_s):
            raise InputError(f"line {line_numbers[k]}: the time is NaN", "write the seconds of each frame")
        if k and time_s <= timestamps_s[k - 1]:
            problem = f"line {line_numbers[k]}: time {time_s:g} does not follow {timestamps_s[k - 1]:g}"
            raise InputError(problem, "let times increase strictly")
