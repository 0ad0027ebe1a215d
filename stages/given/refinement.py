"""Encodes what a refinement changed, and where the given motion or a point was refused: changes.json."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from models.skeletons import SMPL_JOINTS
from stages.contracts import Exports
from stages.given.refined import Refined

VERSION: Final = 1


@dataclass(frozen=True)
class Config:
    """Nothing can be set."""


def run(config: Config, refined: Refined) -> Exports:
    """One file; angles in degrees, lengths in millimetres, frames counted from 0."""
    counted = refined.observed
    degrees, millimetres = np.degrees(refined.turned_rad[counted]), 1000 * refined.moved_m[counted]
    content: dict[str, Any] = {
        "frames": len(counted),
        "frames_counted": int(counted.sum()),
        "world_turned_deg": round(float(np.degrees(refined.turned_world_rad)), 2),
        "points_off_body_mm": {
            "given": _median_mm(refined.away_before_m[counted]),
            "refined": _median_mm(refined.away_after_m[counted]),
        },
        "changed": {
            name: {
                "turned_deg": round(float(np.median(degrees[:, joint])), 2),
                "turned_deg_95": round(float(np.quantile(degrees[:, joint], 0.95)), 2),
                "moved_mm": round(float(np.median(millimetres[:, joint])), 1),
            }
            for joint, name in enumerate(SMPL_JOINTS)
        },
        "frames_whose_motion_was_refused": _runs(refined.motion_refused & counted),
        "points_refused": int(refined.points_refused.sum()),
        "points_seen": int(refined.points_seen.sum()),
    }
    return Exports({"changes.json": json.dumps(content, indent=1).encode()})


def _median_mm(lengths_m: np.ndarray) -> float:
    return round(1000 * float(np.median(lengths_m)), 2)


def _runs(flags: np.ndarray) -> list[list[int]]:
    """First and last frame of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [[int(start), int(stop) - 1] for start, stop in edges.reshape(-1, 2)]
