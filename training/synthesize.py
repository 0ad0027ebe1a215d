"""Shows drawn people to the detector: what it says about each landmark, beside the truth.

python -m training.synthesize --mocap MOCAP/train --out DIR --frames 10000 --seed 0

Short snippets of every take, each on a body, in clothes, before a camera of its own. Writes DIR/part_SEED.npz, anew
every minute; several processes with different seeds fill one folder.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
import tyro
from jaxtyping import Float

from models.bodies import load_body
from models.bodies.body import Body, pose_landmarks, pose_vertices, rest_joints, rest_vertices
from models.camera import project
from models.errors import InputError
from stages.detect import blazepose
from training.appearance import dress
from training.body_motion import LYING_FAMILY
from training.mocap_clips import MocapClip, read_clips
from training.retarget import retarget
from training.synthesize_view import draw, random_look, random_region

SNIPPET: Final = 8
STEP_S: Final = 0.3
CHECKPOINT_S: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Sightings:
    """What the detector says, and the truth.

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
class Snippet:
    """A few moments of a take on one body; world axes, Y up."""

    skin_m: Float[np.ndarray, "frames vertices 3"]
    landmarks_m: Float[np.ndarray, "frames 33 3"]
    colours: Float[np.ndarray, "vertices 3"]


def main(mocap: Path, out: Path, frames: int = 10000, seed: int = 0) -> None:
    """Draw people and read their landmarks.

    Args:
        mocap: folder of the train split's shards.
        out: folder to write into.
        frames: how many.
        seed: the same seed gives the same frames; it also names the file.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out.mkdir(parents=True, exist_ok=True)
    clips = usable_clips(mocap)
    path, parts, written_s = out / f"part_{seed}.npz", list[Sightings](), time.monotonic()
    for part in synthesize(clips, load_body("free"), blazepose.load(), seed):
        parts.append(part)
        enough = sum(map(len, parts)) >= frames
        if enough or time.monotonic() - written_s > CHECKPOINT_S:
            write(path, concatenate(parts))
            written_s = time.monotonic()
            log.info("%s: %d frames", path, sum(map(len, parts)))
        if enough:
            return


def usable_clips(mocap: Path) -> tuple[MocapClip, ...]:
    """The takes that can be carried over to a body and last for a snippet."""
    long_enough = SNIPPET * STEP_S
    return tuple(
        clip
        for clip in read_clips(mocap)
        if clip.family != LYING_FAMILY and len(clip.root_m) > 1 + long_enough * clip.rate_hz / 2
    )


def synthesize(
    clips: tuple[MocapClip, ...], body: Body, networks: blazepose.BlazePose, seed: int
) -> Iterator[Sightings]:
    """Yield snippet after snippet without end, the takes in random turns."""
    index = 0
    while True:
        for choice in np.random.default_rng([seed, index]).permutation(len(clips)):
            rng = np.random.default_rng([seed, index])
            part = look_at(pose_snippet(clips[choice], body, rng), body, networks, rng)
            index += 1
            if part["score"].size:
                yield _labelled(part, clips[choice], seed * 1_000_000 + index)


def pose_snippet(clip: MocapClip, body: Body, rng: np.random.Generator) -> Snippet:
    """Put a random body of random clothes into a few moments of the take."""
    betas = torch.from_numpy(np.clip(rng.normal(0, 1, body.beta_count), -2.5, 2.5)).float()
    rest_m = rest_joints(body, betas).double().numpy()
    pose = retarget(clip, rest_m)
    step = round(STEP_S * clip.rate_hz)
    count = min(SNIPPET, (len(pose.pelvis_m) - 1) // step + 1)
    start = int(rng.integers(len(pose.pelvis_m) - (count - 1) * step))
    rows = start + step * np.arange(count)
    posed = (
        betas,
        torch.from_numpy(pose.parent_from_joint[rows]).float(),
        torch.from_numpy(pose.pelvis_m[rows] - rest_m[0]).float(),
    )
    skin_m = pose_vertices(body, *posed).double().numpy()
    landmarks_m = pose_landmarks(body, *posed).double().numpy()
    rest_skin_m = rest_vertices(body, betas).double().numpy()
    return Snippet(skin_m, landmarks_m, dress(body, rest_skin_m, int(rng.integers(2**31))))


def look_at(
    snippet: Snippet, body: Body, networks: blazepose.BlazePose, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Film a snippet with one camera and read the landmarks as the pipeline does, mirror images included."""
    look = random_look(snippet.landmarks_m, rng)
    faces = body.faces.numpy()
    rows = list[dict[str, np.ndarray]]()
    for skin_m, landmarks_m in zip(snippet.skin_m, snippet.landmarks_m, strict=True):
        truth_m = look.in_camera(landmarks_m)
        if not look.shows(truth_m):
            continue
        region = random_region(project(truth_m, look.view.camera_matrix), rng)[None]
        crops = blazepose.cut_crops(draw(look, look.in_camera(skin_m), faces, snippet.colours), region)
        reading = blazepose.read_landmarks(networks.landmarks, crops, region, mirrored=True)
        seen = {name: getattr(reading, name)[0] for name in ("landmarks_px", "rough_m", "visibility", "score")}
        rows.append({"region": region[0], "truth_m": truth_m, "camera_matrix": look.view.camera_matrix, **seen})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {"score": np.zeros(0)}


def concatenate(parts: list[Sightings]) -> Sightings:
    """All parts in one."""
    names = [field.name for field in fields(Sightings)]
    return Sightings(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def write(path: Path, sightings: Sightings) -> None:
    """Write the file whole or not at all; floats with single precision."""
    arrays = {field.name: getattr(sightings, field.name) for field in fields(Sightings)}
    single = {name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in arrays.items()}
    fresh = path.with_suffix(".fresh.npz")
    np.savez_compressed(fresh, allow_pickle=False, **single)
    fresh.replace(path)


def read(folder: Path) -> Sightings:
    """Read every part in a folder.

    Raises:
        InputError: there is none.
    """
    parts = list[Sightings]()
    for path in sorted(folder.glob("part_*.npz")):
        if path.name.endswith(".fresh.npz"):
            continue
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        double = {name: a.astype(np.float64) if a.dtype == np.float32 else a for name, a in arrays.items()}
        parts.append(Sightings(**double))
    if not parts:
        raise InputError(f"{folder} holds no part_*.npz", "make some with python -m training.synthesize")
    return concatenate(parts)


def _labelled(part: dict[str, np.ndarray], clip: MocapClip, snippet: int) -> Sightings:
    count = len(part["score"])
    return Sightings(
        **part,
        clip=np.full(count, clip.name, dtype="U64"),
        subject=np.full(count, clip.subject, dtype="U32"),
        snippet=np.full(count, snippet),
    )


if __name__ == "__main__":
    tyro.cli(main)
