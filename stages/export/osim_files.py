"""Encodes what OpenSim opens, file by file; wrong ones are refused here.

Motion, markers and gait stand in OpenSim's ground frame: metres, y up, the person goes (or looks) toward +x.
"""

import json
from typing import Any

import numpy as np

from models.osim.model import Model, Vector
from models.osim.mot import table_of, write_mot
from models.osim.reader import read_model
from models.osim.setups import Following, Scaling, write_ik_setup, write_scale_setup
from models.osim.trc import Trial, write_trc
from models.osim.validate import require_sound
from stages.contracts import Biomechanics, Exports
from stages.export import osim_gait
from stages.export.number_rows import number_rows


def encode(stem: str, biomechanics: Biomechanics, filtered: str) -> Exports:
    """All files of one person; arguments and errors as in `stages.export.osim.run`."""
    model = read_model(biomechanics.model_xml)
    notes = (f"Filter: {filtered}.", _turn(biomechanics), osim_gait.NOT_VALIDATED)
    gait = osim_gait.gait_of(biomechanics, model)
    times_s = biomechanics.timestamps_s
    names = tuple(biomechanics.marker_names.tolist())
    trial = Trial(names, float(biomechanics.rate_hz), times_s, biomechanics.markers_m)
    files = {
        f"{stem}.mot": write_mot(table_of(model, times_s, biomechanics.coordinates), notes=notes),
        f"{stem}.trc": write_trc(trial, f"{stem}.trc"),
        f"{stem}_scaled.osim": biomechanics.model_xml,
        f"{stem}_generic.osim": biomechanics.generic_xml,
    }
    require_sound(files, model)
    files |= {
        f"{stem}_scales.csv": _scales(biomechanics),
        f"{stem}_scale_setup.xml": _scale_setup(stem, biomechanics),
        f"{stem}_ik_setup.xml": _ik_setup(stem, biomechanics),
        f"{stem}_biomech.json": _sidecar(biomechanics, model, notes, gait.absence),
        f"{stem}_gait.csv": osim_gait.encode_events(gait, notes),
    }
    if gait.strides:
        files[f"{stem}_gait_curves.csv"] = osim_gait.encode_curves(gait, biomechanics, notes)
    return Exports({name: content.encode("utf-8") for name, content in files.items()})


def _turn(biomechanics: Biomechanics) -> str:
    """How the ground lies in the world of motion.npz."""
    turn = biomechanics.ground_from_world
    degrees = np.degrees(np.arctan2(turn[0, 2], turn[0, 0]))
    return (
        f"Ground: the world of motion.npz turned by {degrees:.4f} degrees about y; the person goes or looks toward +x."
    )


def _scales(biomechanics: Biomechanics) -> str:
    rows = number_rows(biomechanics.scale_factors, [6, 6, 6], ",")
    lines = [f"{body},{row}" for body, row in zip(biomechanics.body_names.tolist(), rows, strict=True)]
    return "\n".join(["body,x,y,z", *lines, ""])


def _scale_setup(stem: str, biomechanics: Biomechanics) -> str:
    factors: dict[str, Vector] = {}
    for body, (x, y, z) in zip(biomechanics.body_names.tolist(), biomechanics.scale_factors.tolist(), strict=True):
        factors[body] = x, y, z
    scaled_file = f"{stem}_rescaled.osim"
    mass_kg, height_m = biomechanics.mass_kg, biomechanics.height_m
    return write_scale_setup(stem, Scaling(f"{stem}_generic.osim", scaled_file, factors, mass_kg, height_m))


def _ik_setup(stem: str, biomechanics: Biomechanics) -> str:
    weights = dict(zip(biomechanics.marker_names.tolist(), biomechanics.marker_weight.tolist(), strict=True))
    times_s = float(biomechanics.timestamps_s[0]), float(biomechanics.timestamps_s[-1])
    following = Following(f"{stem}_scaled.osim", f"{stem}.trc", f"{stem}_opensim.mot", weights, times_s)
    return write_ik_setup(stem, following)


def _sidecar(biomechanics: Biomechanics, model: Model, notes: tuple[str, ...], absence: str) -> str:
    away_mm = 1000 * np.linalg.norm(biomechanics.markers_m - biomechanics.model_markers_m, axis=-1)
    names, confidence = biomechanics.coordinate_names.tolist(), biomechanics.coordinate_confidence
    content: dict[str, Any] = {
        "model": model.name,
        "notes": notes,
        "rate_hz": biomechanics.rate_hz,
        "frames": len(biomechanics.timestamps_s),
        "height_m": round(biomechanics.height_m, 4),
        "mass_kg": round(biomechanics.mass_kg, 2),
        "mass_is_assumed": biomechanics.mass_is_assumed,
        "ground_from_world": biomechanics.ground_from_world.round(9).tolist(),
        "gait": absence or "in the file _gait.csv",
        "marker_distance_mm": dict(
            zip(biomechanics.marker_names.tolist(), away_mm.mean(axis=0).round(2).tolist(), strict=True)
        ),
        "doubtful_frames": np.flatnonzero(biomechanics.doubtful).tolist(),
        "unobserved_frames": np.flatnonzero(~biomechanics.observed).tolist(),
        "confidence": {name: column.round(3).tolist() for name, column in zip(names, confidence.T, strict=True)},
    }
    return json.dumps(content) + "\n"
