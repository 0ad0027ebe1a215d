"""How a pose network does on subjects that it never saw, case by case; floors beside it."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Generator

from models.bodies.body import Body
from models.nets.inputs import BeforeKind
from models.nets.pose_net import PoseNet
from training.corrupt import PointDamage
from training.pose_ik_batch import Recipe, show
from training.pose_ik_data import Motions, Windows, all_windows
from training.pose_ik_loss import SkinPoints, pose_loss

FRAMES: Final = 25
WINDOWS: Final = 40
"""Chosen evenly from all."""


def _damage(noise_m: float, missing: float) -> PointDamage:
    return PointDamage(noise_sd_m=noise_m, missing_share=missing, outlier_share=0.02)


CASES: Final[Mapping[str, Recipe]] = {
    "clean": Recipe("smpl24", PointDamage()),
    "clean alone": Recipe("smpl24", PointDamage(), alone=True),
    "10 mm": Recipe("smpl24", _damage(0.01, 0.0)),
    "20 mm, 20 %": Recipe("smpl24", _damage(0.02, 0.2)),
    "30 mm, 40 %": Recipe("smpl24", _damage(0.03, 0.4)),
    "mid-hip 10 mm": Recipe("smpl24_mid_hip", _damage(0.01, 0.0)),
    "body25 10 mm": Recipe("body25", _damage(0.01, 0.0)),
    "blazepose33 clean": Recipe("blazepose33", PointDamage()),
    "blazepose33 10 mm": Recipe("blazepose33", _damage(0.01, 0.0)),
    "detector": Recipe("blazepose33", PointDamage(), detector=True),
    "estimate 20 mm, 20 %": Recipe("smpl24", _damage(0.02, 0.2), before_kind=BeforeKind.ESTIMATE),
    "previous 10 mm": Recipe("smpl24", _damage(0.01, 0.0), before_kind=BeforeKind.PREVIOUS),
}


def check(net: PoseNet, motions: Motions, body: Body, skin: SkinPoints) -> dict[str, Mapping[str, float]]:
    """Errors of every case; the same windows, bodies and noise at every call."""
    found: dict[str, Mapping[str, float]] = {}
    everything = all_windows(motions, FRAMES)
    chosen = torch.linspace(0, len(everything.pelvis_m) - 1, WINDOWS).long()
    windows = Windows(everything.parent_from_joint[chosen], everything.pelvis_m[chosen])
    with torch.no_grad():
        for number, (name, recipe) in enumerate(CASES.items()):
            shown = show(net, body, windows, recipe, Generator().manual_seed(number))
            found[name] = pose_loss(net(shown.frames), shown, skin)[1]
    return found
