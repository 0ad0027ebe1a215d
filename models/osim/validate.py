"""What is wrong with files for OpenSim: python -m models.osim.validate FILE ... says it and ends with 1 if anything is.

OpenSim's readers pass over much in silence: they stop at a NaN, read 0 rows without nRows, take the first of two equal
labels, ignore a marker file's unit. The exporters write nothing that has a fault. A doubt is only unlikely. With one
model among the files, motions and markers are held against it.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.osim.document import read_file
from models.osim.model import Model
from models.osim.reader import read_model
from models.osim.validate_model import model_findings
from models.osim.validate_motion import Finding, mot_findings, trc_findings

KINDS: Final = (".mot", ".trc", ".osim")


def findings(name: str, content: str, model: Model | None = None) -> list[Finding]:
    """What is wrong with a file, the worst first.

    Args:
        name: whose ending says what it is.
        content: its text.
        model: that a motion or markers should fit.

    Raises:
        InputError: the ending is none of .mot, .trc and .osim.
    """
    match Path(name).suffix.lower():
        case ".mot":
            found = mot_findings(content, model)
        case ".trc":
            found = trc_findings(content, model)
        case ".osim":
            found = model_findings(content)
        case _:
            raise InputError(f"{name!r} is no file for OpenSim", f"name files that end in {', '.join(KINDS)}")
    return sorted(found, key=lambda finding: not finding.is_fault)


def require_sound(files: Mapping[str, str], model: Model | None = None) -> None:
    """Refuse files that OpenSim would misread.

    Args:
        files: their text, by name; others than .mot, .trc and .osim are passed over.
        model: that they should fit.

    Raises:
        InputError: the first fault.
    """
    for name, content in files.items():
        if Path(name).suffix in KINDS:
            for finding in findings(name, content, model):
                if finding.is_fault:
                    raise InputError(f"{name}: {finding.problem}", finding.remedy)


def main(names: Sequence[str]) -> int:
    """Print what is wrong with each file; 0 if nothing has a fault."""
    if not names or names[0] in {"-h", "--help"}:
        sys.stdout.write(f"{__doc__}\n")
        return 0
    try:
        contents = {name: read_file(Path(name), str) for name in names}
        model = _only_model(contents)
        found = {name: findings(name, content, model) for name, content in contents.items()}
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for name, each in found.items():
        lines = [f"{'fault' if f.is_fault else 'doubt'}: {InputError(f.problem, f.remedy)}" for f in each] or ["sound"]
        sys.stdout.writelines(f"{name}: {line}\n" for line in lines)
    return int(any(finding.is_fault for each in found.values() for finding in each))


def _only_model(contents: Mapping[str, str]) -> Model | None:
    models = [content for name, content in contents.items() if Path(name).suffix.lower() == ".osim"]
    if len(models) != 1 or any(finding.is_fault for finding in model_findings(models[0])):
        return None
    return read_model(models[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
