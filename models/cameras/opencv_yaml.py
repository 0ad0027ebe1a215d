"""Calibrations in OpenCV's YAML: intri.yml and extri.yml side by side, as EasyMocap writes them.

`names` lists the cameras; K_name, dist_name in the first file, R_name (rotation vector) or Rot_name (matrix) and T_name
in the second, all from the world to the camera. A file with all of it is read as well. The size of the pictures stands
in H_name and W_name; where it does not, the principal point is taken for the middle. Read for the layout: Pose2Sim's
converter of these files (perfanalytics/pose2sim, Pose2Sim/calibration.py).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.spatial.transform import Rotation

from models.cameras.calibration import Written
from models.errors import InputError


class _Loader(yaml.SafeLoader):
    """Knows OpenCV's matrices, and takes no references."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references by *name are not read here")
        return super().compose_node(parent, index)


def _matrix(loader: _Loader, node: yaml.Node) -> np.ndarray:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.YAMLError("a matrix is written as rows, cols, dt and data")
    table: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return np.array(table["data"], dtype=float).reshape(int(table["rows"]), int(table["cols"]))


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _matrix)


def read(text: str, path: Path, read_text: Callable[[Path], str]) -> list[Written]:
    """Read a file that holds all, or either one of the pair.

    Args:
        read_text: reads the other one.

    Raises:
        InputError: a file is no such YAML, or a camera is not in both.
    """
    table = dict(_parsed(text, path))
    for here, there in (("intri", "extri"), ("extri", "intri")):
        if path.stem == here:
            other = path.with_stem(there)
            table = {**_parsed(read_text(other), other), **table}
    names = [str(name) for name in table.get("names", [])]
    return [_camera(name, table, path) for name in names]


def _parsed(text: str, path: Path) -> Mapping[str, Any]:
    lines = [line for line in text.splitlines() if not line.startswith("%YAML")]
    try:
        table = yaml.load("\n".join(lines), _Loader)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise InputError(f"{path} is no YAML of OpenCV ({problem})", "give the file as it was written") from error
    if not isinstance(table, dict) or not isinstance(table.get("names"), list):
        raise InputError(f"{path} does not list its cameras", "write `names:` and K_, dist_, R_ and T_ for each")
    return table


def _camera(name: str, table: Mapping[str, Any], path: Path) -> Written:
    try:
        matrix, lens, shift_m = (np.array(table[f"{key}_{name}"], dtype=float) for key in ("K", "dist", "T"))
        if f"Rot_{name}" in table:
            turn = np.array(table[f"Rot_{name}"], dtype=float)
        else:
            turn = Rotation.from_rotvec(np.array(table[f"R_{name}"], dtype=float).ravel()).as_matrix()
        size = [float(table.get(f"{key}_{name}", 2 * matrix[axis, 2])) for key, axis in (("W", 0), ("H", 1))]
    except KeyError as error:
        raise InputError(f"camera {name!r} of {path} has no {error.args[0]}", "keep both files together") from error
    except (IndexError, TypeError, ValueError) as error:
        raise InputError(f"camera {name!r} of {path} cannot be read ({error})", "calibrate it anew") from error
    return Written(name, size, matrix, lens, turn, shift_m.ravel())
