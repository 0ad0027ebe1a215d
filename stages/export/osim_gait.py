"""Encodes gait as CSV: events, steps and strides in one table, coordinates over the cycle in another.

Lines that start with # say how it was made. Who does not walk gets a table without rows, and the reason.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.gait import CYCLE_POINTS, SIDES, Gait, over_cycle
from models.osim.gait import gait_of_poses
from models.osim.model import Model
from stages.contracts import Biomechanics
from stages.export.number_rows import number_rows

NOT_VALIDATED: Final = (
    "These figures have not been validated against marker-based motion capture; those of a video come from one camera."
)
METHOD: Final = (
    "Events: heel farthest ahead of the pelvis, toe farthest behind it (Zeni, Richards and Higginson 2008), between "
    "frames by a parabola."
)


def gait_of(biomechanics: Biomechanics, model: Model) -> Gait:
    """Read gait off the bodies of a model; one that lacks legs has none."""
    return gait_of_poses(model, biomechanics.timestamps_s, biomechanics.coordinates)


def encode_events(gait: Gait, notes: Sequence[str]) -> str:
    """Columns quantity, side, start_s, end_s, value, unit; one row for each event, step and stride, means last."""
    rows = [(event.kind, event.side, event.time_s, event.time_s, event.time_s, "s") for event in gait.events]
    for step in gait.steps:
        span = step.start_s, step.end_s
        rows += [
            ("step_length", step.side, *span, step.length_m, "m"),
            ("step_width", step.side, *span, step.width_m, "m"),
            ("step_time", step.side, *span, step.end_s - step.start_s, "s"),
        ]
    for stride in gait.strides:
        span = stride.start_s, stride.end_s
        rows += [
            ("stride_length", stride.side, *span, stride.length_m, "m"),
            ("stride_time", stride.side, *span, stride.end_s - stride.start_s, "s"),
        ]
        if np.isfinite(stride.stance_share):
            rows.append(("stance", stride.side, *span, 100 * stride.stance_share, "percent"))
    if gait.steps:
        walk = min(step.start_s for step in gait.steps), max(step.end_s for step in gait.steps)
        rows += [
            ("mean_step_length", "both", *walk, float(np.mean([step.length_m for step in gait.steps])), "m"),
            ("cadence", "both", *walk, gait.cadence_per_min, "steps/min"),
            ("speed", "both", *walk, gait.speed_m_s, "m/s"),
        ]
    lines = [f"{kind},{side},{a:.4f},{b:.4f},{value:.4f},{unit}" for kind, side, a, b, value, unit in rows]
    reasons = [f"# No gait: {gait.absence}."] if gait.absence else []
    return "\n".join([*_head(notes), *reasons, "quantity,side,start_s,end_s,value,unit", *lines, ""])


def encode_curves(gait: Gait, biomechanics: Biomechanics, notes: Sequence[str]) -> str:
    """Every angle over the cycle, 0 to 100 per cent, mean and, of two cycles or more, standard deviation; degrees.

    Cycles run from heel-strike to heel-strike of the side that the coordinate is named after, else of the right foot,
    or of the left where the right has none.
    """
    counts = {side: sum(stride.side == side for stride in gait.strides) for side in SIDES}
    columns: list[np.ndarray] = []
    labels: list[str] = []
    for name, values in zip(biomechanics.coordinate_names.tolist(), biomechanics.coordinates.T, strict=True):
        side = {"_r": "right", "_l": "left"}.get(name[-2:], "right" if counts["right"] else "left")
        strides = [stride for stride in gait.strides if stride.side == side]
        if not strides or not biomechanics.is_rotation[biomechanics.coordinate_names.tolist().index(name)]:
            continue
        degrees = np.degrees(values)[:, None]
        cycles = np.column_stack([over_cycle(biomechanics.timestamps_s, degrees, stride) for stride in strides])
        columns.append(cycles.mean(axis=1))
        labels.append(f"{name}_mean_deg")
        if len(strides) > 1:
            columns.append(cycles.std(axis=1, ddof=1))
            labels.append(f"{name}_sd_deg")
    table = np.column_stack([np.arange(float(CYCLE_POINTS)), *columns])
    cycles = f"# Cycles: {counts['right']} of the right foot, {counts['left']} of the left."
    return "\n".join(
        [*_head(notes), cycles, ",".join(["percent", *labels]), *number_rows(table, [0, *[4] * len(columns)], ","), ""]
    )


def _head(notes: Sequence[str]) -> list[str]:
    return [f"# {line}" for line in (*notes, METHOD)]
