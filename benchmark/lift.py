"""How true lifted and steadied motion is on films of test people: python -m benchmark.lift --mocap DIR --cache DIR.

Captured people nothing was trained with, on random bodies, before random cameras; every stage reads the films as it
would a user's, focal length guessed. Films and detections stay in the cache, so that a second run costs little.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tyro

from benchmark.lift_clips import FilmedClip, detections, film_clips, kept_detections
from benchmark.lift_methods import ABLATIONS, METHODS, Found, Seen
from benchmark.metrics import BODY, Points, included_angles_deg, rooted, score
from benchmark.video import resampled
from pipeline import artefacts, console
from pipeline.config import load_preset
from stages import ingest, track
from training.fit_rough_map import trunk_axes
from training.pose_ik_data import VALIDATION

INTERVAL: Final = 1.645
"""Standard deviations on either side that hold 90 % of a normal distribution."""

Row = dict[str, float]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arguments:
    """Film, detect, lift in several ways, score."""

    mocap: Path
    """Folder of motion capture: the test split, or with --validation the train split."""
    cache: Path
    """Folder where films and detections are kept; one for each set."""
    clips: int = 20
    """How many films of four seconds."""
    validation: bool = False
    """Only people of the train split nothing is learned from: decide on these, the others give final figures."""
    ablate: bool = False
    """Leave out one part of the pipeline at a time as well."""
    preset: str = "default"
    """Settings of the pipeline."""
    only: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Ways to score, by name, one at a time; all by default."""
    json: Path | None = None
    """Where to write the figures."""


def main(arguments: Arguments) -> None:
    """Print one row for each way, the mean of all clips."""
    console.start()
    logging.getLogger("stages").setLevel(logging.WARNING)
    log.setLevel(logging.INFO)
    config = load_preset(arguments.preset)
    methods = dict(METHODS) | (dict(ABLATIONS) if arguments.ablate else {})
    methods = {name: method for name, method in methods.items() if not arguments.only or name in arguments.only}
    subjects = VALIDATION if arguments.validation else ()
    clips = list(film_clips(arguments.mocap, arguments.cache, arguments.clips, subjects))
    mean_m = _mean_about_trunk([clip.landmarks_m for clip in clips])
    tables = dict[str, dict[str, Row]]()
    for clip in clips:
        seen = look(clip)
        table = {name: compare(method(config, seen), clip) for name, method in methods.items()}
        tables[clip.name] = table | floors(clip, mean_m)
        log.info("%s: %s", clip.name, ", ".join(f"{name} {row['mpjpe22_mm']:.0f}" for name, row in table.items()))
    tables["mean"] = {name: _mean([table[name] for table in tables.values()]) for name in tables[clips[0].name]}
    show(tables["mean"])
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=1))


def look(clip: FilmedClip) -> Seen:
    """Ingest, detect and track, detections kept beside the film; the largest person is the one who was filmed."""
    read = ingest.run(ingest.Config(), clip.video)
    kept, found = kept_detections(clip.video), detections(clip.video, read)
    if not kept.is_file():
        kept.write_bytes(artefacts.encode(found))
    people = track.run(track.Config(), read, found)
    (number,) = track.choose(people, "largest", None)
    return Seen(read, found, people[number], clip.camera_matrix)


def compare(found: Found, clip: FilmedClip) -> Row:
    """Errors of one way on one clip, at the times of the truth.

    Returns:
        As benchmark.metrics.score; <joint>_bias_deg: mean error of the included angle; covered: share of the frames
        between the first and the last that were found; within_90: share of the coordinates of the body's landmarks
        about the mid-hip that lie inside the interval told, where one was.
    """
    inside = (clip.times_s >= found.times_s[0] - 0.02) & (clip.times_s <= found.times_s[-1] + 0.02)
    points_m = resampled(found.landmarks_m, found.times_s, clip.times_s)
    row = score(points_m, clip.landmarks_m, clip.rate_hz)
    if not found.placed:
        row = {key: value for key, value in row.items() if not key.startswith("root")}
    angles, true = included_angles_deg(points_m), included_angles_deg(clip.landmarks_m)
    off = {key: float((angles[key] - true[key]).mean()) for key in true}
    row |= {f"{j}_bias_deg": (off[j, "left"] + off[j, "right"]) / 2 for j in ("knee", "hip", "elbow")}
    if found.sigma_m is not None:
        sigma_m = resampled(found.sigma_m, found.times_s, clip.times_s)
        within = np.abs(rooted(points_m) - rooted(clip.landmarks_m)) < INTERVAL * sigma_m
        row["within_90"] = float(within[inside][:, list(BODY)].mean())
    return row | {"covered": float(inside.mean())}


def floors(clip: FilmedClip, mean_m: Points) -> dict[str, Row]:
    """What nobody may fall behind: no motion at all, and one pose for everybody; both are told some of the truth."""
    truth_m = rooted(clip.landmarks_m)
    floor = {
        "floor: the clip's mean pose": np.broadcast_to(truth_m.mean(axis=0), truth_m.shape),
        "floor: one pose on the true trunk": np.einsum("pj,fij->fpi", mean_m, trunk_axes(truth_m)),
    }
    return {name: compare(Found(points_m, clip.times_s, placed=False), clip) for name, points_m in floor.items()}


def show(rows: Mapping[str, Row]) -> None:
    """Print a table."""
    keys = list(dict.fromkeys(key for row in rows.values() for key in row))
    print(f"{'':34s}" + " ".join(f"{key[:12]:>12s}" for key in keys))
    for name, row in rows.items():
        print(f"{name:34s}" + " ".join(f"{row[key]:12.2f}" if key in row else " " * 12 for key in keys))


def _mean_about_trunk(truths_m: Sequence[Points]) -> Points:
    """Everybody's mean pose along the axes of his trunk."""
    everyone_m = np.concatenate([rooted(truth_m) for truth_m in truths_m])
    return np.einsum("fpi,fij->fpj", everyone_m, trunk_axes(everyone_m)).mean(axis=0)


def _mean(rows: Sequence[Row]) -> Row:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
