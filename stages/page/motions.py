"""Packs a motion for the page's script: typed arrays in base64, small enough to travel inside the page."""

from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from scipy.spatial.transform import Rotation

from models.bodies import body_label, load_body
from models.bodies.body import Body, rest_joints, rest_vertices
from models.contacts import CONTACT_ROWS, foot_contacts
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from stages.contracts import Motion
from stages.page.packing import pack_array

VERTEX_UNIT_M: Final = 6e-5
"""Sixteen bits of these reach 1.96 m to either side."""

REGIONS: Final = {
    "head": ("neck", "head"),
    "trunk": ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "left arm": ("left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    "right arm": ("right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    "left leg": ("left_hip", "left_knee", "left_ankle", "left_foot"),
    "right leg": ("right_hip", "right_knee", "right_ankle", "right_foot"),
}
"""Whose joints share one row of confidence."""


MOST_CORRECTIVES: Final = 12000
"""Of a body with more pose correctives only the strongest travel: half a megabyte."""


def pack_body(body: Body) -> dict[str, Any]:
    """What all shapes of a body share: triangles, the joints that move a vertex (shares of 255), pose correctives."""
    kind = np.uint16 if len(body.template_m) <= np.iinfo(np.uint16).max else np.uint32
    return {
        "parents": list(SMPL_PARENTS),
        "faces": pack_array(body.faces.numpy().astype(kind)),
        "joint": pack_array(body.skin_joint.numpy().astype(np.uint8)),
        "weight": pack_array(np.round(255 * body.skin_weight.numpy()).astype(np.uint8)),
        "vertexUnit": VERTEX_UNIT_M,
        "correctives": _correctives(body),
    }


def _correctives(body: Body) -> dict[str, Any]:
    """Movements at rest for each entry of a joint's rotation less the identity: bytes, and what one is worth."""
    strength_m = body.corrective_m.flatten(1).norm(dim=1)
    kept = torch.sort(strength_m.argsort(descending=True)[:MOST_CORRECTIVES]).values
    moved_m = body.corrective_m[kept].flatten(1).numpy()
    unit_m = np.maximum(np.abs(moved_m).max(axis=1, initial=0.0, keepdims=True), 1e-9) / np.iinfo(np.int8).max
    return {
        "vertex": pack_array(body.corrective_vertex[kept].numpy().astype(np.uint32)),
        "joint": pack_array(body.corrective_joint[kept].numpy().astype(np.uint8)),
        "moved": pack_array(np.round(moved_m / unit_m).astype(np.int8)),
        "unit": pack_array(unit_m.astype(np.float32)),
    }


def pack_motion(motion: Motion) -> dict[str, Any]:
    """One person: his body at rest, every frame's rotations, and what is drawn over time."""
    body = load_body(motion.body_model)
    betas = torch.from_numpy(motion.betas).to(body.template_m.dtype)
    vertex = np.round(rest_vertices(body, betas).numpy() / VERTEX_UNIT_M)
    contacts = foot_contacts(motion.landmarks_m, motion.timestamps_s)
    return {
        "body": body_label(motion.body_model),
        "first": round(float(motion.timestamps_s[0]) * motion.rate_hz),
        "frames": len(motion.timestamps_s),
        "worldFromCamera": motion.world_from_camera.ravel().tolist(),
        "cameraMatrix": motion.camera_matrix.ravel().tolist(),
        "cameraTurns": pack_array(_quaternions(motion.camera_from_steady.swapaxes(1, 2))),
        "restVertices": pack_array(vertex.astype(np.int16)),
        "restJoints": pack_array(rest_joints(body, betas).numpy()),
        "rotations": pack_array(_quaternions(motion.parent_from_joint)),
        "roots": pack_array(motion.joints_m[:, 0].astype(np.float32)),
        "observed": pack_array(motion.observed.astype(np.uint8)),
        "contacts": pack_array(contacts.astype(np.uint8)),
        "stands": stands(contacts, motion.landmarks_m[:, CONTACT_ROWS]),
        "confidence": pack_array(region_confidence(motion.confidence)),
    }


def _quaternions(turns: Float[np.ndarray, "*batch 3 3"]) -> Float32[np.ndarray, "*batch 4"]:
    """x, y, z, w."""
    flat = Rotation.from_matrix(turns.reshape(-1, 3, 3)).as_quat() if turns.size else np.zeros((0, 4))
    return flat.reshape(*turns.shape[:-2], 4).astype(np.float32)


def stands(
    contacts: Bool[np.ndarray, "frames 4"], points_m: Float[np.ndarray, "frames 4 3"]
) -> list[dict[str, int | float]]:
    """Every unbroken contact: which point, from which frame to before which, and where on the floor (mean)."""
    found: list[dict[str, int | float]] = []
    for point in range(contacts.shape[1]):
        edges = np.flatnonzero(np.diff(contacts[:, point], prepend=False, append=False)).tolist()
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            x_m, _, z_m = points_m[start:end, point].mean(axis=0).round(4).tolist()
            found.append({"point": point, "from": start, "to": end, "x": x_m, "z": z_m})
    return found


def region_confidence(confidence: Float[np.ndarray, "frames 24"]) -> UInt8[np.ndarray, "frames regions"]:
    """Mean of each region's joints, in parts of 255."""
    rows = [confidence[:, [SMPL_INDEX[name] for name in names]].mean(axis=1) for names in REGIONS.values()]
    return np.round(255 * np.stack(rows, axis=1)).astype(np.uint8)
