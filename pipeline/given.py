"""The command line for what other programs found: python run_pipeline.py --from FORMAT FILE."""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from models.errors import KinetraceError
from models.readers.given import Said
from pipeline.batch import Outcome
from pipeline.config import DEFAULT_PRESET, PipelineConfig, checked, load_preset
from pipeline.door import refuse_early
from pipeline.given_to_motion import Given, given_to_motion, note_given
from pipeline.lock import held
from pipeline.manifest import write_manifest
from pipeline.names import stem_of
from pipeline.stamp import as_json
from pipeline.store import Store
from pipeline.task import Task, Until

FROM = "--from"
Format = Literal[
    "openpose", "mmpose", "alphapose", "npz", "trc", "c3d", "sam3d", "amass", "gvhmr", "wham", "phalp", "packed",
    "limbs",
]  # fmt: skip


@dataclass(frozen=True)
class GivenArguments:
    """Keypoints, joints or motions of other programs in; every output of this one out (docs/ways-in.md)."""

    config: Annotated[PipelineConfig, tyro.conf.AvoidSubcommands, tyro.conf.arg(name="")]
    format: Annotated[Format, tyro.conf.arg(name="from")]
    """What is handed in: keypoints on a video's picture (openpose, mmpose, alphapose), points in space (npz, trc, c3d,
    sam3d), motions of SMPL's tree (amass, gvhmr, wham, phalp, packed), or paths of hands and feet (limbs)."""
    path: tyro.conf.Positional[Path]
    """The file, or the folder."""
    video: Path | None = None
    """That it was found in. Keypoints on its picture need it; a motion is refined by what it shows."""
    keypoints: Path | None = None
    """Points in space by which a motion is refined."""
    keypoints_from: Literal["npz", "trc", "c3d", "sam3d"] = "npz"
    """Their format."""
    unit: Literal["m", "cm", "mm"] | None = None
    """Of lengths, where the file does not say or is wrong; with --keypoints, of these."""
    up: Literal["y", "z"] | None = None
    """The axis that points up, where the file does not say or is wrong; with --keypoints, of these."""
    rate: float | None = None
    """Frames per second, where the file does not say or is wrong."""
    joints: str | None = None
    """What the points are: smpl24, blazepose33, body25, halpe26, coco17 or h36m17, where names do not tell."""
    preset: str = DEFAULT_PRESET
    """Settings to start from: a name of configs/ or a .yaml file; flags go over it."""
    outputs: Path = Path(__file__).parent.parent / "outputs"
    """Where results are written."""
    until: Annotated[Until, tyro.conf.EnumChoicesFromValues] = Until.PAGE
    """The last stage to do."""
    person: str = "all"
    """Whom to solve: all, or a number from 0, the longest seen first; of a video as without --from."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where tensors are computed."""
    overwrite: bool = False
    """Do every stage again, even when nothing changed."""
    height_m: float | None = None
    """Body height in metres."""
    mass_kg: float | None = None
    """Body mass in kilograms, for the OpenSim model."""


def run_given(argv: list[str]) -> Outcome:
    """Read the flags and do it.

    Raises:
        KinetraceError: a flag, the file or a setting cannot be used, or a result cannot be written.
    """
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--preset", default=DEFAULT_PRESET)
    default = load_preset(early.parse_known_args(argv)[0].preset)
    arguments = tyro.cli(
        tyro.conf.configure(tyro.conf.OmitSubcommandPrefixes)(GivenArguments),
        args=argv,
        default=GivenArguments(config=default, format=tyro.MISSING, path=tyro.MISSING),
        prog="run_pipeline.py",
    )
    config = checked(as_json(_with_body(arguments)))
    refuse_early(arguments.device, config)
    return _do(arguments, config)


def _with_body(arguments: GivenArguments) -> PipelineConfig:
    config = arguments.config
    if arguments.height_m is not None:
        solve = dataclasses.replace(config.solve, height_m=arguments.height_m)
        config = dataclasses.replace(config, solve=solve)
    if arguments.mass_kg is not None:
        biomech = dataclasses.replace(config.biomech, mass_kg=arguments.mass_kg)
        config = dataclasses.replace(config, biomech=biomech)
    return config


def _do(arguments: GivenArguments, config: PipelineConfig) -> Outcome:
    said = Said(arguments.unit, arguments.up, arguments.rate, arguments.joints)
    beside = arguments.keypoints is not None
    given = Given(
        format=arguments.format,
        path=arguments.path,
        said=Said(rate_hz=arguments.rate) if beside else said,
        video=arguments.video,
        keypoints=arguments.keypoints,
        keypoints_format=arguments.keypoints_from,
        keypoints_said=Said(arguments.unit, arguments.up, None, arguments.joints),
    )
    source = arguments.path if arguments.video is None else arguments.video
    task = Task(source, stem_of(arguments.path), arguments.person, arguments.device, arguments.until)
    store = Store(arguments.outputs / task.stem, arguments.overwrite)
    try:
        with held(store.folder):
            people = given_to_motion(task, given, config, store)
            write_manifest(store.folder, task, config, store.records, people)
            note_given(store.folder, given)
    except KinetraceError as error:
        return Outcome(task, store.folder, store.records, [], error)
    return Outcome(task, store.folder, store.records, people, None)
