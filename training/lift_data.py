"""What the lifter learns from: snippets of drawn people, seen anew each time they are drawn.

Filmed with another idea of the focal length, shaken, rolled, read from the picture, its mirror image or both,
interrupted, now and then with left and right exchanged for a moment. Mirrored snippets cost nothing: they are made of
the inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation
from torch import Tensor

from models import camera
from models.nets.lifter_inputs import make_inputs, map_features
from models.rough_map import RoughMap, correct, rooted
from models.skeletons import LANDMARK_MIRROR
from training.pose_ik_data import VALIDATION
from training.sightings import Readings, Snippets

MIN_SCORE: Final = 0.5
MAX_AWAY: Final = 0.15
"""Mean distance of the landmarks from the truth, in sides of the region, beyond which it is not this person."""
WRONG_SIDES: Final = 0.6
"""Left and right are the wrong way round where exchanging them leaves less than this share of the distance."""
ONE_READING: Final = 0.3
"""Share of snippets read once, from the picture or from its mirror image."""
GUESSED: Final = 0.6
"""Share of snippets whose focal length is taken for the longer side; the others' is off by a few per cent."""
SHAKEN: Final = 0.3
SHAKEN_PX: Final = 0.006
SHAKEN_M: Final = 0.01
"""Share of snippets with more noise, and its standard deviation: of pixels in sides of the region, of rough metres."""
ROLLED_RAD: Final = 0.05
EXCHANGED: Final = 0.04
INTERRUPTED: Final = 0.2
"""Shares of snippets with a moment of exchanged sides, and with a gap."""


@dataclass(frozen=True, eq=False)
class Film:
    """One snippet as somebody sees it; fields as in training.sightings.Snippets, one reading.

    Attributes:
        found, seen: frames in which the detector found this person, and those of them that are shown.
        camera_matrix: what he believes it is.
    """

    region: Float[np.ndarray, "frames 4"]
    landmarks_px: Float[np.ndarray, "frames 33 2"]
    rough_m: Float[np.ndarray, "frames 33 3"]
    visibility: Float[np.ndarray, "frames 33"]
    truth_m: Float[np.ndarray, "frames 33 3"]
    found: Bool[np.ndarray, " frames"]
    seen: Bool[np.ndarray, " frames"]
    camera_matrix: Float[np.ndarray, "3 3"]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Films ready for the network.

    Attributes:
        base_m, truth_m: the linearly mapped and the true shape about the mid-hip, in the axes of the look.
        found: frames that are judged: those in which the detector found this person, gaps made since then included.
    """

    inputs: Float[Tensor, "films frames inputs"]
    seen: Bool[Tensor, "films frames"]
    base_m: Float[Tensor, "films frames 33 3"]
    truth_m: Float[Tensor, "films frames 33 3"]
    found: Bool[Tensor, "films frames"]


def is_held_out(snippets: Snippets) -> Bool[np.ndarray, " snippets"]:
    """Whether the motion is of subjects that nothing is learned from."""
    return np.isin(snippets.subject, VALIDATION)


@dataclass(frozen=True, eq=False)
class Source:
    """Snippets, and each of them as the pipeline reads it."""

    snippets: Snippets
    films: tuple[Film, ...]

    @staticmethod
    def of(snippets: Snippets) -> "Source":
        """Read every snippet once."""
        return Source(snippets, tuple(film(snippets, number) for number in range(len(snippets))))

    def draw(self, rng: np.random.Generator) -> Film:
        """One of them, now and then in one of its two readings."""
        number = int(rng.integers(len(self.films)))
        if rng.random() < ONE_READING:
            return film(self.snippets, number, int(rng.integers(2)))
        return self.films[number]


def draw_lesson(sources: Sequence[Source], count: int, rough_map: RoughMap, rng: np.random.Generator) -> Lesson:
    """So many snippets, from each source as many, as somebody might see them."""
    return prepare([_disturb(sources[n % len(sources)].draw(rng), rng) for n in range(count)], rough_map)


def film(snippets: Snippets, number: int, reading: int | None = None) -> Film:
    """A snippet as the pipeline reads it, or one of its two readings; left and right put right where all are wrong."""
    both = Readings(*(getattr(snippets, name)[number] for name in ("landmarks_px", "rough_m", "visibility", "score")))
    if reading is None:
        landmarks_px, rough_m, visibility, score = both.mean()
    else:
        landmarks_px, rough_m = both.landmarks_px[:, reading], both.rough_m[:, reading]
        visibility, score = both.visibility[:, reading], both.score[:, reading]
    camera_matrix = snippets.camera_matrix[number].astype(np.float64)
    truth_m, region = (getattr(snippets, name)[number].astype(np.float64) for name in ("truth_m", "region"))
    true_px, order = camera.project(truth_m, camera_matrix), list(LANDMARK_MIRROR)
    off, off_exchanged = (
        np.linalg.norm(pixels - true_px, axis=-1).mean(axis=-1) / region[:, 2]
        for pixels in (landmarks_px, landmarks_px[:, order])
    )
    wrong = off_exchanged < WRONG_SIDES * off
    found = (score > MIN_SCORE) & (np.minimum(off, off_exchanged) < MAX_AWAY)
    as_seen = Film(
        region=region,
        landmarks_px=landmarks_px.astype(np.float64),
        rough_m=rough_m.astype(np.float64),
        visibility=visibility.astype(np.float64),
        truth_m=truth_m,
        found=found,
        seen=found,
        camera_matrix=camera_matrix,
    )
    return _exchange(as_seen, wrong)


def prepare(films: Sequence[Film], rough_map: RoughMap) -> Lesson:
    """Inputs, linearly mapped shape and truth, in the axes of the look as the believed camera has it."""
    inputs, base, truth = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    for each in films:
        given = (each.rough_m, each.landmarks_px, each.visibility, each.region, each.camera_matrix)
        inputs.append(make_inputs(*given))
        base.append(correct(rough_map, map_features(inputs[-1])))
        camera_from_look = camera.camera_from_ray(each.region[:, :2], each.camera_matrix)
        truth.append(rooted(each.truth_m) @ camera_from_look)
    seen = np.stack([each.seen for each in films])
    return Lesson(
        inputs=torch.from_numpy(np.stack(inputs)).float(),
        seen=torch.from_numpy(seen),
        base_m=torch.from_numpy(np.stack(base)).float(),
        truth_m=torch.from_numpy(np.stack(truth)).float(),
        found=torch.from_numpy(np.stack([each.found for each in films])),
    )


def mirrored_lesson(lesson: Lesson, inputs: Tensor, chosen: Bool[Tensor, " films"]) -> Lesson:
    """The lesson with some films mirrored; `inputs` are all of them mirrored."""
    row = chosen[:, None, None, None]
    flip, order = torch.tensor((-1.0, 1.0, 1.0)), list(LANDMARK_MIRROR)
    return replace(
        lesson,
        inputs=torch.where(row[..., 0], inputs, lesson.inputs),
        base_m=torch.where(row, lesson.base_m[..., order, :] * flip, lesson.base_m),
        truth_m=torch.where(row, lesson.truth_m[..., order, :] * flip, lesson.truth_m),
    )


def believe_longer_side(film_seen: Film) -> Film:
    """The film for somebody who was not told the focal length."""
    return replace(film_seen, camera_matrix=_with_focal(film_seen.camera_matrix, _longer_side(film_seen.camera_matrix)))


def _disturb(seen: Film, rng: np.random.Generator) -> Film:
    seen = replace(seen, camera_matrix=_believed(seen.camera_matrix, rng))
    if rng.random() < SHAKEN:
        side_px = seen.region[:, 2, None, None]
        seen = replace(
            seen,
            landmarks_px=seen.landmarks_px + SHAKEN_PX * side_px * _slow(seen.landmarks_px.shape, rng),
            rough_m=seen.rough_m + SHAKEN_M * _slow(seen.rough_m.shape, rng),
        )
    seen = _roll(seen, rng.normal(0, ROLLED_RAD))
    if rng.random() < EXCHANGED:
        seen = _exchange(seen, _run(len(seen.seen), int(rng.integers(1, 5)), rng))
    if rng.random() < INTERRUPTED:
        seen = replace(seen, seen=seen.seen & ~_run(len(seen.seen), int(rng.integers(1, 9)), rng))
    return seen


def _believed(camera_matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The camera as somebody thinks it is who was not told, or who was told nearly right."""
    told_px = camera_matrix[0, 0] * np.exp(rng.normal(0, 0.05))
    return _with_focal(camera_matrix, _longer_side(camera_matrix) if rng.random() < GUESSED else told_px)


def _with_focal(camera_matrix: np.ndarray, focal_px: float) -> np.ndarray:
    believed = camera_matrix.copy()
    believed[0, 0] = believed[1, 1] = focal_px
    return believed


def _longer_side(camera_matrix: np.ndarray) -> float:
    return float(2 * camera_matrix[:2, 2].max())


def _slow(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Noise that lasts, wanders and jumps, in equal parts; of standard deviation one or so."""
    wander = np.cumsum(rng.normal(0, 1, shape), axis=0)
    wander = (wander - wander.mean(axis=0)) / np.sqrt(shape[0] / 6)
    return (rng.normal(0, 1, (1, *shape[1:])) + wander + rng.normal(0, 1, shape)) / np.sqrt(3)


def _roll(seen: Film, angle_rad: float) -> Film:
    """The same look with the camera rolled about the ray of the region's middle."""
    turn = Rotation.from_rotvec([0, 0, angle_rad]).as_matrix()
    middle_px = seen.region[:, None, :2]
    look = camera.camera_from_ray(seen.region[:, :2], seen.camera_matrix)
    rolled = look @ turn @ np.swapaxes(look, 1, 2)
    return replace(
        seen,
        landmarks_px=middle_px + (seen.landmarks_px - middle_px) @ turn[:2, :2].T,
        rough_m=seen.rough_m @ turn.T,
        truth_m=np.einsum("fij,fpj->fpi", rolled, seen.truth_m),
        region=seen.region + np.array([0, 0, 0, angle_rad]),
    )


def _exchange(seen: Film, rows: Bool[np.ndarray, " frames"]) -> Film:
    """The film with left and right exchanged in some frames."""
    order = list(LANDMARK_MIRROR)

    def exchanged(values: np.ndarray) -> np.ndarray:
        return np.where(rows.reshape(-1, *[1] * (values.ndim - 1)), values[:, order], values)

    names = ("landmarks_px", "rough_m", "visibility")
    return replace(seen, **{name: exchanged(getattr(seen, name)) for name in names})


def _run(frames: int, duration: int, rng: np.random.Generator) -> Bool[np.ndarray, " frames"]:
    """A few frames in a row."""
    first = int(rng.integers(0, max(frames - duration, 1)))
    rows = np.zeros(frames, dtype=bool)
    rows[first : first + duration] = True
    return rows
