"""Draws what methods of inverse kinematics give beside the truth: python -m benchmark.ik_sheet --mocap DIR --png FILE.

One row for each person, one column for each method; the truth is grey, and skin that lies wrong turns red.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
import tyro
from jaxtyping import Float, UInt8

from benchmark.ik_cases import Case, draw_windows, make_case
from benchmark.ik_methods import contender
from benchmark.ik_metrics import Bodies, skin_of
from models.bodies import load_body
from models.raster import Mesh, View, blend, draw_mesh
from training.corrupt import PointDamage
from training.mocap import read_truth

TILE_PX: Final = 300
FAR_M: Final = 5.0
FULL_RED_M: Final = 0.08
GREY: Final = np.array([175.0, 175.0, 180.0])
RED: Final = np.array([215.0, 30.0, 30.0])
FRAME: Final = 12


@dataclass(frozen=True)
class Arguments:
    """Draw a sheet of poses."""

    mocap: Path
    """Folder of mocap-compact-1 files."""
    png: Path
    """Where to write the picture."""
    methods: tuple[str, ...] = ("kinetrace", "smpl_iks", "hinge", "learnable_smplify")
    """Columns after the truth."""
    people: int = 5
    """Rows."""
    noise_mm: float = 10.0
    """Standard deviation along each axis."""
    missing: float = 0.2
    """Share of joints that are missing."""


@torch.no_grad()
def main(arguments: Arguments) -> None:
    """Solve a cell of a few sequences and draw the middle frame of each."""
    motions = [motion for motion in read_truth(arguments.mocap) if motion.whole]
    damage = PointDamage(noise_sd_m=arguments.noise_mm / 1e3, missing_share=arguments.missing, outlier_share=0.02)
    case = make_case(load_body("free"), draw_windows(motions, arguments.people, seed=3), "smpl24", damage, seed=3)
    columns = [_skins(case.truth)]
    for name in arguments.methods:
        pose = contender(name)(case.problem, case.truth.pose)
        columns.append(_skins(Bodies(case.problem.body, case.problem.betas, pose)))
    rows = [_row(case, row, [column[row] for column in columns]) for row in range(arguments.people)]
    cv2.imwrite(str(arguments.png), np.concatenate([_head(arguments.methods), *rows])[..., ::-1])


def _skins(bodies: Bodies) -> list[Float[np.ndarray, "vertices 3"]]:
    return [skin_of(bodies, sequence)[FRAME].numpy() for sequence in range(len(bodies.betas))]


def _row(case: Case, row: int, skins: Sequence[Float[np.ndarray, "vertices 3"]]) -> UInt8[np.ndarray, "height width 3"]:
    root = case.truth.pose.world_from_joint[row, FRAME, 0].numpy()
    middle_m = (skins[0].max(0) + skins[0].min(0)) / 2
    away = root[:, 2] * (1, 0, 1) + 0.6 * root[:, 0] * (1, 0, 1)
    forward = -away / max(float(np.linalg.norm(away)), 1e-6)
    down = np.array([0.0, -1.0, 0.0])
    camera_from_world = np.stack([np.cross(down, forward), down, forward])
    tiles: list[UInt8[np.ndarray, "height width 3"]] = []
    for skin_m in skins:
        wrong = np.clip(np.linalg.norm(skin_m - skins[0], axis=-1) / FULL_RED_M, 0, 1)[:, None]
        seen_m = (skin_m - middle_m) @ camera_from_world.T + (0, 0, FAR_M)
        tiles.append(_tile(Mesh(seen_m, case.problem.body.faces.numpy(), (1 - wrong) * GREY + wrong * RED)))
    return np.concatenate(tiles, axis=1)


def _tile(mesh: Mesh) -> UInt8[np.ndarray, "height width 3"]:
    focal_px = TILE_PX * FAR_M / 2.2
    matrix = np.array([[focal_px, 0, TILE_PX / 2], [0, focal_px, TILE_PX / 2], [0, 0, 1]])
    white = np.full((TILE_PX, TILE_PX, 3), 255, dtype=np.uint8)
    return blend(white, draw_mesh(mesh, View(matrix, TILE_PX, TILE_PX, 2)))


def _head(methods: Sequence[str]) -> UInt8[np.ndarray, "height width 3"]:
    names = ("truth", *methods)
    strip = np.full((28, TILE_PX * len(names), 3), 255, dtype=np.uint8)
    for column, name in enumerate(names):
        place = (column * TILE_PX + 10, 20)
        cv2.putText(strip, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
