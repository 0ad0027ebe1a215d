"""Whether this machine counts where it is asked to, keeps what it compiles, and has room for results."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from models.errors import ConfigError
from pipeline.doctor.findings import Finding, problem, well

NVIDIA: Final = Path("/dev/nvidia0")
"""Linux shows a card here where its driver is loaded."""
KERNELS: Final = (
    "models.bodies.skinning_kernels",
    "models.ik_kernels",
    "models.ik_kernels_habits",
    "models.ik_kernels_steady",
    "models.osim.chain_kernels",
    "models.raster_kernels",
)
ROOM_BYTES: Final = 2**30
"""A clip of four seconds leaves 4 MB; one GiB is an assumption about what whoever asks is about to do."""
PROBE_BYTES: Final = 2**20


def devices(asked: str) -> Iterator[Finding]:
    """Count on every device that is here; name the one that is taken."""
    from models.device_probe import probe  # noqa: PLC0415
    from models.devices import find_device  # noqa: PLC0415

    if asked in ("auto", "cuda") and NVIDIA.exists() and _absence("cuda"):
        remedy = "install a torch built for CUDA and a driver for it, or go on with `--device cpu`"
        yield problem("device", f"there is an NVIDIA GPU ({NVIDIA}), but torch cannot use it", remedy)
    elif (absence := _absence(asked)) is not None:
        yield problem("device", absence.problem, absence.remedy)
    taken = find_device("cpu" if _absence(asked) else asked).type
    for name in ("cpu", "cuda", "mps"):
        if _absence(name):
            yield well("device", f"{name}: none here")
            continue
        found = probe(find_device(name))
        words = f"{name} ({found.name}): a {found.task} in {1e3 * found.seconds:.2f} ms"
        if found.is_right:
            yield well("device", words + (f"; taken by --device {asked}" if name == taken else ""))
        else:
            yield problem("device", f"{words}, with a wrong result", "go on with `--device cpu`")


def compiled_loops() -> Iterator[Finding]:
    """Where numba keeps what it compiles: beside the loops, or where NUMBA_CACHE_DIR says, or at home."""
    folders = {folder for name in KERNELS for folder in _caches(import_module(name))}
    for folder in sorted(folders):
        if fault := _writing_fault(folder):
            words = f"compiled loops cannot be kept in {folder} ({fault}), so every run compiles them anew"
            yield problem("loops", words, "make it writable, or set NUMBA_CACHE_DIR to a folder that is")
        else:
            kept = "there are some" if any(folder.glob("*.nbi")) else "compiled in the first run, which takes seconds"
            yield well("loops", f"kept in {folder} ({kept})")


def outputs(folder: Path) -> Iterator[Finding]:
    """Room and leave to write where results go; the folder itself need not be there yet."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        yield problem("outputs", f"{place} is a file", "name a folder with --outputs")
        return
    if fault := _writing_fault(place):
        yield problem("outputs", f"{place} cannot be written ({fault})", "make it writable, or name another --outputs")
    free_bytes = shutil.disk_usage(place).free
    room = f"{free_bytes / 2**30:.1f} GiB free for {folder}"
    if free_bytes < ROOM_BYTES:
        yield problem("disk", room, f"free {ROOM_BYTES / 2**30:.0f} GiB, or name another disk with --outputs")
    else:
        yield well("disk", room)
    if not fault:
        yield well("outputs", f"{place} can be written")


def _absence(device: str) -> ConfigError | None:
    """Why a device cannot be taken; None where it can."""
    from models.devices import find_device  # noqa: PLC0415

    try:
        find_device(device)
    except ConfigError as error:
        return error
    return None


def _caches(module: Any) -> set[Path]:
    """Of the compiled functions of a module."""
    kept = (getattr(getattr(function, "stats", None), "cache_path", None) for function in vars(module).values())
    return {Path(path) for path in kept if path}


def _writing_fault(folder: Path) -> str:
    """Why nothing can be written into a folder; empty where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return ""
