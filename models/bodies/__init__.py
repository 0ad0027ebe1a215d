"""Body models: the free one by its name, a user's own SMPL, SMPL-H or SMPL-X by the path of its file."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from models.bodies.body import Body
from models.bodies.packed import read_body
from models.errors import ConfigError
from models.weights import Weights, find_weights

BODY_FILES: Final = {"free": "free_body.npz"}
LICENSED_SUFFIXES: Final = frozenset({".npz", ".pkl"})


def load_body(name: str) -> Body:
    """Read a body in float32 on the CPU; `Body.to` carries it elsewhere.

    Bodies are frozen, so that whoever asks for an unchanged file again is given the same one.

    Args:
        name: one of BODY_FILES, or the path of a SMPL, SMPL-H or SMPL-X file in .npz.

    Raises:
        ConfigError: no body has this name, and no file this path.
        WeightsError: the file of one of BODY_FILES is missing or damaged.
        InputError: the file at this path is no body model.
    """
    if (path := _licensed_file(name)) is not None:
        state = path.stat()
        return _read_licensed(path, state.st_mtime_ns, state.st_size, load_body("free"))
    return _read_own(name, _body_weights(name))


def body_file(name: str) -> Path:
    """The file that a body is read from; raises ConfigError and WeightsError as load_body."""
    path = _licensed_file(name)
    return _body_weights(name).path if path is None else path


def body_label(name: str) -> str:
    """What files that are handed on call a body: a user's own is not told with its folder."""
    return Path(name).name


@lru_cache(maxsize=2)
def _read_own(name: str, weights: Weights) -> Body:
    return read_body(weights.path, name=name, sha256=weights.sha256, licence=weights.licence)


@lru_cache(maxsize=1)
def _read_licensed(path: Path, changed_ns: int, size: int, free: Body) -> Body:
    # smplx, SciPy's solvers and a model of 100 MB: only who asks for such a body waits for them.
    from models.bodies.licensed import load_licensed  # noqa: PLC0415

    return load_licensed(path, free)


def _licensed_file(name: str) -> Path | None:
    """The file that a name is the path of; None where it is a plain name."""
    path = Path(name).expanduser()
    if path.suffix not in LICENSED_SUFFIXES:
        return None
    if not path.is_file():
        raise ConfigError(
            f"there is no body at {name}", f"name a SMPL, SMPL-H or SMPL-X file in .npz, or one of {sorted(BODY_FILES)}"
        )
    return path.resolve()


def _body_weights(name: str) -> Weights:
    if name not in BODY_FILES:
        raise ConfigError(
            f"no body called {name!r}", f"choose from {sorted(BODY_FILES)}, or name a SMPL file in .npz by its path"
        )
    return find_weights(BODY_FILES[name])
