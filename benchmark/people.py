"""How well people are told apart: python -m benchmark.people --clips DIR, on clips that training.crowd made."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import tyro

from benchmark.identity import Identity, Tracks, compare, total
from benchmark.people_baselines import by_overlap, by_place
from models.errors import InputError
from pipeline import artefacts, console
from stages import detect, ingest, track
from stages.contracts import Clip, Detections


@dataclass(frozen=True)
class Arguments:
    """Score who is who on every clip of a folder, beside two simple ways to tell."""

    clips: Path
    """Folder with <scene>.mp4 and <scene>_truth.npz."""
    cache: Path | None = None
    """Folder where detections are kept, so that another run need not make them again."""
    json: Path | None = None
    """Where to write the figures."""


def main(arguments: Arguments) -> None:
    """Detect, tell apart, compare with the truth, print one row for each clip."""
    console.start()
    truths = sorted(arguments.clips.glob("*_truth.npz"))
    if not truths:
        raise InputError(f"{arguments.clips} holds no *_truth.npz", "make clips with python -m training.crowd")
    scores: dict[str, dict[str, Identity]] = {}
    for path in truths:
        stem = path.name.removesuffix("_truth.npz")
        with np.load(path) as truth:
            true_px, visible = truth["box_px"], truth["visible"]
        clip, found = _detections(arguments.clips / f"{stem}.mp4", arguments.cache)
        tracks = {way: tell(clip, found) for way, tell in WAYS.items()}
        whole = {way: bridged(one, round(BRIDGE_S / np.diff(clip.timestamps_s).mean())) for way, one in tracks.items()}
        whole[SIGHTINGS] = tracks[OURS]
        scores[stem] = {way: compare(true_px, visible, one) for way, one in whole.items()}
    scores["all"] = {way: total([score[way] for score in scores.values()]) for way in [*WAYS, SIGHTINGS]}
    tables = {stem: {way: _row(one) for way, one in score.items()} for stem, score in scores.items()}
    _show(tables)
    if arguments.json:
        arguments.json.write_text(json.dumps(_as_table(tables), indent=2))


def bridged(tracks: Tracks, most_frames: int) -> Tracks:
    """Boxes in gaps of at most so many frames, in a straight line, as the motion of a person goes on through them."""
    whole = tracks.copy()
    for one in whole:
        seen = np.flatnonzero(~np.isnan(one[:, 0]))
        for before, after in pairwise(seen):
            if 1 < after - before <= most_frames + 1:
                share = np.linspace(0, 1, after - before + 1)[1:-1, None]
                one[before + 1 : after] = (1 - share) * one[before] + share * one[after]
    return whole


def _ours(clip: Clip, found: Detections) -> Tracks:
    if not len(found.frame_index):
        return np.zeros((0, found.frame_count, 4))
    people = track.run(track.Config(), clip, found)
    tracks = np.full((len(people), found.frame_count, 4), np.nan)
    for row, person in enumerate(people):
        box = np.concatenate([person.landmarks_px.min(axis=1), person.landmarks_px.max(axis=1)], axis=1)
        tracks[row, person.first_frame : person.first_frame + len(box)] = box
    return tracks


def _rows_of(tell: Callable[[Clip, Detections], list[np.ndarray]]) -> Callable[[Clip, Detections], Tracks]:
    def tracks(clip: Clip, found: Detections) -> Tracks:
        people = tell(clip, found)
        box = np.concatenate([found.landmarks_px.min(axis=1), found.landmarks_px.max(axis=1)], axis=1)
        table = np.full((len(people), found.frame_count, 4), np.nan)
        for row, rows in enumerate(people):
            table[row, found.frame_index[rows]] = box[rows]
        return table

    return tracks


BRIDGE_S: Final = 0.5
OURS: Final = "kinetrace"
SIGHTINGS: Final = "kinetrace, sightings only"
WAYS: Final[Mapping[str, Callable[[Clip, Detections], Tracks]]] = {
    OURS: _ours,
    "by place": _rows_of(by_place),
    "by overlap": _rows_of(by_overlap),
}


def _detections(video: Path, cache: Path | None) -> tuple[Clip, Detections]:
    clip = ingest.run(ingest.Config(), video)
    kept = cache / f"{video.stem}.npz" if cache else None
    if kept and kept.is_file():
        return clip, artefacts.decode(kept.read_bytes(), Detections)
    found = detect.run(detect.Config(), video, clip)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(artefacts.encode(found))
    return clip, found


def _row(score: Identity) -> dict[str, float]:
    return {
        "idf1": round(score.idf1, 4),
        "recall": round(score.recall, 4),
        "changes": score.changes,
        "ghosts": score.ghosts,
        "longest_ghost": score.longest_ghost,
        "true_frames": score.true_frames,
    }


def _as_table(tables: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[dict[str, Any]]:
    """One line for each clip, as README's tables take it."""
    return [
        {"clip": stem, **table[OURS], **{f"idf1 {way}": row["idf1"] for way, row in table.items() if way != OURS}}
        for stem, table in tables.items()
    ]


def _show(tables: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    for stem, table in tables.items():
        for way, row in table.items():
            print(f"{stem:28s}{way:27s}" + "  ".join(f"{key} {value:g}" for key, value in row.items()))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
