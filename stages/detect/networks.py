"""Where the two networks of BlazePose lie, and how they are loaded for one thread."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from jaxtyping import Float, Float32

from models.errors import WeightsError
from stages.detect import bundle as bundles

NETWORK_SHA256: Final = {
    "pose_detection/pose_detection.tflite": "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    "pose_landmark/pose_landmark_full.tflite": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
}
"""Apache-2.0, in the wheel of mediapipe 0.10.14; Bazarevsky et al. 2020, "BlazePose"."""

DETECTION, LANDMARKS = NETWORK_SHA256
_REMEDY: Final = "install mediapipe==0.10.14, whose wheel carries it"


@dataclass(frozen=True, eq=False)
class Network:
    """An interpreter with its work space, so one per thread; outputs come by name."""

    interpreter: Interpreter
    input_index: int
    output_index: dict[str, int]

    def __call__(self, picture: Float32[np.ndarray, "side side 3"]) -> dict[str, np.ndarray]:
        self.interpreter.set_tensor(self.input_index, picture[None])
        self.interpreter.invoke()
        return {name: self.interpreter.get_tensor(index)[0] for name, index in self.output_index.items()}


def sigmoid(logit: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """From a network's raw output to 0..1; scipy's expit is the same and takes a quarter of a second to import."""
    return 0.5 + 0.5 * np.tanh(0.5 * logit)


def network_files() -> tuple[Path, ...]:
    """The files inside the installed mediapipe, which is not imported: that takes a second."""
    spec = find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError("the package mediapipe, which carries the detector's networks, is not installed", _REMEDY)
    modules = Path(spec.submodule_search_locations[0]) / "modules"
    return tuple(modules / name for name in NETWORK_SHA256)


def load_network(name: str, outputs: Iterable[str] | None = None, bundle: Path | None = None) -> Network:
    """Load one network, cut down to the outputs that are asked for, or whole.

    The landmark network also draws a mask of the person, a third of its work; without that branch the
    other outputs stay the same to the bit.

    Args:
        name: one of NETWORK_SHA256.
        outputs: names of those that are wanted; all, unless told.
        bundle: the .task file to take it from; mediapipe's wheel, unless told.

    Raises:
        WeightsError: the file is missing or is another version's.
    """
    content = _content(name, bundle) if outputs is None else _pruned(name, frozenset(outputs), bundle)
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    inputs: list[dict[str, Any]] = interpreter.get_input_details()
    outputs_found: list[dict[str, Any]] = interpreter.get_output_details()
    output_index = {detail["name"]: detail["index"] for detail in outputs_found}
    return Network(interpreter, inputs[0]["index"], output_index)


def _content(name: str, bundle: Path | None) -> bytes:
    return _read_checked(name) if bundle is None else bundles.read_network(bundle, list(NETWORK_SHA256).index(name))


def _read_checked(name: str) -> bytes:
    path = dict(zip(NETWORK_SHA256, network_files(), strict=True))[name]
    if not path.is_file():
        raise WeightsError(f"the network {path} is missing", _REMEDY)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != NETWORK_SHA256[name]:
        raise WeightsError(f"the network {path} has sha256 {sha256} instead of {NETWORK_SHA256[name]}", _REMEDY)
    return content


@cache
def _pruned(name: str, outputs: frozenset[str], bundle: Path | None) -> bytes:
    content = _content(name, bundle)
    model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    graph.outputs = [index for index in graph.outputs if graph.tensors[index].name.decode() in outputs]
    needed: set[int] = set(graph.outputs)
    kept: list[Any] = []
    for operator in reversed(graph.operators):
        if not needed.isdisjoint(operator.outputs):
            needed.update(operator.inputs)
            kept.append(operator)
    graph.operators = kept[::-1]
    return bundles.packed(model, len(content))
