"""Whether this machine has all that the pipeline needs: python run_pipeline.py doctor [--outputs DIR] [--device NAME]
[--detector FILE ...].

Nothing but Python itself is imported here: whatever else is missing or broken is what the doctor is asked about.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from models.errors import KinetraceError
from pipeline.doctor import codecs, installed, machine, trained
from pipeline.doctor.findings import Finding, problem
from pipeline.doctor.terminal import tell

OUTPUTS: Final = Path(__file__).parents[2] / "outputs"
DEVICES: Final = ("auto", "cpu", "cuda", "mps")
BROKEN: Final = (ImportError, AttributeError, TypeError, ValueError, RuntimeError)
"""What packages raise that do not fit each other: a missing part, another version's binary."""


def main(argv: list[str]) -> int:
    """Print one line for each check; returns 0 where all is well, 1 where something is not."""
    parser = argparse.ArgumentParser(
        prog="run_pipeline.py doctor", description="Whether this machine has all it takes.", allow_abbrev=False
    )
    parser.add_argument("--outputs", type=Path, default=OUTPUTS, help="where results are to be written")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where tensors are to be computed")
    parser.add_argument(
        "--detector", type=Path, nargs="+", default=[], help="networks of your own to try: .task or .onnx"
    )
    arguments = parser.parse_args(argv)
    problems = 0
    for finding in look(arguments.outputs, arguments.device, arguments.detector):
        tell(finding.line)
        problems += not finding.is_well
    tell("all is well" if not problems else f"problems: {problems}")
    return 1 if problems else 0


def look(outputs: Path, device: str, own: Sequence[Path] = ()) -> Iterable[Finding]:
    """Every finding on this machine, in order; another Python than the one needed makes all else pointless."""
    version = installed.python()
    yield version
    if version.is_well:
        for subject, check in checks(outputs, device).items():
            yield from examine(subject, check)
        for path in own:
            yield from examine("own network", partial(trained.own_network, path))


def checks(outputs: Path, device: str) -> dict[str, Callable[[], Iterable[Finding]]]:
    """What is looked at, by its name."""
    return {
        "packages": installed.packages,
        "display": installed.display,
        "video": codecs.films,
        "weights": trained.weights,
        "detector": trained.detector,
        "body": trained.body,
        "device": partial(machine.devices, device),
        "loops": machine.compiled_loops,
        "outputs": partial(machine.outputs, outputs),
    }


def examine(subject: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of one check, of which the way it ends may be the last."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except KinetraceError as error:
        found.append(problem(subject, error.problem, error.remedy))
    except BROKEN as error:
        found.append(problem(subject, f"{type(error).__name__}: {error}", installed.REINSTALL))
    except OSError as error:
        found.append(problem(subject, str(error), "make this file readable and its folder writable, or free space"))
    return found
