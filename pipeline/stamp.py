"""What a result was made from, in a form that can be compared."""

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ConfigError
from pipeline import artefacts


@dataclass(frozen=True)
class Stamp:
    """Equal keys, equal results.

    Attributes:
        stage: the module that made the result.
        key: digest of all that follows.
        inputs: digests of what was handed in.
        reads: digests of the files that the stage opens by itself (weights, bodies), by name.
    """

    stage: str
    key: str
    version: int
    config: Any
    inputs: list[str]
    reads: dict[str, str]


def stage_of(run: Callable[..., object]) -> str:
    """The name of the stage that a function belongs to: that of its module."""
    return run.__module__.rpartition(".")[2]


def stamp_of(run: Callable[..., object], config: Any, inputs: tuple[object, ...]) -> Stamp:
    """Stamp a call of `run(config, *inputs)`, whose module holds VERSION and may hold `reads(config)`."""
    module = sys.modules[run.__module__]
    stage = stage_of(run)
    reads: Callable[[Any], tuple[Path, ...]] | None = getattr(module, "reads", None)
    parts: dict[str, Any] = {
        "version": module.VERSION,
        "config": as_json(config),
        "inputs": [artefacts.digest(item) for item in inputs],
        "reads": {name: artefacts.digest(path) for name, path in _named(reads(config)).items()} if reads else {},
    }
    key = hashlib.sha256(json.dumps([stage, parts], sort_keys=True).encode()).hexdigest()
    return Stamp(stage, key, **parts)


def _named(paths: tuple[Path, ...]) -> dict[str, Path]:
    """Files by their names; those that share one by their folders too, for every export of a network is end2end.onnx.

    Raises:
        ConfigError: two files share both.
    """
    names = [path.name for path in paths]
    named = {
        str(Path(path.parent.name, path.name)) if names.count(path.name) > 1 else path.name: path for path in paths
    }
    if len(named) < len(set(paths)):
        raise ConfigError(
            f"{', '.join(map(str, paths))} share names and folders' names", "rename one of them: results name them so"
        )
    return named


def as_json(config: Any) -> Any:
    """A config dataclass as JSON gives it back: lists for tuples, text for paths."""
    return json.loads(json.dumps(dataclasses.asdict(config), default=str))
