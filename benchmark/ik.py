"""How true and how fast inverse kinematics is: python -m benchmark.ik --mocap DIR [--json FILE], beside the baselines.

All methods solve the same keypoints of the same drawn bodies, whose shapes they are told but in the table that
estimates them. What is measured and how: benchmark/ik_metrics.py and docs/inverse-kinematics.md.
"""

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

import torch
import tyro

from benchmark.ik_bounds import DRAWS, bounds
from benchmark.ik_cases import FRAMES, Windows, draw_windows, make_case
from benchmark.ik_cells import (
    OURS,
    Cell,
    Row,
    Solved,
    by_family,
    contests,
    figures,
    guess_shapes,
    rows,
    solve,
    solve_cell,
)
from benchmark.ik_methods import CONTENDERS, STEPS, Contender, contender, kinetrace, variant
from benchmark.ik_metrics import RESAMPLES
from benchmark.ik_modes import plugin, sequential
from benchmark.ik_speed import speed
from models.bodies import load_body
from models.bodies.body import Body
from models.errors import InputError, KinetraceError
from models.nets.load import load_pose_net
from models.nets.pose_net import PoseNet
from training.corrupt import PointDamage
from training.mocap import TrueMotion, read_truth

NOISE_MM: Final = (5, 10, 20, 30)
MISSING: Final = (0.0, 0.2, 0.4)
OUTLIERS: Final = 0.02
OTHER_SETS: Final = ("body25", "halpe26", "blazepose33", "smpl24_mid_hip")
WITH_OWN_SHAPE: Final = ("kinetrace", "smpl_iks", "smpl_iks_learned_twist")
HIDDEN: Final = ("_mean", "_interval", "_tenth")
"""Ends of names that are written but not printed."""

Table = Literal["clean", "noise", "sets", "shape", "sequential", "plugin", "speed"]
TABLES: Final[tuple[Table, ...]] = get_args(Table)


@dataclass(frozen=True)
class Arguments:
    """Compare inverse kinematics on captured motion."""

    mocap: Path
    """Folder of mocap-compact-1 files; figures that are reported come from the test split."""
    json: Path | None = None
    """Where to write the figures."""
    only: tuple[str, ...] = tuple(CONTENDERS)
    """Methods to compare."""
    tables: tuple[Table, ...] = TABLES
    """Tables to make."""
    merge: bool = False
    """Keep what the JSON file holds of other tables."""
    subjects: tuple[str, ...] = ()
    """People of the folder to take; all without it."""
    frames: int = 2000
    """Most frames a cell."""
    net: Path | None = None
    """Another network for our own solver than the one that ships."""
    networks: str = ""
    """Variants of our network to compare as well, with commas between: fcn, cnn, rnn."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What every table is made from.

    Attributes:
        whole: motions whose twists, hands and feet are known; where the folder has none, all.
        others: the rest.
        redrawn: `whole` with another draw of pronation, by its number.
        net: of our own solver; None where it does not take part.
    """

    body: Body
    whole: Sequence[TrueMotion]
    others: Sequence[TrueMotion]
    redrawn: Callable[[int], Sequence[TrueMotion]]
    contenders: Mapping[str, Contender]
    net: PoseNet | None
    sequences: int

    def windows(self) -> Windows:
        """The pieces of motion of every cell."""
        return draw_windows(self.whole, self.sequences, seed=0)


@torch.no_grad()
def main(arguments: Arguments) -> None:
    """Print and write every table; a table is written as soon as it is there."""
    bench = _bench(arguments)
    tables = _kept(arguments) if arguments.merge else {}
    seconds = tables.get("about", {}).get("seconds", {})
    tables["about"] = _about(arguments, bench) | {"seconds": seconds}
    for name in arguments.tables:
        began = time.perf_counter()
        made = _MAKERS[name](bench)
        tables |= made
        tables["about"]["seconds"][name] = round(time.perf_counter() - began)
        for title, table in made.items():
            _show(title, table)
        if arguments.json:
            arguments.json.write_text(json.dumps(tables, indent=1))


def _kept(arguments: Arguments) -> dict[str, Any]:
    """What the file holds already.

    Raises:
        InputError: it holds no tables, or none is named.
    """
    if arguments.json is None:
        raise InputError("--merge without a file to merge into", "name it with --json")
    try:
        return json.loads(arguments.json.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.json} holds no tables", "make them all first, without --merge") from error


def _bench(arguments: Arguments) -> Bench:
    chosen = _chosen(arguments)
    whole = _whole(chosen)
    net = load_pose_net(arguments.net) if OURS in arguments.only else None
    own = {} if net is None else {OURS: kinetrace(net)}
    return Bench(
        body=load_body("free"),
        whole=whole,
        others=[motion for motion in chosen if motion not in whole],
        redrawn=lambda draw: _whole(_chosen(arguments, draw)),
        contenders=own | {name: contender(name) for name in arguments.only if name != OURS} | _variants(arguments),
        net=net,
        sequences=max(1, arguments.frames // FRAMES),
    )


def _variants(arguments: Arguments) -> dict[str, Contender]:
    return {f"{OURS}_{name}": variant(name) for name in arguments.networks.split(",") if name}


def _chosen(arguments: Arguments, draw: int = 0) -> list[TrueMotion]:
    motions = read_truth(arguments.mocap, pronation_seed=draw)
    people = {motion.subject for motion in motions}
    if strangers := set(arguments.subjects) - people:
        raise InputError(f"{arguments.mocap} knows nobody called {sorted(strangers)}", f"choose from {sorted(people)}")
    return [motion for motion in motions if not arguments.subjects or motion.subject in arguments.subjects]


def _whole(motions: Sequence[TrueMotion]) -> list[TrueMotion]:
    return [motion for motion in motions if motion.whole] or list(motions)


def _about(arguments: Arguments, bench: Bench) -> dict[str, Any]:
    return {
        "clips": len(bench.whole),
        "subjects": sorted({motion.subject for motion in bench.whole}),
        "families": sorted({motion.family for motion in (*bench.whole, *bench.others)}),
        "frames_a_cell": bench.sequences * FRAMES,
        "frames_a_sequence": FRAMES,
        "shape": "told to every method but in the table own_shape",
        "steps": STEPS,
        "figures": "median over frames; *_mean the mean; *_interval 95 % by a bootstrap over clips",
        "resamples": RESAMPLES,
        "noise": "standard deviation along each axis; missing: chance of a point in a frame; outliers: 100 to 500 mm",
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _clean(bench: Bench) -> dict[str, Any]:
    """The 24 joints where they are, family by family too; the gap that is closed between no twist and the true one."""
    cell, windows = Cell("smpl24", PointDamage()), bench.windows()
    solved = solve_cell(bench.body, windows, cell, bench.contenders)
    made: dict[str, Any] = {
        "clean": {name: figures(result) for name, result in solved.items()},
        "clean_contests": contests(cell, solved),
        "clean_families": [*by_family(solved, windows, cell), *_part_families(bench, cell)],
    }
    if windows.whole:
        others = [draw_windows(bench.redrawn(draw), bench.sequences, seed=0) for draw in range(1, DRAWS + 1)]
        made["clean_bounds"] = bounds(make_case(bench.body, windows, "smpl24", cell.damage, seed=0), others)
    if gap := _gap_closed(made["clean"]):
        made["clean_gap"] = [gap]
    return made


def _gap_closed(clean: Mapping[str, Any]) -> Row:
    """Which share of the way from no twist to the true twist is made, by the vertices' medians and means."""
    if not {"smpl_iks", "true_twist", "kinetrace"} <= clean.keys():
        return {}
    gap: dict[str, object] = {}
    for key in ("mpve_mm", "mpve_mm_mean"):
        none, bound, ours = (clean[name].get(key, 0.0) for name in ("smpl_iks", "true_twist", "kinetrace"))
        gap[f"{key}_closed"] = round((none - ours) / max(none - bound, 1e-9), 3)
    return gap


def _noise(bench: Bench) -> dict[str, Any]:
    """Every noise with every share of missing joints, all with gross outliers."""
    cells = [Cell("smpl24", _damage(mm, missing)) for mm in NOISE_MM for missing in MISSING]
    made = _cells(bench, cells, "noise")
    cell, windows = Cell("smpl24", _damage(10, 0.2)), bench.windows()
    solved = solve_cell(bench.body, windows, cell, bench.contenders)
    families = [*by_family(solved, windows, cell), *_part_families(bench, cell)]
    return made | {"noise_families": families}


def _sets(bench: Bench) -> dict[str, Any]:
    """What other detectors and data sets see."""
    return _cells(bench, [Cell(name, _damage(10, 0.0)) for name in OTHER_SETS], "joint_sets")


def _damage(noise_mm: float, missing: float) -> PointDamage:
    return PointDamage(noise_sd_m=noise_mm / 1e3, missing_share=missing, outlier_share=OUTLIERS)


def _cells(bench: Bench, cells: Sequence[Cell], name: str) -> dict[str, Any]:
    table: list[Row] = []
    contest: list[Row] = []
    for cell in cells:
        solved = solve_cell(bench.body, bench.windows(), cell, bench.contenders)
        table += rows(cell, solved)
        contest += contests(cell, solved)
        print(".", end="", file=sys.stderr, flush=True)
    return {name: table, f"{name}_contests": contest}


def _shape(bench: Bench) -> dict[str, Any]:
    """The shape estimated from the joints of each sequence, clean and with 10 mm of noise."""
    table: list[Row] = []
    for cell in (Cell("smpl24", PointDamage()), Cell("smpl24", _damage(10, 0.0))):
        case = guess_shapes(make_case(bench.body, bench.windows(), cell.set_name, cell.damage, seed=0))
        solved: dict[str, Solved] = {
            name: solve(method, case) for name, method in bench.contenders.items() if name in WITH_OWN_SHAPE
        }
        table += rows(cell, solved)
    return {"own_shape": table}


def _plugin(bench: Bench) -> dict[str, Any]:
    if bench.net is None:
        return {}
    return {"plugin": plugin(bench.body, bench.whole, bench.net, bench.sequences * FRAMES)}


def _part_families(bench: Bench, cell: Cell) -> list[Row]:
    """Skeletons that know neither twist nor hands: joints and root only."""
    if not bench.others:
        return []
    windows = draw_windows(bench.others, max(1, bench.sequences // 4), seed=0)
    return by_family(solve_cell(bench.body, replace(windows, whole=False), cell, bench.contenders), windows, cell)


def _show(title: str, table: Any) -> None:
    listed = table if isinstance(table, list) else [{"method": name, **row} for name, row in table.items()]
    print(f"\n{title}")
    for row in listed:
        print(*(f"{key} {value}" for key, value in row.items() if not key.endswith(HIDDEN)), sep="  ")
    sys.stdout.flush()


_MAKERS: Final[Mapping[Table, Callable[[Bench], dict[str, Any]]]] = {
    "clean": _clean,
    "noise": _noise,
    "sets": _sets,
    "shape": _shape,
    "sequential": lambda bench: {"sequential": sequential(bench.body, bench.whole, bench.contenders, bench.net)},
    "plugin": _plugin,
    "speed": lambda bench: {"speed": speed(bench.body, bench.whole, bench.contenders, bench.net)},
}


if __name__ == "__main__":
    try:
        main(tyro.cli(Arguments, description=__doc__))
    except KinetraceError as error:
        sys.exit(f"error: {error}")
