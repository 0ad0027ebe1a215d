"""Turn videos of people into motion: python run_pipeline.py [INPUT ...], or look at a run: inspect FOLDER.

--from FORMAT FILE begins with keypoints, joints or motions of other programs (--from --help tells which);
pack FILE keeps a tenth of a motion's numbers;
doctor says whether this machine has all it takes, licenses under which terms everything here stands.
"""

# ruff: noqa: E402
import gc

gc.disable()  # until all is imported: what is imported stays, and looking for garbage in it costs a tenth

import importlib
import os
import sys

if __name__ == "__main__" and sys.argv[1:2] in (["doctor"], ["licenses"]):
    # Before any package is imported: one that is missing is for the doctor to name.
    sys.exit(importlib.import_module(f"pipeline.{sys.argv[1]}").main(sys.argv[2:]))

# Idle threads of numpy's BLAS spin while all else imports; nothing here multiplies large matrices through numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pipeline.ahead import Ahead, may_look

AHEAD = Ahead.start() if __name__ == "__main__" and may_look(sys.argv[1:]) else None
"""Started before anything is imported here, so that both processes import at once."""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import tyro

from models.errors import ConfigError, KinetraceError
from pipeline import batch, console, sources, stop
from pipeline.config import DEFAULT_PRESET, PipelineConfig, checked, load_preset
from pipeline.door import refuse_early
from pipeline.limits import Limits
from pipeline.names import printable, stem_of
from pipeline.stamp import as_json
from pipeline.task import Task, Until

SAMPLES = Path(__file__).parent / "samples"
INSPECT = "inspect"
PACK = "pack"
FROM = "--from"
OUTPUTS = Path(__file__).parent / "outputs"
STOPPED = 130
"""What shells say of a program that the keyboard stopped."""


@dataclass(frozen=True)
class Arguments:
    """Video of people, or a BVH, in; motion for animation, vision and biomechanics, and a page that shows it, out."""

    config: Annotated[PipelineConfig, tyro.conf.AvoidSubcommands, tyro.conf.arg(name="")]
    inputs: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Videos, or folders of videos; pictures as shot_%04d.png, or folders of them; camera:0; .bvh files; .trc files of
    markers; everything in samples/ when none is named."""
    cameras: Path | None = None
    """Calibration of the cameras that filmed the inputs, which are one scene then: .toml of Pose2Sim, Caliscope or
    aniposelib, .yml of OpenCV, .qca.txt of Qualisys."""
    preset: str = DEFAULT_PRESET
    """Settings to start from: a name of configs/ or a .yaml file; flags go over it."""
    outputs: Path = OUTPUTS
    """Where results are written: one folder for each video."""
    until: Annotated[Until, tyro.conf.EnumChoicesFromValues] = Until.PAGE
    """The last stage to do."""
    person: str = "all"
    """Whom to solve: all, largest, first, leftmost, rightmost, or a number as listed in run.json."""
    person_at: str | None = None
    """Whom to solve, instead: whoever is at X,Y@T, pixels of the upright picture and seconds."""
    merge: tuple[str, ...] = ()
    """People that are one, such as 1,3: short for --track.merge."""
    split: tuple[str, ...] = ()
    """A person that is two from a moment on, such as 2@3.4 (seconds): short for --track.split."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where tensors are computed."""
    overwrite: bool = False
    """Do every stage again, even when nothing changed."""
    time_range: tuple[float, float] | None = None
    """Seconds from and to: short for --ingest.time-range-s."""
    max_frames: int | None = None
    """Stop after so many frames: short for --ingest.max-frames."""
    slow_motion: float | None = None
    """How many times slower than life the video is shown: short for --ingest.slow-motion."""
    fps_in: float | None = None
    """Pictures a second of a folder of pictures: short for --pictures.rate-hz."""
    seconds: float | None = None
    """How long camera:0 is recorded: short for --pictures.seconds."""
    height_m: float | None = None
    """Body height in metres, sets the scale: short for --lift.height-m and --solve.height-m."""
    mass_kg: float | None = None
    """Body mass in kilograms, for the OpenSim model: short for --biomech.mass-kg."""
    fps: int | None = None
    """Pictures a second of BVH and GLB: short for --export.fps."""
    in_place: bool = False
    """BVH and GLB without their way over the floor: short for --export.in-place."""
    osim: Path | None = None
    """Model whose markers an input .trc file holds; it becomes a .mot file."""
    ik_setup: Path | None = None
    """Setup of OpenSim's inverse kinematics tool, for the weights of these markers."""
    limit_minutes: float | None = None
    """Most minutes that one file may take."""
    limit_memory_gb: float | None = None
    """Most memory that one file may take, in GiB."""
    sandbox: bool = False
    """Open files in a bounded process without a network: for those from strangers."""


@dataclass(frozen=True)
class InspectArguments:
    """What every stage of a run left: sizes, ranges, stamps and seconds, and one sheet of drawings each."""

    folder: tyro.conf.Positional[Path]
    """Results of one run, such as outputs/walk."""
    rerun: bool = False
    """Write inspect/run.rrd as well, for the Rerun viewer."""


def main(argv: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code: 0 done, 1 a problem with the input, 2 a problem with the flags. A signal ends the program from
        within (see pipeline.stop): 130 stopped from the keyboard, 143 told to end.
    """
    console.start()
    stop.listen()
    gc.enable()
    try:
        if argv[:1] == [INSPECT]:
            return _inspect(argv[1:])
        if argv[:1] == [PACK]:
            return _pack(argv[1:])
        if any(word.partition("=")[0] == FROM for word in argv):
            return _given(argv)
        arguments = _parse(argv)
        outcomes = _run(arguments)
    except KinetraceError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(stop.STOPPED, file=sys.stderr)
        return STOPPED
    console.show_table(outcomes)
    return 1 if any(outcome.error for outcome in outcomes) else 0


def _inspect(argv: list[str]) -> int:
    # Whoever runs the pipeline need not wait for what draws.
    from pipeline.inspect import inspect  # noqa: PLC0415

    arguments = tyro.cli(InspectArguments, args=argv, prog=f"run_pipeline.py {INSPECT}")
    inspect(arguments.folder, rerun=arguments.rerun)
    return 0


def _pack(argv: list[str]) -> int:
    from pipeline.pack import pack_motion  # noqa: PLC0415

    pack_motion(argv)
    return 0


def _given(argv: list[str]) -> int:
    # Readers of other programs' files are for those who have some.
    from pipeline.given import run_given  # noqa: PLC0415

    outcome = run_given(argv)
    console.show_table([outcome])
    return 1 if outcome.error else 0


def _parse(argv: list[str]) -> Arguments:
    """Read the flags over the preset's values, so that --help shows the values that hold."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--preset", default=DEFAULT_PRESET)
    preset = early.parse_known_args(argv)[0].preset
    default = Arguments(config=load_preset(preset), preset=preset)
    return tyro.cli(Arguments, args=argv, default=default, prog="run_pipeline.py", description=__doc__)


def _run(arguments: Arguments) -> list[batch.Outcome]:
    config = checked(as_json(_with_short_flags(arguments)))
    refuse_early(arguments.device, config)
    inputs = sources.with_recordings(arguments.inputs or (SAMPLES,), config.pictures, arguments.outputs)
    videos = batch.find_videos(inputs)
    if arguments.cameras:
        tasks = [_scene(arguments, videos)]
    else:
        batch.refuse_twins(videos)
        tasks = [_task(arguments, video) for video in videos]
    limits = Limits(arguments.limit_minutes, arguments.limit_memory_gb, arguments.sandbox)
    outcomes = list(
        batch.run_all(tasks, config, arguments.outputs, overwrite=arguments.overwrite, ahead=AHEAD, limits=limits)
    )
    if arguments.until.reaches(Until.PAGE) and not all(outcome.error for outcome in outcomes):
        batch.write_gallery(arguments.outputs)
    return outcomes


def _task(arguments: Arguments, source: Path) -> Task:
    for flag, value in (("--osim", arguments.osim), ("--ik-setup", arguments.ik_setup)):
        if value and source.suffix.lower() != ".trc":
            raise ConfigError(
                f"{flag} cannot be used with {source}", f"name a .trc file of markers, or leave {flag} out"
            )
    stem = stem_of(source)
    how = arguments.person, arguments.device, arguments.until
    return Task(source, stem, *how, arguments.osim, arguments.ik_setup, arguments.person_at)


def _scene(arguments: Arguments, videos: list[Path]) -> Task:
    """All videos as one task, named after the first."""
    if len(videos) < 2:
        raise ConfigError(f"--cameras is given for {len(videos)} video", "name the videos of two or more cameras")
    first = _task(arguments, videos[0])
    stem = f"{first.stem}_and_{len(videos) - 1}"
    return dataclasses.replace(first, stem=stem, beside=tuple(videos[1:]), calibration=arguments.cameras)


def _with_short_flags(arguments: Arguments) -> PipelineConfig:
    given = {
        "pictures": {"rate_hz": arguments.fps_in, "seconds": arguments.seconds},
        "ingest": {
            "time_range_s": arguments.time_range,
            "max_frames": arguments.max_frames,
            "slow_motion": arguments.slow_motion,
        },
        "track": {"merge": arguments.merge or None, "split": arguments.split or None},
        "lift": {"height_m": arguments.height_m},
        "solve": {"height_m": arguments.height_m},
        "biomech": {"mass_kg": arguments.mass_kg},
        "export": {"fps": arguments.fps, "in_place": arguments.in_place or None},
    }
    config = arguments.config
    for stage, values in given.items():
        set_ = {name: value for name, value in values.items() if value is not None}
        config = dataclasses.replace(config, **{stage: dataclasses.replace(getattr(config, stage), **set_)})
    return config


def _leave(code: int) -> NoReturn:
    """End at once: every file is closed by now, and taking torch down would cost most of a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
