"""Encodes the moving skin: all frames in one .npz, or a file for each frame, through trimesh, in one .zip."""

import io
import logging
import zipfile
from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt16

from models.bodies import body_label, load_body
from models.bodies.body import Body, pose_vertices
from stages.contracts import Motion
from stages.export.mesh_form import MeshFormat
from stages.export.npz import pack

CHUNK: Final = 64
"""Frames posed at a time: bounds the memory."""
MAX_FILES: Final = 3000
"""Frames that are written as files of their own, 100 s at 30 Hz: a gigabyte of OBJ before it is packed."""
REACH_M: Final = 0.08
"""How far a vertex may lie from its anchor at rest. Half-precision offsets of twice that are exact to 0.03 mm along
each axis."""

MAX_ERROR_M: Final = 0.9e-4
"""Of a vertex; single precision takes the rest of a tenth of a millimetre."""

log = logging.getLogger(__name__)


def encode(stem: str, motion: Motion, form: MeshFormat) -> dict[str, bytes]:
    """The files of a form: none, `<stem>_mesh.npz`, `<stem>_obj.zip` or `<stem>_ply.zip`.

    A motion that is too long for a file a frame goes without, with a warning.

    Raises:
        ConfigError, WeightsError, InputError: the motion's body cannot be had, or has other betas.
    """
    frames = len(motion.timestamps_s)
    if form in ("obj", "ply") and frames > MAX_FILES:
        log.warning("%d frames are more than %d files: no %s_%s.zip; ask for npz", frames, MAX_FILES, stem, form)
        return {}
    match form:
        case "none":
            return {}
        case "npz":
            return {f"{stem}_mesh.npz": encode_npz(motion)}
        case "obj" | "ply":
            return {f"{stem}_{form}.zip": encode_files(stem, motion, form)}


def encode_npz(motion: Motion) -> bytes:
    """All frames. vertices_m = anchors_m[:, anchor] + offsets_m, in the world, right to 0.1 mm.

    Keys, for T frames of V vertices: anchors_m (T,A,3) single precision, anchor (V), offsets_m (T,V,3) half precision,
    or single where the pose tears the skin so far that half is too coarse, faces (F,3), timestamps_s (T),
    mocap_framerate (), body_model (), body_sha256 (), body_licence ().
    Anchors are vertices, so many that each vertex has one near: half precision is coarse for long offsets only.
    """
    body = load_body(motion.body_model)
    chosen, anchor = choose_anchors(body)
    anchors_m, offsets_m, error_m = _split(body, motion, chosen, anchor, np.float16)
    if error_m > MAX_ERROR_M:
        anchors_m, offsets_m, _ = _split(body, motion, chosen, anchor, np.float32)
    return pack(
        {
            "anchors_m": anchors_m,
            "anchor": anchor,
            "offsets_m": offsets_m,
            "faces": body.faces.numpy().astype(np.uint32),
            "timestamps_s": motion.timestamps_s,
            "mocap_framerate": np.array(float(motion.rate_hz)),
            "body_model": np.array(body_label(motion.body_model)),
            "body_sha256": np.array(motion.body_sha256),
            "body_licence": np.array(body.licence),
        }
    )


def _split(
    body: Body,
    motion: Motion,
    chosen: Int[np.ndarray, " anchors"],
    anchor: UInt16[np.ndarray, " vertices"],
    precision: type[np.floating[Any]],
) -> tuple[Float[np.ndarray, "frames anchors 3"], Float[np.ndarray, "frames vertices 3"], float]:
    """Anchors, offsets from them in a precision, and the largest distance by which this misses a vertex."""
    anchors_m: list[np.ndarray] = []
    offsets_m: list[np.ndarray] = []
    error_m = 0.0
    for vertices_m in _posed(body, motion):
        placed_m = vertices_m[:, chosen]
        exact_m = vertices_m - placed_m[:, anchor]
        anchors_m.append(placed_m)
        offsets_m.append(exact_m.astype(precision))
        missed_m = offsets_m[-1].astype(np.float32) - exact_m
        error_m = max(error_m, float(np.sqrt(np.einsum("fvc,fvc->fv", missed_m, missed_m).max())))
    return np.concatenate(anchors_m), np.concatenate(offsets_m), error_m


def encode_files(stem: str, motion: Motion, form: Literal["obj", "ply"]) -> bytes:
    """A .zip of `<stem>_00001.obj` and so on, metres, Y up; equal bytes for equal motions."""
    import trimesh  # noqa: PLC0415 - takes a second, and hardly anyone asks for it

    body = load_body(motion.body_model)
    faces = body.faces.numpy()
    buffer = io.BytesIO()
    number = 0
    with zipfile.ZipFile(buffer, "w") as archive:
        for vertices_m in _posed(body, motion):
            for skin_m in vertices_m:
                number += 1
                mesh = trimesh.Trimesh(skin_m, faces, process=False)
                content: Any = mesh.export(file_type=form)
                entry = zipfile.ZipInfo(f"{stem}_{number:05d}.{form}")
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=1)
    return buffer.getvalue()


def choose_anchors(body: Body) -> tuple[Int[np.ndarray, " anchors"], UInt16[np.ndarray, " vertices"]]:
    """Vertices of which one lies within REACH_M at rest of each vertex that the same joint moves most; for each
    vertex, which one: thighs that touch at rest do not stay together.

    The one farthest from all before is added until none is far.
    """
    template_m = body.template_m.double().numpy()
    owner = body.skin_joint.gather(1, body.skin_weight.argmax(1, keepdim=True))[:, 0].numpy()
    chosen: list[int] = []
    distance_m = np.full(len(template_m), np.inf)
    anchor = np.zeros(len(template_m), np.uint16)
    while distance_m.max() > REACH_M:
        new = int(np.argmax(distance_m))
        new_m = np.where(owner == owner[new], np.linalg.norm(template_m - template_m[new], axis=1), np.inf)
        anchor[new_m < distance_m] = len(chosen)
        chosen.append(new)
        distance_m = np.minimum(distance_m, new_m)
    return np.array(chosen), anchor


def _posed(body: Body, motion: Motion) -> Iterator[Float[np.ndarray, "frames vertices 3"]]:
    betas, turn, trans_m = (
        torch.from_numpy(array).to(body.template_m)
        for array in (motion.betas, motion.parent_from_joint, motion.trans_m)
    )
    for start in range(0, len(trans_m), CHUNK):
        frames = slice(start, start + CHUNK)
        yield pose_vertices(body, betas, turn[frames], trans_m[frames]).numpy()
