"""Which files of weights belong to this project, and whether a file is the one that was promised."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import WeightsError

WEIGHTS_FOLDER: Final = Path(__file__).with_suffix("")
REGISTER: Final = "weights.toml"


@dataclass(frozen=True)
class Weights:
    """A file of weights that was checked, and where it comes from.

    Attributes:
        sha256: of the file's bytes.
        licence: SPDX expression or a sentence that holds one.
        source: what the weights were made from.
        command: what makes them again.
    """

    path: Path
    sha256: str
    licence: str
    source: str
    command: str


def find_weights(name: str, folder: Path = WEIGHTS_FOLDER) -> Weights:
    """Look a file up in the folder's register and check its bytes.

    Raises:
        WeightsError: the register does not know the name, or the file is missing or has other bytes.
    """
    register = _read_register(folder)
    if name not in register:
        raise WeightsError(f"no weights called {name!r}", f"choose from {sorted(register)}")
    entry = register[name]
    path = folder / name
    if not path.is_file():
        raise WeightsError(f"{path} is missing", f"make it again with `{entry['command']}` or restore it from git")
    if (actual := file_sha256(path)) != entry["sha256"]:
        raise WeightsError(
            f"{path} has sha256 {actual[:12]}..., but {REGISTER} promises {entry['sha256'][:12]}...",
            f"restore {name} from git, or register it if you made it yourself",
        )
    return Weights(path=path, **entry)


def registered(folder: Path = WEIGHTS_FOLDER) -> dict[str, Weights]:
    """Every file that the folder's register knows, by name, unchecked.

    Raises:
        WeightsError: the register is missing or damaged.
    """
    return {name: Weights(path=folder / name, **entry) for name, entry in _read_register(folder).items()}


def file_sha256(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_register(folder: Path) -> dict[str, Any]:
    path = folder / REGISTER
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"{path} is missing", "restore it from git") from None
    except tomllib.TOMLDecodeError as problem:
        raise WeightsError(f"{path} is no TOML: {problem}", "restore it from git") from None
