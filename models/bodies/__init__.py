"""Body models by name."""

from pathlib import Path
from typing import Final

from models.bodies.body import Body
from models.bodies.packed import read_body
from models.errors import ConfigError
from models.weights import Weights, find_weights

BODY_FILES: Final = {"free": "free_body.npz"}


def load_body(name: str) -> Body:
    """Read a body in float32 on the CPU; `Body.to` carries it elsewhere.

    Raises:
        ConfigError: no body has this name.
        WeightsError: its file is missing or damaged.
    """
    weights = _body_weights(name)
    return read_body(weights.path, name=name, sha256=weights.sha256, licence=weights.licence)


def body_file(name: str) -> Path:
    """The file that a body is read from; raises as load_body."""
    return _body_weights(name).path


def _body_weights(name: str) -> Weights:
    if name not in BODY_FILES:
        raise ConfigError(f"no body called {name!r}", f"choose from {sorted(BODY_FILES)}")
    return find_weights(BODY_FILES[name])
