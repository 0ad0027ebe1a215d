"""How true a BVH's motion comes in: python -m benchmark.retarget --mocap DIR (a folder of mocap-compact-1 shards).

Recordings become BVH trees as they are, with their own skeletons and rest poses, and are retargeted to the free body.
Beside every figure its floor: the directions' is zero, the slide's is the recording's own.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import Bool, Float

from models.bvh.reader import Bvh, BvhJoint
from models.contacts import CONTACT_POINTS, foot_contacts
from models.retarget.axes import standing_axes
from models.retarget.source import LONG_BONES, SIDES, find_person
from models.skeletons import SMPL_INDEX
from stages.retarget.motion import retarget_person
from training.mocap_clips import MocapClip, read_clips

Places = Float[np.ndarray, "frames 3"]


@dataclass(frozen=True)
class Row:
    """One recording.

    Attributes:
        standing_rest: zero rotation is a pose that stands; else twists were read off the clip.
        direction_deg: largest angle between a long bone of the file and of the body.
        slide_mm_s, source_slide_mm_s: mean horizontal speed of ankles while heel and toes stand.
    """

    skeleton: str
    recording: str
    frames: int
    standing_rest: bool
    direction_deg: float
    slide_mm_s: float
    source_slide_mm_s: float


def main(mocap: Path, per_skeleton: int = 4, json_out: Path | None = None) -> None:
    """Print one row for each recording.

    Args:
        mocap: folder with the shards; tune on the train split.
        per_skeleton: recordings of each skeleton.
        json_out: where the rows go, too.
    """
    taken: Counter[str] = Counter()
    rows: list[Row] = []
    for clip in read_clips(mocap):
        if taken[clip.family] < per_skeleton and len(clip.root_m) >= clip.rate_hz:
            taken[clip.family] += 1
            rows.append(measure(clip))
            print(" ".join(f"{key}={value}" for key, value in asdict(rows[-1]).items()), flush=True)
    if json_out is not None:
        json_out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def measure(clip: MocapClip) -> Row:
    """Retarget one recording and compare."""
    source = find_person(_as_bvh(clip))
    motion = retarget_person("free", source)
    stands = foot_contacts(motion.landmarks_m, motion.timestamps_s)
    own = {name: motion.joints_m[:, row] for name, row in SMPL_INDEX.items()}
    theirs = {name: source.places_m(name) for name in source.joint}
    bones = [(f"{side}_{a}", f"{side}_{b}") for side in SIDES for a, b in LONG_BONES]
    return Row(
        skeleton=clip.family,
        recording=clip.name,
        frames=len(motion.joints_m),
        standing_rest=standing_axes(source) is not None,
        direction_deg=round(max(_angle_deg(own[b] - own[a], theirs[b] - theirs[a]) for a, b in bones), 3),
        slide_mm_s=_slide_mm_s(own, stands, motion.rate_hz),
        source_slide_mm_s=_slide_mm_s(theirs, stands, motion.rate_hz),
    )


def _as_bvh(clip: MocapClip) -> Bvh:
    rotations = ("Zrotation", "Xrotation", "Yrotation")
    joints = tuple(
        BvhJoint(name, parent, (float(x), float(y), float(z)), rotations, None)
        for name, parent, (x, y, z) in zip(clip.joints, clip.parents, 100 * clip.offset_m, strict=True)
    )
    position = np.tile(100 * clip.offset_m, (len(clip.root_m), 1, 1))
    position[:, 0] = 100 * clip.root_m
    return Bvh(joints, 1 / clip.rate_hz, position, clip.parent_from_joint)


def _angle_deg(one: Places, other: Places) -> float:
    sine = np.linalg.norm(np.cross(one, other), axis=1)
    return float(np.degrees(np.arctan2(sine, (one * other).sum(axis=1))).max())


def _slide_mm_s(places_m: dict[str, Places], stands: Bool[np.ndarray, "frames 4"], rate_hz: int) -> float:
    speeds: list[np.ndarray] = []
    for side in SIDES:
        step_m = np.gradient(places_m[f"{side}_ankle"][:, [0, 2]], axis=0)
        flat = stands[:, [column for column, name in enumerate(CONTACT_POINTS) if name.startswith(side)]].all(axis=1)
        speeds.append(np.linalg.norm(step_m, axis=1)[flat] * rate_hz)
    together = np.concatenate(speeds)
    return round(1000 * float(together.mean()), 1) if len(together) else float("nan")


if __name__ == "__main__":
    tyro.cli(main)
