"""AMASS's .npz of SMPL-H or SMPL-X, files with the same keys for SMPL, and what this project exports as _smpl.npz.

Layout: AMASS (Mahmood et al. 2019). poses (T, 156 = SMPL-H, 165 = SMPL-X, 72 = SMPL, 66 = the body alone) are
axis-angles, trans (T, 3) metres, betas, gender; mocap_framerate, in the SMPL-X files mocap_frame_rate. SMPL-X files
may hold root_orient (T, 3) and pose_body (T, 63) in place of poses. Z points up in AMASS; `up_axis` says otherwise.
"""

from pathlib import Path
from typing import Final

import numpy as np

from models.errors import InputError
from models.readers.given import BodyMotion, Said, need_length, need_rate
from models.readers.joints_npz import arrays_of, numbers
from models.readers.rotations import from_axis_angles, turned_y_up

BODIES: Final = {66: "smpl", 72: "smpl", 156: "smplh", 165: "smplx"}
KEYS: Final = frozenset(
    {
        "poses", "trans", "betas", "mocap_framerate", "mocap_frame_rate", "root_orient", "pose_body", "up_axis",
        "body_model", "body_sha256", "surface_model_type",
    }
)  # fmt: skip


def read(path: Path, said: Said) -> tuple[BodyMotion, ...]:
    """The one person of a file.

    Raises:
        InputError: a key is missing, shapes do not fit, or numbers are no radians or metres.
    """
    name, arrays = str(path), arrays_of(path, KEYS)
    rotvec, body = _poses(name, arrays)
    trans_m = numbers(name, arrays, "trans", 2)
    frames = need_length(name, [("poses", len(rotvec)), ("trans", len(trans_m))])
    if trans_m.shape[1] != 3:
        raise InputError(f"{name}: trans is {trans_m.shape}", "write three metres for each frame")
    rate_hz = need_rate(said, _rate(arrays), f"{name} has no mocap_framerate")
    turns, trans_m = from_axis_angles(name, rotvec, trans_m, rate_hz)
    betas = arrays["betas"].astype(np.float64).reshape(-1) if "betas" in arrays else np.zeros(0)
    motion = BodyMotion("0", _body(arrays, body), np.arange(frames), rate_hz, turns, trans_m, betas)
    return (turned_y_up(motion, said.up or _up(name, arrays)),)


def _poses(name: str, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, str]:
    if "poses" not in arrays:
        root, body = (numbers(name, arrays, key, 2) for key in ("root_orient", "pose_body"))
        need_length(name, [("root_orient", len(root)), ("pose_body", len(body))])
        poses = np.concatenate([root, body], axis=1)
    else:
        poses = numbers(name, arrays, "poses", 2)
    if poses.shape[1] not in BODIES:
        known = ", ".join(f"{count} ({body})" for count, body in BODIES.items())
        raise InputError(f"{name} has {poses.shape[1]} numbers for a pose", f"write {known}")
    return poses.reshape(len(poses), -1, 3), BODIES[poses.shape[1]]


def _rate(arrays: dict[str, np.ndarray]) -> float | None:
    told = next((arrays[key] for key in ("mocap_framerate", "mocap_frame_rate") if key in arrays), None)
    return None if told is None or told.size != 1 or told.dtype.kind not in "fiu" else float(told.reshape(-1)[0])


def _body(arrays: dict[str, np.ndarray], by_count: str) -> str:
    """This project's files name the body; SMPL-X files say so too."""
    if "body_sha256" in arrays and "body_model" in arrays:
        return str(arrays["body_model"])
    told = str(arrays.get("surface_model_type", ""))
    return told if told in BODIES.values() else by_count


def _up(name: str, arrays: dict[str, np.ndarray]) -> str:
    if "up_axis" not in arrays:
        return "y" if "body_sha256" in arrays else "z"
    up = str(arrays["up_axis"])
    if up not in ("y", "z"):
        raise InputError(f"{name}: up_axis is {up[:20]!r}", "write y or z, or give --up")
    return up
