"""The arrays of a SMPL, SMPL-H or SMPL-X file: read from .pkl or .npz, checked, written as .npz without a pickle."""

import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int

from models.bodies.unpickle import MAX_TOTAL, read_pickle
from models.errors import InputError, OutputError
from models.npz import DamagedNpzError, read_npz
from models.skeletons import SMPL_PARENTS

KINDS: Final = {24: "SMPL", 52: "SMPL-H", 55: "SMPL-X"}
"""Kind of model by its number of joints."""
BODY_JOINTS: Final = 22
"""All three begin with the same joints, from pelvis to wrists."""
KEPT: Final = (
    "hands_componentsl", "hands_componentsr", "hands_meanl", "hands_meanr", "lmk_faces_idx", "lmk_bary_coords",
)  # fmt: skip
"""Arrays that smplx wants of SMPL-H and SMPL-X beside those of the body."""
WANTED: Final = frozenset(
    {"v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table", "vertex_ids", *KEPT}
)
"""What is read of a file."""
REMEDY: Final = "get the model from its makers again, or run `python -m models.bodies.convert` on what they gave"


@dataclass(frozen=True, eq=False)
class SmplFile:
    """What is in a file, as far as it moves a body; metres.

    Attributes:
        template_m: the mean shape at rest.
        shape_m: movement of the skin for one unit of each beta; SMPL-X's expressions follow from the 300th on.
        correctives_m: movement of the skin for each entry of R - I of every joint but the root.
        joint_regressor: each joint is this weighted sum of the rest skin.
        skin_weight: share of each joint in moving each vertex.
        parents: of each joint; -1 for the root.
        named_vertices: vertex index by name, where the file says so; the models' own files do not.
        kept: other arrays that smplx asks for.
    """

    template_m: Float[np.ndarray, "vertices 3"]
    shape_m: Float[np.ndarray, "vertices 3 betas"]
    correctives_m: Float[np.ndarray, "vertices 3 correctives"]
    joint_regressor: Float[np.ndarray, "joints vertices"]
    skin_weight: Float[np.ndarray, "vertices joints"]
    faces: Int[np.ndarray, "faces 3"]
    parents: Int[np.ndarray, " joints"]
    named_vertices: Mapping[str, int]
    kept: Mapping[str, np.ndarray]

    @property
    def kind(self) -> str:
        """SMPL, SMPL-H or SMPL-X."""
        return KINDS[len(self.parents)]


def read_smpl(path: Path) -> SmplFile:
    """Read a body model as its makers give it, or as write_smpl wrote it.

    Raises:
        InputError: the file cannot be read, lacks an array, or holds one of a wrong shape.
    """
    arrays = read_pickle(path) if path.suffix == ".pkl" else _read_npz(path)
    regressor = _wanted(path, arrays, "J_regressor", 2)
    joints, vertices = regressor.shape
    if joints not in KINDS:
        kinds = ", ".join(f"{count} ({name})" for count, name in KINDS.items())
        raise InputError(f"{path.name} has {joints} joints", f"use a model with {kinds}")
    tree = _shaped(path, arrays, "kintree_table", (2, joints), whole=True).astype(np.int64)
    correctives = 9 * (joints - 1)
    return SmplFile(
        template_m=_shaped(path, arrays, "v_template", (vertices, 3)),
        shape_m=_shaped(path, arrays, "shapedirs", (vertices, 3, None)),
        correctives_m=_shaped(path, arrays, "posedirs", (vertices, 3, correctives)),
        joint_regressor=_finite(path, "J_regressor", regressor),
        skin_weight=_shaped(path, arrays, "weights", (vertices, joints)),
        faces=_faces(path, arrays, vertices),
        parents=_tree(path, tree),
        named_vertices=_names(path, arrays, vertices),
        kept={key: arrays[key] for key in KEPT if isinstance(arrays.get(key), np.ndarray)},
    )


def smpl_arrays(model: SmplFile) -> dict[str, np.ndarray]:
    """The arrays under the names that SMPL's files and smplx have for them; read_smpl reads them back."""
    joints = len(model.parents)
    arrays = {
        "v_template": model.template_m,
        "shapedirs": model.shape_m,
        "posedirs": model.correctives_m,
        "J_regressor": model.joint_regressor,
        "weights": model.skin_weight,
        "f": model.faces.astype(np.uint32),
        "kintree_table": np.stack([model.parents, np.arange(joints)]),
        **model.kept,
    }
    if model.named_vertices:
        arrays["vertex_ids"] = np.array(json.dumps(dict(model.named_vertices)))
    return arrays


def write_smpl(path: Path, model: SmplFile) -> None:
    """Write plain arrays; the file appears whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with whole_file(path) as temporary:
        np.savez(temporary, allow_pickle=False, **smpl_arrays(model))


@contextlib.contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """A file with the same ending, which takes the path's place once the block has written it.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path} ({error.strerror or error})", "name a writable place") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _read_npz(path: Path) -> dict[str, Any]:
    """Only what is wanted: SMPL-X's own file holds pickled objects besides, which stay closed."""
    try:
        return dict(read_npz(path, MAX_TOTAL, WANTED))
    except DamagedNpzError as error:
        raise InputError(f"{path} cannot be read as .npz ({error})", REMEDY) from error


def _wanted(path: Path, arrays: Mapping[str, Any], key: str, axes: int) -> np.ndarray:
    if key not in arrays:
        raise InputError(f"{path.name} has no {key}, but {sorted(arrays)}", REMEDY)
    array = arrays[key]
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.ndim != axes:
        shape = getattr(array, "shape", None)
        raise InputError(f"{key} of {path.name} is no array of {axes} axes (shape {shape})", REMEDY)
    return array


def _shaped(
    path: Path, arrays: Mapping[str, Any], key: str, shape: tuple[int | None, ...], *, whole: bool = False
) -> np.ndarray:
    array = _wanted(path, arrays, key, len(shape))
    if any(size is not None and size != actual for size, actual in zip(shape, array.shape, strict=True)):
        wanted = tuple("any" if size is None else size for size in shape)
        raise InputError(f"{key} of {path.name} has shape {array.shape}, not {wanted}", REMEDY)
    return array if whole else _finite(path, key, array)


def _finite(path: Path, key: str, array: np.ndarray) -> Float[np.ndarray, "..."]:
    if not np.isfinite(array).all():
        raise InputError(f"{key} of {path.name} holds NaN or infinity", REMEDY)
    return np.ascontiguousarray(array, dtype=np.float64)


def _faces(path: Path, arrays: Mapping[str, Any], vertices: int) -> Int[np.ndarray, "faces 3"]:
    faces = _wanted(path, arrays, "f", 2).astype(np.int64)
    if faces.shape[1] != 3 or faces.min(initial=0) < 0 or faces.max(initial=0) >= vertices:
        raise InputError(f"f of {path.name} is no list of triangles of {vertices} vertices", REMEDY)
    return faces


def _tree(path: Path, tree: Int[np.ndarray, "2 joints"]) -> Int[np.ndarray, " joints"]:
    """SMPL writes the root's parent as 2^32 - 1."""
    parents = tree[0].copy()
    parents[0] = -1
    if (
        parents[:BODY_JOINTS].tolist() != list(SMPL_PARENTS[:BODY_JOINTS])
        or not (parents < np.arange(len(parents))).all()
    ):
        raise InputError(f"kintree_table of {path.name} is not SMPL's tree", REMEDY)
    return parents


def _names(path: Path, arrays: Mapping[str, Any], vertices: int) -> Mapping[str, int]:
    if "vertex_ids" not in arrays:
        return {}
    try:
        names = {str(name): int(index) for name, index in json.loads(str(arrays["vertex_ids"])).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"vertex_ids of {path.name} is no list of names ({error})", REMEDY) from error
    if not all(0 <= index < vertices for index in names.values()):
        raise InputError(f"vertex_ids of {path.name} names vertices that it does not have", REMEDY)
    return names
