"""Small ONNX networks of the forms that RTMPose and detectors of people are exported in, made of a few sums."""

from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MEAN, SPREAD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
"""Of RGB, as RTMPose's pictures are scaled."""
WIDTH, HEIGHT = 192, 256
VIVID = 1.7
ALIKE = 0.985


def colours(count: int) -> np.ndarray:
    """As many directions from grey as points, evenly spread on a ball."""
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    z = 1 - 2 * (np.arange(count) + 0.5) / count
    return np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], axis=1)


def paint(picture: np.ndarray, points_px: dict[int, np.ndarray], count: int, radius_px: int) -> np.ndarray:
    """The picture with a disc of its own colour (RGB) about each point."""
    picture = picture.copy()
    for index, point_px in points_px.items():
        colour = np.round(MEAN + SPREAD * VIVID * colours(count)[index]).tolist()
        shifted = [round(float(value - 0.5) * 16) for value in point_px]
        cv2.circle(picture, shifted, radius_px * 16, colour, -1, cv2.LINE_AA, shift=4)
    return picture


def write_points(path: Path, count: int, *, split: int = 2) -> Path:
    """A network whose point k lies where the k-th colour is, with SimCC's two outputs."""
    weights = colours(count) / (VIVID * (1 - ALIKE))
    nodes = [
        helper.make_node("Conv", ["input", "weights", "bias"], ["alike"]),
        helper.make_node("Relu", ["alike"], ["heat"]),
        helper.make_node("Mul", ["heat", "share"], ["shares"]),
    ]
    constants = {
        "weights": weights.reshape(count, 3, 1, 1).astype(np.float32),
        "bias": np.full(count, -ALIKE / (1 - ALIKE), np.float32),
        "share": np.float32(0.5),
    }
    sizes = {"simcc_x": (2, WIDTH), "simcc_y": (3, HEIGHT)}
    for name, (over, size) in sizes.items():
        constants |= {f"axis {name}": np.array([over], np.int64), f"shape {name}": np.array([1, count, split * size])}
        nodes += [
            helper.make_node("ReduceSum", ["shares", f"axis {name}"], [f"sum {name}"], keepdims=0),
            helper.make_node("AveragePool", [f"sum {name}"], [f"hill {name}"], kernel_shape=[7], pads=[3, 3]),
            helper.make_node("Unsqueeze", [f"hill {name}", "last"], [f"thin {name}"]),
            helper.make_node("Concat", [f"thin {name}"] * split, [f"wide {name}"], axis=3),
            helper.make_node("Reshape", [f"wide {name}", f"shape {name}"], [name]),
        ]
    constants["last"] = np.array([3], np.int64)
    outputs = {name: [1, count, split * size] for name, (_, size) in sizes.items()}
    return _write(path, nodes, constants, [1, 3, HEIGHT, WIDTH], outputs)


def write_fixed(path: Path, input_shape: list[int], **outputs: np.ndarray) -> Path:
    """A network that gives the same whatever it is shown."""
    nodes = [helper.make_node("Identity", [f"constant {name}"], [name]) for name in outputs]
    constants = {f"constant {name}": values for name, values in outputs.items()}
    return _write(path, nodes, constants, input_shape, {name: list(values.shape) for name, values in outputs.items()})


def simcc_at(unit: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs that put each point at a place of the crop (0..1), surely."""
    found: dict[str, np.ndarray] = {}
    for axis, (name, size) in enumerate((("simcc_x", WIDTH), ("simcc_y", HEIGHT))):
        found[name] = np.zeros((1, len(unit), 2 * size), np.float32)
        found[name][0, np.arange(len(unit)), np.round(unit[:, axis] * 2 * size).astype(int)] = 1
    return found


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    input_shape: list[int],
    outputs: dict[str, list[int]],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
