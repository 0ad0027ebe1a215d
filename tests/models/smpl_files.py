"""Arrays of the form and size of SMPL's, SMPL-H's and SMPL-X's files, made of the free body's skin.

Vertices are numbered so that smplx's named vertices are where their names say. No true file was at hand.
"""

from typing import Any

import numpy as np
from scipy.sparse import csc_matrix
from smplx.vertex_ids import vertex_ids

from models.bodies import load_body
from models.skeletons import SMPL_PARENTS

VERTICES = {"SMPL": 6890, "SMPL-H": 6890, "SMPL-X": 10475}
JOINTS = {"SMPL": 24, "SMPL-H": 52, "SMPL-X": 55}
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")


def smpl_like(kind: str, betas: int = 10, seed: int = 0) -> dict[str, Any]:
    """What a file of this kind holds, sparse and dense as there."""
    rng = np.random.default_rng(seed)
    free = load_body("free")
    skin_m, faces, owner = _resized(free.template_m.double().numpy(), free.faces.numpy(), VERTICES[kind])
    names = vertex_ids["smplx" if kind == "SMPL-X" else "smplh"]
    order = _numbered({names[name]: _at(owner, vertex) for name, vertex in free.named_vertices.items()}, len(owner))
    place = np.argsort(order)
    owner, skin_m = owner[order], skin_m[order]
    shape = free.shape_m.double().numpy()[owner]
    regressor = _regressor(free.joint_regressor.double().numpy(), owner)
    weight = free.skin_matrix.double().numpy()[owner]
    if kind != "SMPL":
        regressor, weight = _with_fingers(kind, regressor, weight, {name: names[name] for name in names})
    joints = JOINTS[kind]
    known = min(betas, shape.shape[-1])
    shapedirs = np.concatenate([shape[..., :known], 1e-3 * rng.normal(size=(len(owner), 3, betas - known))], axis=-1)
    return {
        "v_template": skin_m,
        "shapedirs": shapedirs,
        "posedirs": 2e-4 * rng.normal(size=(len(owner), 3, 9 * (joints - 1))),
        "J_regressor": csc_matrix(regressor),
        "weights": weight,
        "f": place[faces].astype(np.uint32),
        "kintree_table": np.stack([np.array([2**32 - 1, *_parents(kind)[1:]]), np.arange(joints)]).astype(np.uint32),
        **({} if kind == "SMPL" else _hands()),
        **({"lmk_faces_idx": np.zeros(1, int), "lmk_bary_coords": np.ones((1, 3)) / 3} if kind == "SMPL-X" else {}),
    }


def _resized(skin_m: np.ndarray, faces: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A skin of so many vertices, and the vertex of the old skin that each is like."""
    owner = np.arange(len(skin_m))
    while len(owner) > count:
        gone = int(np.argmax(skin_m[:, 1]))
        stays = faces[(faces == gone).any(axis=1)][0]
        faces = np.where(faces == gone, stays[stays != gone][0], faces)
        faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
        faces = faces - (faces > gone)
        skin_m, owner = np.delete(skin_m, gone, axis=0), np.delete(owner, gone)
    split = np.arange(count - len(owner)) * 3
    middle = len(owner) + np.arange(len(split))
    a, b, c = faces[split].T
    skin_m, owner = np.concatenate([skin_m, skin_m[faces[split]].mean(axis=1)]), np.concatenate([owner, a])
    finer = [np.stack(corner, axis=1) for corner in ((a, b, middle), (b, c, middle), (c, a, middle))]
    return skin_m, np.concatenate([np.delete(faces, split, axis=0), *finer]), owner


def _at(owner: np.ndarray, vertex: int) -> int:
    return int(np.flatnonzero(owner == vertex)[0])


def _numbered(wanted: dict[int, int], count: int) -> np.ndarray:
    """An order of all vertices in which the wanted ones have their numbers."""
    order = np.full(count, -1)
    order[list(wanted)] = list(wanted.values())
    order[order < 0] = np.setdiff1d(np.arange(count), order)
    return order


def _regressor(regressor: np.ndarray, owner: np.ndarray) -> np.ndarray:
    first = np.unique(owner, return_index=True)[1]
    made = np.zeros((len(regressor), len(owner)))
    made[:, first] = regressor[:, owner[first]]
    return made / made.sum(axis=1, keepdims=True)


def _with_fingers(
    kind: str, regressor: np.ndarray, weight: np.ndarray, names: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Joints along each finger; the hand's share of the skin goes to the first knuckle of the middle finger."""
    joints = JOINTS[kind]
    made, shares = np.zeros((joints, regressor.shape[1])), np.zeros((len(weight), joints))
    made[:22], shares[:, :22] = regressor[:22], weight[:, :22]
    for head in range(22, joints - 30):
        made[head] = regressor[15]
    for hand, side in enumerate("lr"):
        for finger, name in enumerate(_FINGERS):
            tip = np.eye(1, regressor.shape[1], names[f"{side}{name}"])[0]
            for part in range(3):
                along = 0.3 * part + (0.1 if name != "thumb" else -0.4)
                made[joints - 30 + 15 * hand + 3 * finger + part] = (1 - along) * regressor[22 + hand] + along * tip
        shares[:, joints - 30 + 15 * hand + 3] = weight[:, 22 + hand]
    return made, shares


def _parents(kind: str) -> list[int]:
    parents = list(SMPL_PARENTS[:22]) if kind != "SMPL" else list(SMPL_PARENTS)
    if kind == "SMPL-X":
        parents += [15, 15, 15]
    if kind != "SMPL":
        for wrist in (20, 21):
            for _ in _FINGERS:
                parents += [wrist, len(parents), len(parents) + 1]
    return parents


def _hands() -> dict[str, np.ndarray]:
    components = {f"hands_components{side}": np.eye(45) for side in "lr"}
    return components | {f"hands_mean{side}": np.full(45, 0.1) for side in "lr"}
