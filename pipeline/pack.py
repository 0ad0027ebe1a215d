"""The command that packs a motion: python run_pipeline.py pack FILE --ratio 10; --from packed unpacks it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from models.readers.given import Said
from pipeline.atomic import write
from stages.export.npz import pack as npz_bytes

PACK = "pack"


@dataclass(frozen=True)
class PackArguments:
    """Keep the paths of hands and feet and a few turns of the trunk; limb mode bends elbows and knees again."""

    path: tyro.conf.Positional[Path]
    """A motion, such as outputs/walk/person_0/motion.npz."""
    format: Annotated[Literal["amass", "gvhmr", "wham", "phalp"], tyro.conf.arg(name="from")] = "amass"
    """Its format."""
    ratio: float = 10.0
    """Numbers of the whole motion (72 a frame) over those that are kept."""
    rate: float | None = None
    """Frames per second, where the file does not say."""
    out: Path | None = None
    """Where to write; NAME_packed.npz beside the motion when nothing is said."""


def pack_motion(argv: list[str]) -> None:
    """Read the flags, write the file and print what was lost.

    Raises:
        KinetraceError: the motion or the ratio cannot be used, or the file cannot be written.
    """
    arguments = tyro.cli(PackArguments, args=argv, prog=f"run_pipeline.py {PACK}")
    from stages.given.packing import run  # noqa: PLC0415 - torch takes a second to import

    arrays, told = run(Said(rate_hz=arguments.rate), arguments.format, arguments.path, arguments.ratio)
    out = arguments.out or arguments.path.with_name(f"{arguments.path.stem}_packed.npz")
    write(out, npz_bytes(dict(arrays)))
    print(f"{out}: {told}")
