"""RTMPose beside BlazePose, through rtmlib: people's boxes and their points, from the user's own ONNX files.

BlazePose still follows people and gives depth; where RTMPose knows a point, its pixels and its confidence count. The
package rtmlib is no requirement (requirements-rtmpose.txt); it fetches what it is given by address, so it is only ever
given files that are there.
"""

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from models.errors import WeightsError
from models.skeletons import LANDMARK_MIRROR
from stages.detect.point_sets import KNOWN, landmark_sources
from stages.detect.reading import PARTS, Reading
from stages.detect.regions import MARGIN, crop_from_picture, cut, picture_from_crop

SURE: Final = 0.3
"""Points of a lower confidence are left to BlazePose (the threshold that MMPose draws from)."""
CROP_SIDE: Final = 512
"""Pixels of the square about a person; the largest RTMPose takes 384 of them."""
SPLIT: Final = 2
"""Bins of SimCC for a pixel of the crop (Jiang et al. 2023, "RTMPose")."""
REMEDY: Final = "run `pip install --no-deps -r requirements-rtmpose.txt`"
_EXPORT: Final = "name the end2end.onnx of one of RTMPose's models for bodies"
_BROKEN: Final = (
    "InvalidProtobuf", "Fail", "InvalidGraph", "InvalidArgument", "NotImplemented", "NoModel", "RuntimeException",
)  # fmt: skip
"""What onnxruntime calls a file that it cannot run."""

Finder = Literal["yolox", "rtmdet"]


@dataclass(frozen=True, eq=False)
class Points:
    """What RTMPose sees of people, by BlazePose's landmarks; confidence 0 and no meaning where it knows none."""

    landmarks_px: Float[np.ndarray, "people 33 2"]
    confidence: Float[np.ndarray, "people 33"]


@dataclass(frozen=True, eq=False)
class PointNetwork:
    """RTMPose, loaded; may be asked by several threads.

    Attributes:
        source: for each landmark its place among the network's points, or -1.
    """

    tool: Any
    source: Int[np.ndarray, " 33"]

    def read(self, picture: UInt8[np.ndarray, "height width 3"], reading: Reading) -> Points:
        """The points of people whom BlazePose found, each cut out upright, in the box of his landmarks.

        Args:
            picture: RGB, as the network was trained (MMPose's bgr_to_rgb).
            reading: of people in this picture.
        """
        people = [self._read_one(picture, *one) for one in zip(reading.next_region, reading.landmarks_px, strict=True)]
        table = np.array(people).reshape(-1, 33, 3)
        return Points(table[..., :2], table[..., 2])

    def merged(self, picture: UInt8[np.ndarray, "height width 3"], reading: Reading) -> Reading:
        """BlazePose's reading of this picture with these points in it: see merge."""
        return merge(reading, self.read(picture, reading))

    def _read_one(
        self,
        picture: UInt8[np.ndarray, "height width 3"],
        region: Float[np.ndarray, " 4"],
        landmarks_px: Float[np.ndarray, "33 2"],
    ) -> Float[np.ndarray, "33 3"]:
        inside = np.clip(crop_from_picture(landmarks_px[None], region[None])[0], 0, 1) * CROP_SIDE
        box = [*inside.min(axis=0).tolist(), *inside.max(axis=0).tolist()]
        points, score = self.tool(cut(picture, region, CROP_SIDE), [box])
        # What is 0 to the network is the middle of a pixel.
        unit = (np.asarray(points, np.float64)[:, self.source] + 0.5) / CROP_SIDE
        confidence = np.where(self.source >= 0, np.clip(np.asarray(score, np.float64)[0, self.source], 0, 1), 0.0)
        return np.column_stack([picture_from_crop(unit, region[None])[0], confidence])


@dataclass(frozen=True, eq=False)
class PersonNetwork:
    """A detector of people, loaded."""

    tool: Any
    side: int

    def regions(
        self, picture: UInt8[np.ndarray, "height width 3"], look: Float[np.ndarray, " 4"]
    ) -> Float[np.ndarray, "people 4"]:
        """Regions about people in a part of the picture, as if they stood upright; readings settle what they do."""
        # In BGR, as these networks were trained.
        found = self.tool(np.ascontiguousarray(cut(picture, look, self.side)[..., ::-1]))
        boxes, kinds = found if isinstance(found, tuple) else (found, np.zeros(len(found)))
        unit = np.asarray(boxes, np.float64).reshape(-1, 2, 2)[np.asarray(kinds) == 0] / self.side
        corners_px = picture_from_crop(unit.reshape(1, -1, 2), look[None]).reshape(-1, 2, 2)
        centre_px = corners_px.mean(axis=1)
        side_px = MARGIN * np.abs(corners_px[:, 1] - corners_px[:, 0]).max(axis=1)
        return np.column_stack([centre_px, side_px, np.zeros(len(side_px))])


def load_points(path: Path) -> PointNetwork:
    """Load RTMPose.

    Raises:
        WeightsError: rtmlib is not installed, or the file is missing or another kind of network.
    """
    tool = _tool("RTMPose", path)
    width, height = tool.model_input_size = _input_size(tool, (192, 256))
    answer = _tried(path, lambda: tool.inference(np.zeros((height, width, 3), np.float32)))
    shapes = [np.shape(one) for one in answer]
    if [(len(shape), *shape[-1:]) for shape in shapes] != [(3, SPLIT * width), (3, SPLIT * height)]:
        raise WeightsError(f"{path} gives {shapes} for a crop of {width} x {height}, which is not SimCC", _EXPORT)
    if shapes[0][1] not in KNOWN:
        raise WeightsError(f"{path} knows {shapes[0][1]} points", f"choose a model of {', '.join(map(str, KNOWN))}")
    return PointNetwork(tool, landmark_sources(shapes[0][1]))


def load_people(path: Path, kind: Finder, min_score: float) -> PersonNetwork:
    """Load a detector of people, either as exported with suppression of doubles or without.

    Args:
        path: the ONNX file.
        kind: which detector it is.
        min_score: 0..1; a YOLOX with suppression is asked for 0.3 by rtmlib, whatever is said here.

    Raises:
        WeightsError: as load_points.
    """
    tool = _tool({"yolox": "YOLOX", "rtmdet": "RTMDet"}[kind], path)
    side, height = tool.model_input_size = _input_size(tool, (640, 640))
    tool.score_thr = min_score
    answer = _tried(path, lambda: tool.inference(np.zeros((height, side, 3), np.float32)))
    shape = np.shape(answer[0])
    if side != height or len(shape) != 3 or shape[-1] < 5:
        problem = f"{path} gives {shape} for a picture of {side} x {height}, which are no boxes"
        raise WeightsError(problem, "name the end2end.onnx of a YOLOX or an RTMDet of people")
    # Without suppression in the network there are classes too, of which people are the first.
    tool.det_mode = "human" if shape[-1] == 5 else "multiclass"
    return PersonNetwork(tool, side)


def merge(reading: Reading, points: Points) -> Reading:
    """The reading with RTMPose's pixels and confidence where it is sure, on its sides of the body.

    Where its arms or legs agree far better with BlazePose's other side, BlazePose mistook the sides, and what it gives
    besides (depth, hands, feet) changes sides with them.
    """
    sure = points.confidence >= SURE
    turned = _with_sides_of(reading, points, sure)
    return replace(
        turned,
        landmarks_px=np.where(sure[..., None], points.landmarks_px, turned.landmarks_px),
        visibility=np.where(sure, points.confidence, turned.visibility),
    )


def _with_sides_of(reading: Reading, points: Points, sure: Bool[np.ndarray, "people 33"]) -> Reading:
    mirror = np.array(LANDMARK_MIRROR)
    source = np.broadcast_to(np.arange(33), sure.shape).copy()
    as_is = np.linalg.norm(reading.landmarks_px - points.landmarks_px, axis=-1)
    exchanged = np.linalg.norm(reading.landmarks_px[:, mirror] - points.landmarks_px, axis=-1)
    for part in PARTS[1:]:
        far = [np.where(sure, apart, 0.0)[:, part].sum(axis=1) for apart in (as_is, exchanged)]
        source[:, part] = np.where((far[1] < far[0] / 2)[:, None], mirror[part], source[:, part])
    row = np.arange(len(source))[:, None]
    return replace(
        reading,
        landmarks_px=reading.landmarks_px[row, source],
        rough_m=reading.rough_m[row, source],
        visibility=reading.visibility[row, source],
        presence=reading.presence[row, source],
    )


def _tool(kind: str, path: Path) -> Any:
    """One of rtmlib's networks, on the processor; what it prints is no message of ours."""
    if not path.is_file():
        raise WeightsError(f"the network {path} does not exist", "check the path for a misspelling")
    for package in ("rtmlib", "onnxruntime"):
        if find_spec(package) is None:
            raise WeightsError(f"RTMPose needs the package {package}, which is not installed", REMEDY)
    make = getattr(import_module("rtmlib"), kind)
    return _tried(path, lambda: make(str(path), backend="onnxruntime", device="cpu"))


def _tried(path: Path, call: Callable[[], Any]) -> Any:
    told = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    broken = tuple[type[Exception], ...](getattr(told, name) for name in _BROKEN)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return call()
    except (*broken, ValueError, RuntimeError) as error:
        words = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} is no network that can be run ({words})", _EXPORT) from error


def _input_size(tool: Any, usual: tuple[int, int]) -> tuple[int, int]:
    """Width and height that the network takes; the usual ones where it takes any."""
    *_, height, width = tool.session.get_inputs()[0].shape
    return (width, height) if isinstance(width, int) and isinstance(height, int) else usual
