"""What a calibration says of each camera, whichever program wrote it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.errors import InputError

MAX_BYTES: Final = 4_000_000
"""A hundred cameras take a tenth of it."""
CORNER: Final = 0.5
"""OpenCV and those who follow it count pixels from the middle of the first one; here from its upper left corner."""
PADDED: Final = 0.02
"""Share by which a side may be off and still be the same picture: encoders pad to multiples of sixteen."""
LENS_TERMS: Final = 5


@dataclass(frozen=True, eq=False)
class CalibratedCamera:
    """One camera of a calibration.

    Attributes:
        name: as the file says.
        size_px: width and height of the pictures it was calibrated on.
        camera_matrix: pinhole without skew; (0, 0) is the upper left corner of the picture.
        distortion: k1, k2, p1, p2, k3 of Brown's model as OpenCV defines them.
        camera_from_world: x right, y down, z forward, from the calibration's own world; metres.
    """

    name: str
    size_px: tuple[float, float]
    camera_matrix: Float[np.ndarray, "3 3"]
    distortion: Float[np.ndarray, " 5"]
    camera_from_world: Float[np.ndarray, "4 4"]


@dataclass(frozen=True, eq=False)
class Written:
    """A camera as OpenCV's conventions write it, before it is checked."""

    name: str
    size_px: Sequence[float]
    camera_matrix: np.ndarray
    distortion: np.ndarray
    turn: np.ndarray
    shift_m: np.ndarray


def read_calibration(path: Path) -> tuple[CalibratedCamera, ...]:
    """Read every camera of a calibration file.

    Args:
        path: .toml of Pose2Sim, Caliscope or aniposelib; .yml of OpenCV (EasyMocap's intri.yml beside extri.yml);
            .qca.txt or .xml of Qualisys Track Manager.

    Raises:
        InputError: the file is missing, is none of these, or a camera in it cannot be one.
    """
    # Each is read by a parser of its own, and only one is needed.
    from models.cameras import opencv_yaml, qualisys, toml  # noqa: PLC0415

    name = path.name.lower()
    text = _text(path)
    if name.endswith(".toml"):
        written = toml.read(text, path)
    elif name.endswith((".yml", ".yaml")):
        written = opencv_yaml.read(text, path, _text)
    elif name.endswith((".qca.txt", ".qca", ".xml")):
        written = qualisys.read(text, path)
    else:
        raise InputError(f"{path} is no calibration that is known here", "give a .toml, a .yml or a .qca.txt")
    if len(written) < 2:
        raise InputError(f"{path} holds {len(written)} calibrated cameras", "give a calibration of two or more")
    return tuple(_checked(camera, path) for camera in written)


def in_order(
    cameras: Sequence[CalibratedCamera], videos: Sequence[str], sizes_px: Sequence[tuple[int, int]]
) -> tuple[CalibratedCamera, ...]:
    """The camera of each video: the one whose name is part of the video's, else all in the file's order.

    Args:
        videos: names without suffix.
        sizes_px: width and height of each video's upright picture.

    Raises:
        InputError: there are more videos than cameras, names leave it open, or a size does not fit.
    """
    chosen = _by_name(cameras, videos)
    return tuple(_for_size(camera, name, size) for camera, name, size in zip(chosen, videos, sizes_px, strict=True))


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"the calibration {path} cannot be read ({error.strerror})", "check the path") from error
    if len(text) > MAX_BYTES:
        raise InputError(f"{path} has more than {MAX_BYTES} letters", "give the calibration file itself")
    return text


def _checked(written: Written, path: Path) -> CalibratedCamera:
    where = f"camera {written.name!r} of {path}"
    matrix, turn, shift_m = (np.array(a, dtype=float) for a in (written.camera_matrix, written.turn, written.shift_m))
    lens = np.array(written.distortion, dtype=float).ravel()
    sides = np.array(written.size_px, dtype=float)
    finite = all(np.isfinite(a).all() for a in (matrix, lens, turn, shift_m, sides))
    if [a.shape for a in (matrix, turn, shift_m, sides)] != [(3, 3), (3, 3), (3,), (2,)] or not finite:
        raise InputError(f"{where} is not whole", "write its size, matrix, distortion, rotation and translation")
    if min(matrix[0, 0], matrix[1, 1], *sides) <= 0 or abs(matrix[0, 1]) > 1e-3 * matrix[0, 0]:
        raise InputError(f"{where} has the matrix {matrix.tolist()}", "calibrate a pinhole camera without skew")
    if not (4 <= len(lens) <= LENS_TERMS):
        raise InputError(f"{where} has {len(lens)} terms of distortion", "calibrate with k1, k2, p1, p2 and k3")
    if np.abs(turn @ turn.T - np.eye(3)).max() > 1e-3 or np.linalg.det(turn) < 0:
        raise InputError(f"{where} has a rotation that is none", "calibrate anew")
    matrix[:2, 2] += CORNER
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.from_matrix(turn).as_matrix(), shift_m
    size = (float(sides[0]), float(sides[1]))
    return CalibratedCamera(written.name, size, matrix, np.pad(lens, (0, LENS_TERMS - len(lens))), pose)


def _by_name(cameras: Sequence[CalibratedCamera], videos: Sequence[str]) -> list[CalibratedCamera]:
    found = [[camera for camera in cameras if camera.name.lower() in video.lower()] for video in videos]
    named = [matches[0] for matches in found if len(matches) == 1]
    if len(named) == len(videos) == len({camera.name for camera in named}):
        return named
    if len(videos) != len(cameras):
        names = ", ".join(camera.name for camera in cameras)
        raise InputError(
            f"{len(videos)} videos are given for the {len(cameras)} cameras {names}",
            "give as many, or let each video's name hold its camera's",
        )
    return list(cameras)


def _for_size(camera: CalibratedCamera, video: str, size_px: tuple[int, int]) -> CalibratedCamera:
    """The camera with pixels of the video: pictures may have been made smaller since."""
    share = np.divide(size_px, camera.size_px)
    if np.abs(share - 1).max() <= PADDED:
        return camera
    if abs(share[0] / share[1] - 1) > PADDED:
        width, height = camera.size_px
        raise InputError(
            f"{video} has {size_px[0]} x {size_px[1]} pixels, but its camera {camera.name!r} {width:g} x {height:g}",
            "give the video as it was calibrated: upright or lying, and not cut",
        )
    size = (float(size_px[0]), float(size_px[1]))
    return replace(camera, size_px=size, camera_matrix=np.diag([share[0], share[1], 1.0]) @ camera.camera_matrix)
