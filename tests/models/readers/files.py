"""A person who walks, written as other programs write theirs."""

import json
from pathlib import Path
from typing import Any

import ezc3d
import numpy as np

from models.bodies.regressors import point_names
from models.readers.json_text import last_number

FRAMES = 5
BODY = np.array(
    [
        [0, 1.7, 0.1], [0.03, 1.72, 0.08], [-0.03, 1.72, 0.08], [0.07, 1.7, 0], [-0.07, 1.7, 0], [0.2, 1.45, 0],
        [-0.2, 1.45, 0], [0.25, 1.2, 0], [-0.25, 1.2, 0], [0.25, 0.95, 0.05], [-0.25, 0.95, 0.05], [0.1, 0.95, 0],
        [-0.1, 0.95, 0], [0.1, 0.5, 0.02], [-0.1, 0.5, 0.02], [0.1, 0.08, 0], [-0.1, 0.08, 0], [0, 1.8, 0],
        [0, 1.5, 0], [0, 0.95, 0], [0.12, 0.02, 0.18], [-0.12, 0.02, 0.18], [0.15, 0.02, 0.15], [-0.15, 0.02, 0.15],
        [0.1, 0.02, -0.06], [-0.1, 0.02, -0.06],
    ]
)  # fmt: skip
"""Halpe's 26 points, metres, Y up."""


def walking(frames: int = FRAMES, rate_hz: float = 30.0) -> np.ndarray:
    """(frames, 26, 3): the same pose, going along +Z at 1.2 m/s."""
    return BODY + np.arange(frames)[:, None, None] / rate_hz * np.array([0, 0, 1.2])


def pixels(points_m: np.ndarray) -> np.ndarray:
    """Seen from the side, 200 pixels a metre."""
    return np.stack([640 + 200 * points_m[..., 2], 600 - 200 * points_m[..., 1]], axis=-1)


def rows_of(set_name: str) -> list[int]:
    """Where a set's points stand among Halpe's."""
    names = [_plain(name) for name in point_names("halpe26")]
    return [names.index(_plain(name)) for name in point_names(set_name)]


def _plain(name: str) -> str:
    return name.lower().replace("left_", "l").replace("right_", "r").replace("midhip", "hip")


def write_openpose(folder: Path, people: list[list[np.ndarray | None]], start: int = 0) -> None:
    """Per frame the people's (points, 3)."""
    folder.mkdir(exist_ok=True)
    for frame, present in enumerate(people):
        rows = [
            {"person_id": [-1], "pose_keypoints_2d": each.reshape(-1).tolist(), "face_keypoints_2d": []}
            for each in present
            if each is not None
        ]
        path = folder / f"walk_{start + frame:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": rows}))
        assert last_number(path.name.removesuffix(".json")) == start + frame


def write_mmpose(path: Path, points: np.ndarray, *, demo: bool = False, first: int = 0) -> None:
    """(frames, points, 3) of one person."""
    rows = [
        {
            "frame_id": first + frame,
            "instances": [{"keypoints": each[:, :2].tolist(), "keypoint_scores": each[:, 2].tolist(), "bbox": [[0]]}],
        }
        for frame, each in enumerate(points)
    ]
    path.write_text(json.dumps({"meta_info": {}, "instance_info": rows} if demo else rows))


def write_alphapose(path: Path, people: list[np.ndarray], *, numbered: bool = True) -> None:
    """Each of (frames, points, 3)."""
    rows: list[dict[str, Any]] = []
    for frame in range(len(people[0])):
        for who, points in enumerate(people):
            row = {
                "image_id": f"{frame}.jpg",
                "category_id": 1,
                "keypoints": points[frame].reshape(-1).tolist(),
                "score": 2.9,
            }
            rows.append(row | ({"idx": who + 1} if numbered else {}))
    path.write_text(json.dumps(rows))


def write_c3d(path: Path, names: list[str], points: np.ndarray, *, units: str = "mm", screen: str = "+Z") -> None:
    """(frames, points, 3), NaN where missing; in the file's unit and axes."""
    file: Any = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    file["parameters"]["POINT"]["UNITS"]["value"] = [units]
    file["parameters"]["POINT"]["LABELS"]["value"] = names
    if screen:
        file.add_parameter("POINT", "X_SCREEN", ["+X"])
        file.add_parameter("POINT", "Y_SCREEN", [screen])
    file["data"]["points"] = np.nan_to_num(points).transpose(2, 1, 0)
    missing = np.isnan(points).any(axis=-1)
    file["data"]["meta_points"]["residuals"] = np.where(missing, -1.0, 0.0).T[None]
    file["data"]["meta_points"]["camera_masks"] = np.zeros((7, points.shape[1], len(points)), bool)
    file.write(str(path))
