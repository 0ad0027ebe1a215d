"""Makes the bands of models/gait_bands.py from captured walks.

python -m training.gait_bands --mocap MOCAP/train --out models/weights/gait_bands.json

Every take called a walk is carried over to the mean shape of the free body, followed by the full_body model and cut
into strides, as a person of a video is. A walker's mean counts once, however often he walked. Many takes do not say
whose they are: those whose mean pose is alike, which is mostly the rig's calibration and hardly the walk, pass for one
walker. Register the sha256 that is printed in weights.toml.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import tyro
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from models.bodies import load_body
from models.bodies.body import Body, pose_joints, pose_landmarks, rest_joints
from models.gait import Gait, over_cycle
from models.gait_bands import TURNED_BY_SIDE, GaitBands, encode_bands
from models.osim.reader import read_model
from models.weights import file_sha256
from stages import biomech
from stages.contracts import Biomechanics, Motion
from stages.export.osim_gait import gait_of
from training.mocap_clips import MocapClip, read_clips
from training.retarget import retarget

FAMILY: Final = "cmu_asf38"
"""Skeletons as they were captured; those of other families were carried over once before, or have hinges for knees."""
WALKS: Final = ("walk", "walking", "walking extra")
"""What takes of somebody who walks as he likes are called; not those that exaggerate, hurry or begin to run."""
SPEEDS_M_S: Final = (0.8, 1.8)
"""Slower is sauntering, faster is hardly walking. An assumption."""
UNKNOWN: Final = "cmuX_"
"""Subjects of takes that do not say whose they are begin with this."""
ALIKE_DEG: Final = 6.0
"""Mean poses of one walker's takes lie within this. Those of one named subject differ by 2.2 at most, those of two by
9.7 or more, but for one pair of subjects (5.1). An assumption."""
POSE: Final = ("pelvis_tilt", "lumbar_extension", "hip_adduction", "hip_rotation", "subtalar_angle")
"""Angles whose mean over strides tells rigs apart and changes little with speed."""
LEAN_DEG: Final = 12.0
"""A walker whose pelvis leans farther in the mean has a rig whose pelvis is laid otherwise: left out."""
COORDINATES: Final = (
    "hip_flexion", "hip_adduction", "knee_angle", "ankle_angle", "pelvis_tilt", "pelvis_list", "pelvis_rotation",
)  # fmt: skip
"""Those that captured skeletons tell. Toes and the parts of the spine are made up in training.retarget; rotation of the
hip and the subtalar joint differ between rigs by as much as they move."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Walk:
    """One take: who, how fast, its mean pose in degrees, and each coordinate over each stride, degrees."""

    name: str
    subject: str
    speed_m_s: float
    pose_deg: Float[np.ndarray, " angles"]
    cycles_deg: dict[str, Float[np.ndarray, "strides 101"]]
    strides: int


def main(mocap: Path, out: Path) -> None:
    """Make the bands, write and print them.

    Args:
        mocap: folder of the train split of the motion capture.
        out: the file to write.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    bands = bands_of(read_walks(mocap))
    out.write_text(encode_bands(bands), encoding="utf-8")
    log.info("%d walkers, %d strides, %s m/s", bands.walkers, bands.strides, bands.speed_m_s)
    log.info("%s: sha256 %s", out, file_sha256(out))


def read_walks(mocap: Path) -> list[Walk]:
    """Follow every take called a walk, and keep those in which strides were found."""
    body = load_body("free")
    clips = (clip for clip in read_clips(mocap) if clip.family == FAMILY and clip.action in WALKS)
    found: list[Walk] = []
    for clip in clips:
        followed = biomech.run(biomech.Config(), motion_of(clip, body))
        gait = gait_of(followed, read_model(followed.model_xml))
        if gait.strides and SPEEDS_M_S[0] <= gait.speed_m_s <= SPEEDS_M_S[1]:
            found.append(walk_of(clip, followed, gait))
    return found


def motion_of(clip: MocapClip, body: Body) -> Motion:
    """A take on the body's mean shape, seen in every frame."""
    shape = torch.zeros(body.beta_count, dtype=body.template_m.dtype)
    rest_m = rest_joints(body, shape).double().numpy()
    pose = retarget(clip, rest_m)
    frames, trans_m = len(pose.pelvis_m), pose.pelvis_m - rest_m[0]
    posed = shape, torch.from_numpy(pose.parent_from_joint).to(shape), torch.from_numpy(trans_m).to(shape)
    return Motion(
        rate_hz=round(clip.rate_hz),
        timestamps_s=np.arange(frames) / clip.rate_hz,
        observed=np.ones(frames, bool),
        parent_from_joint=pose.parent_from_joint,
        trans_m=trans_m,
        betas=np.zeros(body.beta_count),
        confidence=np.ones((frames, 24)),
        world_from_camera=np.eye(4),
        camera_matrix=np.eye(3),
        body_model=body.name,
        body_sha256=body.sha256,
        joints_m=pose_joints(body, *posed).double().numpy(),
        landmarks_m=pose_landmarks(body, *posed).double().numpy(),
    )


def walk_of(clip: MocapClip, followed: Biomechanics, gait: Gait) -> Walk:
    """Cut a take into strides; those of the left foot count for the pelvis as their mirror images."""
    degrees = dict(zip(followed.coordinate_names.tolist(), np.degrees(followed.coordinates).T, strict=True))
    cycles: dict[str, list[np.ndarray]] = {coordinate: [] for coordinate in COORDINATES}
    for stride in gait.strides:
        for coordinate in COORDINATES:
            is_turned = stride.side == "left" and coordinate in TURNED_BY_SIDE
            values = degrees.get(coordinate, degrees.get(f"{coordinate}_{stride.side[0]}"))
            assert values is not None
            cycle = over_cycle(followed.timestamps_s, values[:, None], stride)[:, 0]
            cycles[coordinate].append(-cycle if is_turned else cycle)
    walked = (followed.timestamps_s >= gait.strides[0].start_s) & (followed.timestamps_s <= gait.strides[-1].end_s)
    pose = [np.mean([degrees[n][walked] for n in degrees if n in {a, f"{a}_r", f"{a}_l"}]) for a in POSE]
    stacked = {coordinate: np.array(rows) for coordinate, rows in cycles.items()}
    return Walk(clip.name, clip.subject, gait.speed_m_s, np.array(pose), stacked, len(gait.strides))


def walker_of(walks: list[Walk]) -> Int[np.ndarray, " walks"]:
    """A number for each take's walker: takes of a named subject are his, others go by likeness of pose."""
    apart = np.zeros((len(walks), len(walks)))
    for row, one in enumerate(walks):
        for column, other in enumerate(walks):
            named = not (one.subject.startswith(UNKNOWN) or other.subject.startswith(UNKNOWN))
            far = 0.0 if one.subject == other.subject else 1e3
            apart[row, column] = far if named else float(np.linalg.norm(one.pose_deg - other.pose_deg))
    return np.asarray(fcluster(linkage(squareform(apart, checks=False), "complete"), ALIKE_DEG, "distance"))


def bands_of(walks: list[Walk]) -> GaitBands:
    """Mean and standard deviation over walkers, each the mean of his strides."""
    number = walker_of(walks)
    upright: list[list[Walk]] = []
    for walker in np.unique(number):
        takes = [walk for walk, own in zip(walks, number, strict=True) if own == walker]
        lean_deg = float(np.mean([take.pose_deg[POSE.index("pelvis_tilt")] for take in takes]))
        if abs(lean_deg) <= LEAN_DEG:
            upright.append(takes)
        log.info("walker %d leans %.1f: %s", walker, lean_deg, ", ".join(take.name for take in takes))
    kept = [take for takes in upright for take in takes]
    means = {
        coordinate: np.array(
            [np.concatenate([take.cycles_deg[coordinate] for take in takes]).mean(axis=0) for takes in upright]
        )
        for coordinate in COORDINATES
    }
    return GaitBands(
        walkers=len(upright),
        strides=sum(take.strides for take in kept),
        speed_m_s=(round(min(take.speed_m_s for take in kept), 2), round(max(take.speed_m_s for take in kept), 2)),
        mean_deg={coordinate: rows.mean(axis=0) for coordinate, rows in means.items()},
        sd_deg={coordinate: rows.std(axis=0, ddof=1) for coordinate, rows in means.items()},
    )


if __name__ == "__main__":
    tyro.cli(main)
