"""The two networks in one of MediaPipe's .task files: a zip archive that is measured before anything is unpacked."""

import math
import struct
import zipfile
from pathlib import Path
from typing import Any, Final
from zlib import error as ZlibError  # noqa: N812

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from models.errors import WeightsError

NAMES: Final = ("pose_detector.tflite", "pose_landmarks_detector.tflite")
"""Of the networks in a file pose_landmarker_*.task, in the order of stages.detect.networks.NETWORK_SHA256."""
MOST_BYTES: Final = 128 << 20
"""Of one network; the largest that MediaPipe offers has 30 MB."""
INPUT: Final = ((1, 224, 224, 3), (1, 256, 256, 3))
OUTPUTS: Final = (
    {2254 * 12: "Identity", 2254: "Identity_1"},
    {195: "Identity", 1: "Identity_1", 256 * 256: "Identity_2", 64 * 64 * 39: "Identity_3", 117: "Identity_4"},
)
"""What each network gives, by its size: names differ from one version to the next."""
MAGIC: Final = b"TFL3"

_REMEDY: Final = "name a file such as pose_landmarker_full.task, as MediaPipe's makers offer it"
_DAMAGE: Final = (
    OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, struct.error, zipfile.BadZipFile,
    ZlibError,
)  # fmt: skip
_NO_NETWORK: Final = (ValueError, TypeError, AttributeError, IndexError, OverflowError, MemoryError, struct.error)
"""What the reader of a network's tables says where they are damaged."""


def read_network(bundle: Path, index: int) -> bytes:
    """One of the two networks, its outputs named as those in mediapipe 0.10.14's wheel.

    Other files in the archive are never read.

    Args:
        bundle: the .task file.
        index: 0 finds people, 1 their landmarks.

    Raises:
        WeightsError: no such file, no archive, the network is not in it, twice in it, too large, or not BlazePose.
    """
    content = _unpacked(bundle, NAMES[index])
    if content[4:8] != MAGIC:
        raise WeightsError(f"{NAMES[index]} in {bundle} is no network of TensorFlow Lite", _REMEDY)
    try:
        model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
        graph = model.subgraphs[0]
        inputs = [tuple(int(size) for size in graph.tensors[tensor].shape) for tensor in graph.inputs]
        named = {OUTPUTS[index].get(_count(graph.tensors[tensor])): tensor for tensor in graph.outputs}
        if inputs != [INPUT[index]] or set(named) != set(OUTPUTS[index].values()):
            raise WeightsError(f"{NAMES[index]} in {bundle} is a network of other inputs or outputs", _REMEDY)
        for name, tensor in named.items():
            graph.tensors[tensor].name = str(name).encode()
        return packed(model, len(content))
    except _NO_NETWORK as error:
        raise WeightsError(f"{NAMES[index]} in {bundle} is damaged ({type(error).__name__})", _REMEDY) from error


def packed(model: Any, size_hint: int) -> bytes:
    """The bytes of a network that was changed."""
    builder = flatbuffers.Builder(size_hint)
    builder.Finish(model.Pack(builder), MAGIC)
    return bytes(builder.Output())


def _unpacked(bundle: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(bundle) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename == name]
            if len(entries) != 1:
                raise WeightsError(f"{bundle} holds {len(entries)} files {name} instead of one", _REMEDY)
            if entries[0].file_size > MOST_BYTES:
                raise WeightsError(f"{name} in {bundle} has more than {MOST_BYTES >> 20} MiB", _REMEDY)
            # No more than the archive's list of contents says, whatever follows.
            with archive.open(entries[0]) as file:
                return file.read(MOST_BYTES)
    except FileNotFoundError:
        raise WeightsError(f"{bundle} does not exist", "check detect.bundle for a misspelling") from None
    except _DAMAGE as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(f"{bundle} is no bundle of networks ({words})", _REMEDY) from error


def _count(tensor: Any) -> int:
    return math.prod(int(size) for size in tensor.shape)
