"""What the detector said of drawn people, beside the truth: snippets of even length in part files of bounded size.

`read(folder)` gives everything at once. Of every frame there are two readings of the landmarks: the picture's and,
turned back, its mirror image's; `Snippets.as_read()` is their mean as the pipeline takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.transform import Rotation

from models.errors import InputError
from models.skeletons import LANDMARK_MIRROR
from stages.detect.regions import picture_from_crop, turn

FRAMES: Final = 32
RATE_HZ: Final = 15.0
_PARTS: Final = (slice(0, 11), slice(11, 23), slice(23, 33))
"""Face, arms and legs, as in stages.detect.reading."""


@dataclass(frozen=True, eq=False)
class Sightings:
    """Single frames as the pipeline reads them.

    Attributes:
        region, landmarks_px, rough_m, visibility, score: as in contracts.Detections.
        truth_m: the landmarks in the camera's axes.
        camera_matrix: pixels of the picture.
        clip, subject: whose motion it is.
        snippet: frames of one snippet share it.
    """

    region: Float[np.ndarray, "frames 4"]
    landmarks_px: Float[np.ndarray, "frames 33 2"]
    rough_m: Float[np.ndarray, "frames 33 3"]
    visibility: Float[np.ndarray, "frames 33"]
    score: Float[np.ndarray, " frames"]
    truth_m: Float[np.ndarray, "frames 33 3"]
    camera_matrix: Float[np.ndarray, "frames 3 3"]
    clip: np.ndarray
    subject: np.ndarray
    snippet: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def only(self, chosen: np.ndarray) -> "Sightings":
        """Some of the frames."""
        return Sightings(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True, eq=False)
class Readings:
    """What the landmark network says; the axis of two holds the picture's reading and its mirror image's, turned back.

    Fields as in contracts.Detections.
    """

    landmarks_px: Float[np.ndarray, "*batch 2 33 2"]
    rough_m: Float[np.ndarray, "*batch 2 33 3"]
    visibility: Float[np.ndarray, "*batch 2 33"]
    score: Float[np.ndarray, "*batch 2"]

    def mean(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pixels, rough metres, visibility and score as `blazepose.read_twice` averages them.

        Where the mirror image's left and right agree far better the other way round, they are exchanged first.
        """
        order = np.array(LANDMARK_MIRROR)
        plain, twin = self.landmarks_px[..., 0, :, :], self.landmarks_px[..., 1, :, :]
        source = np.broadcast_to(np.arange(33), twin.shape[:-1]).copy()
        for part in _PARTS:
            as_is = np.linalg.norm(twin - plain, axis=-1)[..., part].mean(axis=-1)
            exchanged = np.linalg.norm(twin[..., order, :] - plain, axis=-1)[..., part].mean(axis=-1)
            source[..., part] = np.where((exchanged < as_is / 2)[..., None], order[part], source[..., part])

        def both(values: np.ndarray) -> np.ndarray:
            axis = source.ndim - 1
            as_seen, mirrored = np.moveaxis(values, axis, 0)
            index = source.reshape(*source.shape, *[1] * (mirrored.ndim - source.ndim))
            return (as_seen + np.take_along_axis(mirrored, index, axis=axis)) / 2

        return both(self.landmarks_px), both(self.rough_m), both(self.visibility), self.score.mean(axis=-1)


@dataclass(frozen=True, eq=False)
class Snippets:
    """Drawn people in motion, each before a static camera; RATE_HZ, FRAMES frames each.

    Attributes:
        region: where the crops were cut; smoothed over time as in a video.
        landmarks_px, rough_m, visibility, score: of both readings, see Readings.
        shown: inside the picture and not behind anything that stands in front; the body's own parts do not count.
        truth_m, joints_m: landmarks and SMPL's 24 joints in the camera's axes; also where nothing is seen of them.
        camera_from_joint: unit quaternions (x, y, z, w), the turn of every joint from SMPL's rest pose.
        betas: of the free body.
        camera_from_world: axes; the world's Y is up.
        camera_height_m: over the world's y = 0, which is the floor for most motions.
        size_px: width and height of the picture.
        clip, subject, family: of the motion; where the upper body came from another, "CLIP+CLIP".
    """

    region: Float[np.ndarray, "snippets frames 4"]
    landmarks_px: Float[np.ndarray, "snippets frames 2 33 2"]
    rough_m: Float[np.ndarray, "snippets frames 2 33 3"]
    visibility: Float[np.ndarray, "snippets frames 2 33"]
    score: Float[np.ndarray, "snippets frames 2"]
    shown: Bool[np.ndarray, "snippets frames 33"]
    truth_m: Float[np.ndarray, "snippets frames 33 3"]
    joints_m: Float[np.ndarray, "snippets frames 24 3"]
    camera_from_joint: Float[np.ndarray, "snippets frames 24 4"]
    betas: Float[np.ndarray, "snippets betas"]
    camera_matrix: Float[np.ndarray, "snippets 3 3"]
    camera_from_world: Float[np.ndarray, "snippets 3 3"]
    camera_height_m: Float[np.ndarray, " snippets"]
    size_px: Int[np.ndarray, "snippets 2"]
    clip: np.ndarray
    subject: np.ndarray
    family: np.ndarray

    def __len__(self) -> int:
        return len(self.region)

    def only(self, chosen: np.ndarray) -> "Snippets":
        """Some of the snippets."""
        return Snippets(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def as_read(self) -> Sightings:
        """All frames in one row, as the default pipeline reads them."""
        pixels, rough_m, visibility, score = Readings(
            self.landmarks_px, self.rough_m, self.visibility, self.score
        ).mean()
        count, frames = self.score.shape[:2]
        each = {name: np.repeat(getattr(self, name), frames, axis=0) for name in ("camera_matrix", "clip", "subject")}
        row = {"region": self.region, "truth_m": self.truth_m, "landmarks_px": pixels, "rough_m": rough_m}
        row |= {"visibility": visibility, "score": score}
        flat = {name: a.reshape(count * frames, *a.shape[2:]).astype(np.float64) for name, a in row.items()}
        each["camera_matrix"] = each["camera_matrix"].astype(np.float64)
        return Sightings(**flat, **each, snippet=np.repeat(np.arange(count), frames))

    @staticmethod
    def concatenate(parts: Sequence["Snippets"]) -> "Snippets":
        """All snippets in one."""
        names = [field.name for field in fields(Snippets)]
        return Snippets(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def write(path: Path, snippets: Snippets) -> None:
    """Write a part whole or not at all.

    What the network said is kept with half precision about the region (0.06 pixels of its crop, 0.2 mm), turns too
    (0.06 degrees); the truth with single precision.
    """
    arrays = {field.name: getattr(snippets, field.name) for field in fields(Snippets)}
    arrays["landmarks_px"] = _unit_of(snippets)
    half = {"landmarks_px", "rough_m", "visibility", "score", "camera_from_joint"}
    small = {name: a.astype(np.float16 if name in half else np.float32) if a.dtype.kind == "f" else a
             for name, a in arrays.items()}  # fmt: skip
    fresh = path.with_suffix(".fresh.npz")
    np.savez_compressed(fresh, allow_pickle=False, **small)
    fresh.replace(path)


def read_part(path: Path) -> Snippets:
    """Read one file; single precision throughout."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    single = {name: a.astype(np.float32) if a.dtype.kind == "f" else a for name, a in arrays.items()}
    turns = single["camera_from_joint"]
    single["camera_from_joint"] = turns / np.linalg.norm(turns, axis=-1, keepdims=True)
    snippets = Snippets(**single)
    return replace(snippets, landmarks_px=_pixels_of(snippets))


def part_files(folder: Path) -> list[Path]:
    """The finished parts of a folder, in the order of their names.

    Raises:
        InputError: there is none.
    """
    paths = sorted(path for path in folder.glob("part_*.npz") if not path.name.endswith(".fresh.npz"))
    if not paths:
        raise InputError(f"{folder} holds no part_*.npz", "make some with python -m training.synthesize")
    return paths


def read(folder: Path, most: int | None = None) -> Snippets:
    """Read the parts of a folder, or the first few; 2.6 kB of memory for every frame.

    Raises:
        InputError: there is none.
    """
    return Snippets.concatenate([read_part(path) for path in part_files(folder)[:most]])


def turns_of(camera_from_joint: Float[np.ndarray, "*batch 4"]) -> Float[np.ndarray, "*batch 3 3"]:
    """The quaternions of Snippets as matrices."""
    return Rotation.from_quat(camera_from_joint.reshape(-1, 4)).as_matrix().reshape(*camera_from_joint.shape[:-1], 3, 3)


def _unit_of(snippets: Snippets) -> np.ndarray:
    """Pixels as sides of the region off its middle, along the crop's axes."""
    region = snippets.region.reshape(-1, 4).astype(np.float64)
    off_px = snippets.landmarks_px.reshape(len(region), 66, 2) - region[:, None, :2]
    return (turn(off_px, -region[:, 3]) / region[:, None, 2:3]).reshape(snippets.landmarks_px.shape)


def _pixels_of(snippets: Snippets) -> np.ndarray:
    region = snippets.region.reshape(-1, 4).astype(np.float64)
    unit = snippets.landmarks_px.reshape(len(region), 66, 2).astype(np.float64) + 0.5
    return picture_from_crop(unit, region).reshape(snippets.landmarks_px.shape).astype(np.float32)
