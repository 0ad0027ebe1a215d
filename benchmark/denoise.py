"""How much denoising helps: `python -m benchmark.denoise --mocap DIR --json FILE`.

DIR holds train/ and test/. With `--tune` every filter is tuned on motion of the train split over the grid below, once
for the place of the joints and once for their acceleration, and what is best is written to denoise_tuned.json; the test
split only gives the figures, with errors from other seeds.
`fitted` errors are those of motion that the pipeline solved, `detector` errors those of the detector's shapes solved
frame by frame (training.measure_errors).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import tyro
from scipy.signal import savgol_filter

from benchmark.denoise_cases import (
    RATE_HZ,
    Case,
    Motion,
    constant_part,
    draw_cases,
    frozen,
    mean_pose,
    measure,
    quick_errors,
)
from models.filter_kinds import Filter, Series, butterworth, filter_positions, filter_rotations, kalman, one_euro
from models.filters import smooth_positions, smooth_rotations, smoothing_stencil
from models.nets.denoiser_file import load_denoiser
from models.nets.steadier import steady
from training.mocap import read_truth

REGIMES: Final = ("fitted", "detector")
PERIODS_S: Final = (0.07, 0.1, 0.13, 0.17, 0.22, 0.28, 0.36, 0.5, 0.7)
EAGER_HZ: Final = (0.0, 0.3, 1.0, 3.0)
WINDOWS: Final = (5, 7, 9, 11, 15, 21, 31)
ORDERS: Final = (2, 4)
TUNED: Final = Path(__file__).with_name("denoise_tuned.json")
TUNED_ON: Final = 20
TESTED_ON: Final = 50
"""Pieces of the splits, evenly spread."""
TRAIN_SEED: Final = 11
TEST_SEED: Final = 12

Method = Callable[[Case], Motion]


@dataclass(frozen=True)
class Args:
    """Measure everything, print a table."""

    mocap: Path
    """Folder with train/ and test/."""
    json: Path | None = None
    """Where to write the figures."""
    weights: Path | None = None
    """Another denoiser than the one that ships."""
    tune: bool = False
    """Choose the filters' settings anew instead."""


def main(args: Args) -> None:
    """Run the benchmark."""
    torch.set_num_threads(1)
    if args.tune:
        train = read_truth(args.mocap / "train")
        best = {regime: tune(_some(draw_cases(train, regime, TRAIN_SEED), TUNED_ON)) for regime in REGIMES}
        TUNED.write_text(json.dumps(best, indent=1) + "\n", encoding="utf-8")
        return
    test = read_truth(args.mocap / "test")
    settings = json.loads(TUNED.read_text(encoding="utf-8"))
    tried = {(name, setting): method for name, setting, method in grid()}
    table: dict[str, Any] = {}
    for regime in REGIMES:
        chosen: dict[str, tuple[str, str]] = {
            f"{name}, for {aim}": (name, setting)
            for name, aims in settings[regime].items()
            for aim, setting in aims.items()
        }
        methods: dict[str, Method] = {
            "untouched": lambda case: (case.found.world_from_joint, case.found.root_m),
            "frozen pose": frozen,
            "mean pose": mean_pose,
            **{name: tried[which] for name, which in chosen.items()},
            "ours": lambda case: steady(load_denoiser(args.weights), case.found),
            "constant part (needs the truth)": constant_part,
        }
        cases = _some(draw_cases(test, regime, TEST_SEED), TESTED_ON)
        rows = {name: measure(cases, [method(case) for case in cases]) for name, method in methods.items()}
        table[regime] = {name: _rounded(row) for name, row in rows.items()}
        for name, (_, setting) in chosen.items():
            table[regime][name]["setting"] = setting
        table[f"{regime}_gain_percent"] = gains(rows)
        _show(regime, rows, table[f"{regime}_gain_percent"])
    if args.json:
        args.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def tune(cases: Sequence[Case]) -> dict[str, dict[str, str]]:
    """For every filter, its best setting for the place of the joints and its best for their acceleration."""
    least: dict[tuple[str, str], float] = {}
    best: dict[str, dict[str, str]] = {}
    for name, setting, method in grid():
        errors = quick_errors(cases, [method(case) for case in cases])
        for aim, error in zip(("place", "acceleration"), errors, strict=True):
            if error < least.get((name, aim), np.inf):
                least[name, aim] = error
                best.setdefault(name, {})[aim] = setting
    return best


def grid() -> list[tuple[str, str, Method]]:
    """Name, setting and method of everything that is tried."""
    tried: list[tuple[str, str, Method]] = []
    for period_s in PERIODS_S:
        told = f"{period_s} s"
        tried.append(("butterworth", told, _by(lambda _, p=period_s: butterworth(RATE_HZ, p))))
        tried.append(("kalman", told, _by(lambda n, p=period_s: kalman(RATE_HZ, p, np.ones(n, dtype=bool)))))
        tried.append(("local parabola", told, lambda case, p=period_s: _parabola(case, p)))
        tried += [
            ("one_euro", f"{told}, {eager} Hz", _by(lambda _, p=period_s, e=eager: one_euro(RATE_HZ, p, e)))
            for eager in EAGER_HZ
        ]
    tried += [
        (
            "savitzky_golay",
            f"{window} frames, order {order}",
            _by(lambda n, w=window, o=order: _savitzky_golay(n, w, o)),
        )
        for window in WINDOWS
        for order in ORDERS
        if window > order + 1
    ]
    return tried


def gains(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How far ours is below the best filter, however tuned, or below what was found, in per cent."""
    told: dict[str, Any] = {}
    rivals = [name for name in rows if ", for " in name or name == "untouched"]
    for metric in ("mpjpe22_mm", "accel_error_mm_s2"):
        best = min(rivals, key=lambda name: rows[name][metric])
        told[metric] = round(100 * (1 - rows["ours"][metric] / rows[best][metric]), 1)
        told[f"{metric} best other"] = best
    return told


def _by(make: Callable[[int], Filter]) -> Method:
    def method(case: Case) -> Motion:
        chosen = make(len(case.found.root_m))
        return filter_rotations(case.found.world_from_joint, chosen), filter_positions(case.found.root_m, chosen)

    return method


def _parabola(case: Case, period_s: float) -> Motion:
    stencil = smoothing_stencil(case.found.observed.numpy(), round(RATE_HZ), period_s)
    return smooth_rotations(case.found.world_from_joint, stencil), smooth_positions(case.found.root_m, stencil)


def _savitzky_golay(frames: int, window: int, order: int) -> Filter:
    def run(values: Series) -> Series:
        smooth: Series = np.asarray(savgol_filter(values, min(window, frames - 1 + frames % 2), order, axis=0))
        return smooth

    return run


def _some(cases: Sequence[Case], count: int) -> list[Case]:
    """Evenly spread."""
    return [cases[i] for i in np.linspace(0, len(cases) - 1, min(count, len(cases))).astype(int)]


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}


def _show(regime: str, rows: Mapping[str, Mapping[str, Any]], told: Mapping[str, Any]) -> None:
    for name, row in rows.items():
        figures = " ".join(f"{key} {value:.4g}" for key, value in row.items() if isinstance(value, float))
        print(f"{regime:9s} {name:32s} {figures}", flush=True)
    print(regime, dict(told), flush=True)


if __name__ == "__main__":
    main(tyro.cli(Args))
