"""Every format that `--from` takes: what it holds, and which file reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from models.readers import (
    alphapose,
    amass,
    c3d,
    gvhmr,
    joints_npz,
    mmpose,
    openpose,
    packed,
    phalp,
    sam3d_body,
    trc,
    wham,
)
from models.readers.given import BodyMotion, PicturePoints, Said, WorldPoints

Found = TypeVar("Found")


@dataclass(frozen=True)
class Reader(Generic[Found]):
    """A format.

    Attributes:
        read: everybody in a file or folder.
        holds: what the format is, in a few words.
    """

    read: Callable[[Path, Said], tuple[Found, ...]]
    holds: str


ON_PICTURE: Final[Mapping[str, Reader[PicturePoints]]] = {
    "openpose": Reader(openpose.read, "folder of OpenPose JSON, BODY_25 or COCO-18"),
    "mmpose": Reader(mmpose.read, "MMPose or RTMPose JSON: COCO-17, Halpe-26/136, COCO-WholeBody-133"),
    "alphapose": Reader(alphapose.read, "alphapose-results.json: COCO-17, Halpe-26/136"),
}
"""Keypoints on a video's picture; the video has to lie beside them."""
IN_WORLD: Final[Mapping[str, Reader[WorldPoints]]] = {
    "npz": Reader(joints_npz.read, "joints_m, names, frame_rate_hz in .npz"),
    "trc": Reader(trc.read, "joints as OpenSim's .trc"),
    "c3d": Reader(c3d.read, "joints as .c3d"),
    "sam3d": Reader(sam3d_body.read, "SAM 3D Body's keypoints, .npz or .pkl"),
}
"""Points in space."""
MOTIONS: Final[Mapping[str, Reader[BodyMotion]]] = {
    "amass": Reader(amass.read, "AMASS or SMPL-X .npz"),
    "gvhmr": Reader(gvhmr.read, "hmr4d_results.pt"),
    "wham": Reader(wham.read, "wham_output.pkl"),
    "phalp": Reader(phalp.read, "4D-Humans' demo_NAME.pkl"),
    "packed": Reader(packed.read, "motions packed by this project"),
}
"""Rotations of SMPL's tree."""
