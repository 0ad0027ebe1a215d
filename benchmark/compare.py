"""Compares two motions in any format that is read here: `python -m benchmark.compare A B`.

Distances of the joints that both have, about the middle of the hips and laid over each other frame by frame; the bend
of knees, hips, elbows and shoulders, with a Bland-Altman plot; and, where both know rotations, how far each joint is
turned against the other. B is read at A's times; both count seconds from their own first frame, but for --lag.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmark.compare_files import Compared, read_compared
from models.errors import InputError, KinetraceError
from models.resample import resample_places, resample_turns
from models.skeletons import SMPL_JOINTS

LEAST_SHARED: Final = 6
LEAST_FRAMES: Final = 2
ANGLES: Final = {
    f"{side} {name}": tuple(f"{side}_{part}" for part in parts)
    for side in ("left", "right")
    for name, parts in {
        "knee": ("hip", "knee", "ankle"),
        "elbow": ("shoulder", "elbow", "wrist"),
        "hip": ("shoulder", "hip", "knee"),
        "shoulder": ("hip", "shoulder", "elbow"),
    }.items()
}
"""The angle at the second of three joints, from straight."""
AGREE: Final = 1.96
"""Standard deviations about the mean difference within which 95 % of normal differences lie (Bland and Altman 1986)."""


def main() -> int:
    """Read the command line, print the numbers and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    parser.add_argument("--from-a", help="format of A, where its ending does not tell")
    parser.add_argument("--from-b", help="format of B, where its ending does not tell")
    parser.add_argument("--rate", type=float, help="frames per second of files that do not tell")
    parser.add_argument("--up", choices=("y", "z"), help="the axis that points up in files that do not tell")
    parser.add_argument("--unit", choices=("m", "cm", "mm"), help="of files that do not tell")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds that B begins after A")
    parser.add_argument("--plot", type=Path, help="where to draw the Bland-Altman plot (.png)")
    arguments = parser.parse_args()
    try:
        said = {"rate": arguments.rate, "up": arguments.up, "unit": arguments.unit}
        one, other = (
            read_compared(path, told, **said)
            for path, told in ((arguments.a, arguments.from_a), (arguments.b, arguments.from_b))
        )
        table, angles = compare(one, other, lag_s=arguments.lag)
        if arguments.plot:
            draw(angles, arguments.plot)
    except KinetraceError as error:
        print(f"error: {error}")
        return 1
    print(json.dumps(table, indent=1))
    return 0


def compare(one: Compared, other: Compared, *, lag_s: float = 0.0) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The numbers, and the angles of both, (2, frames) in degrees, by name.

    Raises:
        InputError: they share too few joints or too little time.
    """
    shared = [name for name in one.joints_m if name in other.joints_m]
    if len(shared) < LEAST_SHARED or not {"left_hip", "right_hip"} <= set(shared):
        raise InputError(
            f"{one.name} has {', '.join(one.joints_m)}; {other.name} has {', '.join(other.joints_m)}",
            f"compare files that share {LEAST_SHARED} joints, the hips among them",
        )
    times_s, theirs_s = one.times_s - one.times_s[0], other.times_s - other.times_s[0] + lag_s
    inside = (times_s >= theirs_s[0] - 1e-6) & (times_s <= theirs_s[-1] + 1e-6)
    if inside.sum() < LEAST_FRAMES:
        raise InputError(
            f"{one.name} lasts {times_s[-1]:.2f} s, {other.name} {np.ptp(theirs_s):.2f} s: hardly any in common",
            "name motions of one time, or say --lag",
        )
    a_m = np.stack([one.joints_m[name] for name in shared], axis=1)[inside]
    b_m = resample_places(np.stack([other.joints_m[name] for name in shared], axis=1), theirs_s, times_s[inside])
    known = np.isfinite(a_m).all(axis=-1) & np.isfinite(b_m).all(axis=-1)
    hips = [shared.index("left_hip"), shared.index("right_hip")]
    whole = np.logical_and.reduce(known, axis=1)
    if whole.sum() < LEAST_FRAMES:
        raise InputError(f"in {int(whole.sum())} frames are all joints known", "name motions without so many gaps")
    rooted = [points_m[whole] - points_m[whole][:, hips].mean(axis=1, keepdims=True) for points_m in (a_m, b_m)]
    apart_mm = 1000 * np.linalg.norm(rooted[0] - rooted[1], axis=-1)
    laid_mm = 1000 * np.linalg.norm(laid_over(rooted[1], rooted[0]) - rooted[0], axis=-1)
    angles = _angles(shared, a_m[whole], b_m[whole])
    table: dict[str, Any] = {
        "frames": int(whole.sum()),
        "rates_hz": [round(one.rate_hz, 3), round(other.rate_hz, 3)],
        "joints": len(shared),
        "mpjpe_mm": round(float(apart_mm.mean()), 2),
        "pa_mpjpe_mm": round(float(laid_mm.mean()), 2),
        "per_joint_mm": {name: round(float(apart_mm[:, row].mean()), 1) for row, name in enumerate(shared)},
        "angles_deg": {name: _agreement(*pair) for name, pair in angles.items()},
    }
    if one.local is not None and other.local is not None:
        theirs = resample_turns(other.local, theirs_s, times_s[inside])
        table["turned_deg"] = _turned(one.local[inside], theirs)
    return table, angles


def laid_over(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Each frame of `found` turned, scaled and shifted onto `true` (Umeyama 1991)."""
    a, b = found - found.mean(axis=1, keepdims=True), true - true.mean(axis=1, keepdims=True)
    u, stretch, vt = np.linalg.svd(np.einsum("tpi,tpj->tij", a, b))
    sign = np.sign(np.linalg.det(u @ vt))
    stretch[:, 2] *= sign
    u[:, :, 2] *= sign[:, None]
    scale = stretch.sum(axis=1) / np.maximum((a**2).sum(axis=(1, 2)), 1e-12)
    return scale[:, None, None] * np.einsum("tpi,tij,tjk->tpk", a, u, vt) + true.mean(axis=1, keepdims=True)


def draw(angles: Mapping[str, np.ndarray], path: Path) -> None:
    """One panel for each angle: differences over means, the mean difference and the limits of agreement."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only who draws waits for it

    columns = 2
    rows = -(-len(angles) // columns)
    figure = Figure(figsize=(9, 2.4 * rows), layout="constrained")
    for place, (name, (a_deg, b_deg)) in enumerate(angles.items(), start=1):
        panel = figure.add_subplot(rows, columns, place)
        gap = b_deg - a_deg
        panel.plot((a_deg + b_deg) / 2, gap, ".", markersize=2, alpha=0.5, color="#2a6f97")
        for level, style in ((0.0, "-"), (AGREE, "--"), (-AGREE, "--")):
            panel.axhline(float(gap.mean() + level * gap.std()), linestyle=style, linewidth=0.8, color="#222222")
        panel.set_title(f"{name}: {gap.mean():+.1f} ± {AGREE * gap.std():.1f}°", fontsize=9)
        panel.set_xlabel("mean of A and B (degrees)", fontsize=8)
        panel.set_ylabel("B - A (degrees)", fontsize=8)
        panel.tick_params(labelsize=7)
    figure.savefig(path, dpi=120)


def _angles(names: list[str], a_m: np.ndarray, b_m: np.ndarray) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name, parts in ANGLES.items():
        if set(parts) <= set(names):
            at = [names.index(part) for part in parts]
            found[name] = np.stack([_bend_deg(points_m[:, at]) for points_m in (a_m, b_m)])
    return found


def _bend_deg(three_m: np.ndarray) -> np.ndarray:
    u, v = three_m[:, 1] - three_m[:, 0], three_m[:, 2] - three_m[:, 1]
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=-1), (u * v).sum(axis=-1)))


def _agreement(a_deg: np.ndarray, b_deg: np.ndarray) -> dict[str, float]:
    gap = b_deg - a_deg
    bias, half = float(gap.mean()), AGREE * float(gap.std())
    return {
        "rmse": round(float(np.sqrt((gap**2).mean())), 2),
        "bias": round(bias, 2),
        "lower_limit": round(bias - half, 2),
        "upper_limit": round(bias + half, 2),
    }


def _turned(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    cosine = (np.einsum("tjik,tjik->tj", a, b) - 1) / 2
    return {
        name: round(float(np.degrees(np.arccos(np.clip(cosine[:, row], -1, 1))).mean()), 2)
        for row, name in enumerate(SMPL_JOINTS)
    }


if __name__ == "__main__":
    raise SystemExit(main())
