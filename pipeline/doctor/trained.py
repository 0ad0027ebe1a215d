"""Whether weights, the detector's networks and the body are the promised ones, and work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from models.errors import WeightsError
from pipeline.doctor.findings import Finding, problem, well


def weights(folder: Path | None = None) -> Iterator[Finding]:
    """Every registered file against the sha256 that the register promises.

    Args:
        folder: holds the register and the files, but for the detector's networks, which lie in mediapipe's wheel;
            models/weights by default.
    """
    from models.weights import WEIGHTS_FOLDER, file_sha256, registered  # noqa: PLC0415

    in_wheel = {path.name: path for path in _networks()}
    for name, entry in registered(folder or WEIGHTS_FOLDER).items():
        path = in_wheel.get(name, entry.path)
        remedy = f"run `{entry.command}`" if name in in_wheel else f"restore {name} from git"
        if not path.is_file():
            yield problem("weights", f"{path} is missing", remedy)
        elif (actual := file_sha256(path)) != entry.sha256:
            words = f"{name} has sha256 {actual[:12]}..., promised is {entry.sha256[:12]}... ({path})"
            yield problem("weights", words, remedy.replace("install ", "install --force-reinstall --no-deps "))
        else:
            yield well("weights", f"{name}, sha256 {actual[:12]}..., {path.stat().st_size / 2**20:.1f} MiB")


def detector() -> Iterator[Finding]:
    """Both networks look at a grey picture."""
    import numpy as np  # noqa: PLC0415

    from stages.detect.networks import NETWORK_SHA256, load_network  # noqa: PLC0415

    for name in NETWORK_SHA256:
        network = load_network(name)
        inputs: list[dict[str, Any]] = network.interpreter.get_input_details()
        side_px = inputs[0]["shape"][1]
        picture = np.full((side_px, side_px, 3), 0.5, np.float32)
        network(picture)
        began = perf_counter()
        outputs = network(picture)
        took_ms = 1e3 * (perf_counter() - began)
        if not all(np.isfinite(values).all() for values in outputs.values()):
            raise WeightsError(f"{name} answers a grey picture with NaN", "run `pip install mediapipe==0.10.14` anew")
        yield well("detector", f"{Path(name).name} on one thread of the CPU: a picture in {took_ms:.1f} ms")


def own_network(path: Path) -> Iterator[Finding]:
    """A user's own file is loaded as the detector would, and looks at a grey picture."""
    from models.weights import file_sha256  # noqa: PLC0415

    tries = {".task": _try_bundle, ".onnx": _try_onnx}
    if path.suffix not in tries:
        raise WeightsError(f"{path} is neither .task nor .onnx", "name a file that a setting of detect takes")
    what, took_ms = tries[path.suffix](path)
    told = f"{path.name}, sha256 {file_sha256(path)[:12]}..., {path.stat().st_size / 2**20:.1f} MiB"
    yield well("own network", f"{told}: {what}; a picture in {took_ms:.1f} ms")


def _try_bundle(path: Path) -> tuple[str, float]:
    from stages.detect import blazepose  # noqa: PLC0415

    grey, whole = _grey_picture()
    models = blazepose.load(path)
    began = perf_counter()
    blazepose.find_people(models, grey, 0.5)
    blazepose.read_picture(models, grey, whole)
    return "both networks of BlazePose, for --detect.bundle", 1e3 * (perf_counter() - began)


def _try_onnx(path: Path) -> tuple[str, float]:
    from stages.detect import rtmpose  # noqa: PLC0415

    grey, whole = _grey_picture()
    try:
        points = rtmpose.load_points(path)
    except WeightsError:
        people = rtmpose.load_people(path, "yolox", 0.5)
        began = perf_counter()
        people.regions(grey, whole[0])
        return "boxes of people, for --detect.rtmpose-detector", 1e3 * (perf_counter() - began)
    began = perf_counter()
    points.tool(grey)
    words = f"{(points.source >= 0).sum()} of the 33 landmarks, for --detect.rtmpose-pose"
    return words, 1e3 * (perf_counter() - began)


def _grey_picture() -> tuple[Any, Any]:
    """A picture, and the region that is all of it."""
    import numpy as np  # noqa: PLC0415

    return np.full((256, 256, 3), 128, np.uint8), np.array([[128.0, 128.0, 256.0, 0.0]])


def body() -> Iterator[Finding]:
    """The free body is read and has an adult's size."""
    from models.bodies import load_body  # noqa: PLC0415

    began = perf_counter()
    free = load_body("free")
    took_ms = 1e3 * (perf_counter() - began)
    height_m = float(free.template_m[:, 1].max() - free.template_m[:, 1].min())
    if not 1.4 < height_m < 2.0:
        raise WeightsError(f"the free body is {height_m:.2f} m tall", "restore free_body.npz from git")
    size = f"{len(free.template_m)} vertices, {free.beta_count} betas, {height_m:.2f} m tall"
    yield well("body", f"free: {size}, read in {took_ms:.0f} ms")


def _networks() -> tuple[Path, ...]:
    from stages.detect.networks import network_files  # noqa: PLC0415

    return network_files()
