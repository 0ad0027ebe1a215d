"""Do drawn people fool the detector as filmed ones do? python -m benchmark.detector_errors --drawn DIR --case DIR.

Rows of figures for drawn snippets (training.synthesize), one for each folder of videos whose truth is known: the
landmark network's two looks at every frame, fifteen times a second, in the regions that the pipeline looks at.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tyro
from jaxtyping import Float

from benchmark.lift import show
from benchmark.lift_clips import detections
from benchmark.metrics import BODY
from benchmark.video import Reference, references
from models import camera
from models.skeletons import LANDMARK_MIRROR
from stages import frames, ingest, track
from stages.detect import blazepose
from training.fit_rough_map import EXCHANGED
from training.sightings import RATE_HZ, Readings, part_files, read_part
from training.synthesize import read_both

MIN_SCORE: Final = 0.5
_BODY: Final = list(BODY)


@dataclass(frozen=True, eq=False)
class Look:
    """One person as the detector reads him at an even rate; frames where he is lost are left out of all figures.

    Attributes:
        truth_m: in the camera's axes.
    """

    region: Float[np.ndarray, "frames 4"]
    landmarks_px: Float[np.ndarray, "frames 33 2"]
    rough_m: Float[np.ndarray, "frames 33 3"]
    visibility: Float[np.ndarray, "frames 33"]
    score: Float[np.ndarray, " frames"]
    truth_m: Float[np.ndarray, "frames 33 3"]
    camera_matrix: Float[np.ndarray, "3 3"]


@dataclass(frozen=True)
class Arguments:
    """Compare errors."""

    drawn: Path
    """Folder of drawn snippets."""
    case: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Folders of videos with truth, as benchmark.video takes them; give it once for each."""
    parts: int = 8
    """How many parts of the drawn snippets are read."""
    json: Path | None = None
    """Where to write the figures."""


def main(arguments: Arguments) -> None:
    """Print the rows."""
    looks = drawn_looks(part_files(arguments.drawn)[: arguments.parts])
    rows = {name: mean([figures(look) for look in some]) for name, some in looks.items()}
    networks = blazepose.load()
    for case in arguments.case:
        found = [figures(filmed_look(reference, networks)) for reference in references(case)]
        rows[case.name] = mean(found)
    show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


def drawn_looks(parts: Sequence[Path]) -> dict[str, list[Look]]:
    """The drawn snippets, read as the pipeline does; and those in which nothing and no border is before anybody."""
    every, open_ = list[Look](), list[Look]()
    for snippets in map(read_part, parts):
        together = snippets.as_read()
        for index in range(len(snippets)):
            own = together.only(together.snippet == index)
            seen = (own.region, own.landmarks_px, own.rough_m, own.visibility, own.score, own.truth_m)
            every.append(Look(*seen, snippets.camera_matrix[index].astype(float)))
            open_ += every[-1:] if snippets.shown[index].all() else []
    return {"drawn": every, "drawn, all in sight": open_}


def filmed_look(reference: Reference, networks: blazepose.BlazePose) -> Look:
    """The largest person of a video."""
    clip = ingest.run(ingest.Config(), reference.video)
    people = track.run(track.Config(), clip, detections(reference.video, clip))
    person = people[track.choose(people, "largest", None)[0]]
    step = max(1, round(reference.rate_hz / RATE_HZ))
    rows = [row for row in range(0, len(person.observed), step) if person.observed[row]]
    pictures = {
        index: picture
        for index, picture in enumerate(frames.read(reference.video, clip))
        if index - person.first_frame in rows
    }
    seen = [read_both(networks, pictures[person.first_frame + row], person.region[row]) for row in rows]
    pixels, rough_m, visibility, score = Readings(*(np.array(values) for values in zip(*seen, strict=True))).mean()
    truth_m = reference.landmarks_m[[person.first_frame + row for row in rows]]
    return Look(person.region[rows], pixels, rough_m, visibility, score, truth_m, reference.camera_matrix)


def figures(look: Look) -> dict[str, float]:
    """Errors of a look, of the 22 landmarks of the body; everything along the axes of the look.

    Returns:
        frames; lost_percent: scored too low; swapped_percent: left and right exchanged. Of what is left, sides put
        right: mm about the mid-hip (mpjpe, x, y, z: mean sizes; unbiased: without the mean error of the whole look);
        depth_slope: found over true depth; shake_mm, shake_2d: root mean square of the error's second difference (2D
        in permille of the region's side); pixel_off: median distance in permille of the side; visibility, and
        hidden_percent with less than a half; mm_visible, mm_hidden: mean distance of those above and below a half.
    """
    kept = look.score > MIN_SCORE
    true_px = camera.project(look.truth_m, look.camera_matrix)
    order, side = list(LANDMARK_MIRROR), look.region[:, 2]
    as_is, exchanged = (
        np.linalg.norm(pixels - true_px, axis=2)[:, _BODY].mean(axis=1)
        for pixels in (look.landmarks_px, look.landmarks_px[:, order])
    )
    swapped = kept & (exchanged < EXCHANGED * as_is)
    pixels, rough_m, visibility = (
        np.where(swapped.reshape(-1, *[1] * (values.ndim - 1)), values[:, order], values)
        for values in (look.landmarks_px, look.rough_m, look.visibility)
    )
    camera_from_look = camera.camera_from_ray(look.region[:, :2], look.camera_matrix)
    truth_m = np.einsum("fji,fpj->fpi", camera_from_look, look.truth_m)
    truth_m = truth_m - truth_m[:, 23:25].mean(axis=1, keepdims=True)
    error_m = np.where(kept[:, None, None], rough_m - truth_m, np.nan)[:, _BODY]
    error_2d = np.where(kept[:, None, None], (pixels - true_px) / side[:, None, None], np.nan)[:, _BODY]
    off_mm, seen = 1e3 * np.linalg.norm(error_m, axis=2), visibility[:, _BODY]
    size_mm = 1e3 * np.nanmean(np.abs(error_m), axis=(0, 1)) if kept.any() else np.full(3, np.nan)
    depth_m = truth_m[kept][:, _BODY, 2]
    return {
        "frames": float(len(kept)),
        "lost_percent": 100 * float(1 - kept.mean()),
        "swapped_percent": 100 * float(swapped.mean()),
        "mpjpe_mm": _mean(off_mm),
        **{f"{axis}_mm": float(size) for axis, size in zip("xyz", size_mm, strict=True)},
        "unbiased_mm": 1e3 * _mean(np.linalg.norm(error_m - _over_time(error_m), axis=2)),
        "depth_slope": float((rough_m[kept][:, _BODY, 2] * depth_m).sum() / max((depth_m**2).sum(), 1e-9)),
        "shake_mm": 1e3 * _shake(error_m),
        "shake_2d": 1e3 * _shake(error_2d),
        "pixel_off": 1e3 * float(np.nanmedian(np.linalg.norm(error_2d, axis=2))) if kept.any() else np.nan,
        "visibility": _mean(np.where(kept[:, None], seen, np.nan)),
        "hidden_percent": 100 * _mean(np.where(kept[:, None], seen < 0.5, np.nan)),
        "mm_visible": _mean(np.where(seen >= 0.5, off_mm, np.nan)),
        "mm_hidden": _mean(np.where(seen < 0.5, off_mm, np.nan)),
    }


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of what can be told, without what cannot; the frames are summed up."""
    row = {key: _mean(np.array([one[key] for one in rows])) for key in rows[0]}
    told = {key: value for key, value in row.items() if not np.isnan(value)}
    return told | {"frames": sum(one["frames"] for one in rows)}


def _mean(values: np.ndarray) -> float:
    """Without NaN; NaN where nothing else is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _over_time(error_m: np.ndarray) -> np.ndarray:
    count = (~np.isnan(error_m)).sum(axis=0)
    return np.nansum(error_m, axis=0) / np.maximum(count, 1)


def _shake(error: np.ndarray) -> float:
    """Root mean square length of the second difference over time."""
    return float(np.sqrt(_mean((np.diff(error, 2, axis=0) ** 2).sum(axis=-1))))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
