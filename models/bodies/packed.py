"""How a body lies in one small .npz file: half-precision shape, sparse regressors, no pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.bodies.body import Body
from models.npz import read_npz

MAX_BYTES: Final = 2**28
"""Of all arrays together; those of the free body have 1.8 million."""


def read_body(path: Path, *, name: str, sha256: str, licence: str) -> Body:
    """Read a packed body in float32.

    Args:
        path: a file that write_body made.
        name, sha256, licence: what the body is called and where it comes from; the file does not say.
    """
    arrays = read_npz(path, most_bytes=MAX_BYTES)
    template = torch.from_numpy(arrays["template_m"])
    regressor = torch.zeros(24, len(template))
    regressor[_indices(arrays["joint_row"]), _indices(arrays["joint_vertex"])] = torch.from_numpy(
        arrays["joint_weight"]
    )
    return Body(
        name=name,
        sha256=sha256,
        licence=licence,
        template_m=template,
        shape_m=torch.from_numpy(arrays["shape_m"].astype(np.float32)),
        faces=_indices(arrays["faces"]),
        joint_regressor=_shares(regressor),
        skin_joint=_indices(arrays["skin_joint"]),
        skin_weight=_shares(torch.from_numpy(arrays["skin_weight"].astype(np.float32))),
        landmark_vertex=_indices(arrays["landmark_vertex"]),
        landmark_weight=_shares(torch.from_numpy(arrays["landmark_weight"])),
        landmark_joint=_indices(arrays["landmark_joint"]),
        named_vertices=json.loads(str(arrays["named_vertices"])),
        corrective_vertex=_indices(arrays["corrective_vertex"]),
        corrective_joint=_indices(arrays["corrective_joint"]),
        corrective_m=torch.from_numpy(arrays["corrective_m"].astype(np.float32)),
    )


def write_body(path: Path, body: Body) -> None:
    """Write a body so that read_body gives it back, its shape, skinning and correctives rounded to half precision.

    The bytes depend on the arrays only, so that the same body has the same sha256.
    """
    row, vertex = torch.nonzero(body.joint_regressor, as_tuple=True)
    arrays: Mapping[str, np.ndarray] = {
        "template_m": _array(body.template_m, np.float32),
        "shape_m": _array(body.shape_m, np.float16),
        "faces": _array(body.faces, np.uint16),
        "joint_row": _array(row, np.uint8),
        "joint_vertex": _array(vertex, np.uint16),
        "joint_weight": _array(body.joint_regressor[row, vertex], np.float32),
        "skin_joint": _array(body.skin_joint, np.uint8),
        "skin_weight": _array(body.skin_weight, np.float16),
        "landmark_vertex": _array(body.landmark_vertex, np.uint16),
        "landmark_weight": _array(body.landmark_weight, np.float32),
        "landmark_joint": _array(body.landmark_joint, np.uint8),
        "corrective_vertex": _array(body.corrective_vertex, np.uint16),
        "corrective_joint": _array(body.corrective_joint, np.uint8),
        "corrective_m": _array(body.corrective_m, np.float16),
        "named_vertices": np.asarray(json.dumps(dict(sorted(body.named_vertices.items())))),
    }
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _array(tensor: Tensor, dtype: type[np.generic]) -> np.ndarray:
    return tensor.cpu().numpy().astype(dtype)


def _indices(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.int64))


def _shares(weight: Tensor) -> Tensor:
    """Rounded weights, made to sum to 1 again."""
    return weight / weight.sum(dim=1, keepdim=True)
