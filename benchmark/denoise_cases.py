"""True motion made wrong for the benchmark of denoising, what is measured on it, and floors that need the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from benchmark.metrics import score
from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks
from models.ik_refine import parent_from_joints
from models.kinematics import world_from_joints
from models.nets.steadier import Found
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from training.mocap import TrueMotion
from training.motion_errors import load_regimes, shake

RATE_HZ: Final = 30.0
SHORTEST: Final = 45
LONGEST: Final = 300
"""Frames of a piece of motion."""
STRIKE_M_S: Final = 5.0
"""A wrist that is faster than this, and fastest within STRIKE_APART_S to both sides, strikes."""
STRIKE_APART_S: Final = 0.3
LATE_S: Final = 0.1
"""How far from the true moment the fastest found moment may lie."""
_WRISTS: Final = (SMPL_INDEX["left_wrist"], SMPL_INDEX["right_wrist"])

Motion = tuple[Float[Tensor, "frames 24 3 3"], Float[Tensor, "frames 3"]]
"""Orientations in the world, and places of the pelvis of the mean body."""


@dataclass(frozen=True, eq=False)
class Case:
    """A piece of motion as it was found, and the truth.

    Attributes:
        action: what the clip is called.
    """

    action: str
    found: Found
    true: Motion


def draw_cases(motions: Sequence[TrueMotion], regime: str, seed: int) -> list[Case]:
    """Every clip in pieces of at most LONGEST frames, made wrong; whole people only."""
    generator = Generator().manual_seed(seed)
    cases: list[Case] = []
    for motion in motions:
        if not motion.whole or motion.rate_hz != RATE_HZ:
            continue
        world = world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint).float())
        pelvis_m = torch.from_numpy(motion.pelvis_m).float()
        for turns, places_m in zip(world.split(LONGEST), pelvis_m.split(LONGEST), strict=True):
            if len(places_m) >= SHORTEST:
                cases.append(_make_wrong(motion.action, turns, places_m, regime, generator))
    return cases


def _make_wrong(action: str, turns: Tensor, places_m: Tensor, regime: str, generator: Generator) -> Case:
    shaken = shake(turns[None], places_m[None], RATE_HZ, load_regimes()[regime], generator)
    found = Found(
        rate_hz=RATE_HZ,
        world_from_joint=shaken.world_from_joint[0].double(),
        root_m=shaken.root_m[0].double(),
        confidence=shaken.confidence[0].double(),
        observed=torch.ones(len(places_m), dtype=torch.bool),
        sight=shaken.sight[0].double(),
    )
    return Case(action, found, (turns.double(), places_m.double()))


def measure(cases: Sequence[Case], answers: Sequence[Motion]) -> dict[str, float]:
    """As benchmark.metrics.score on the mean body's landmarks, mean over frames; and how fast strikes are found.

    Returns:
        score's figures, and root_accel_mm_s2 (of the pelvis itself), strike_ratio and strike_off_percent (median of
        found over true peak speed, and median of its distance from 1), strikes (their number).
    """
    tables = [_score(case, answer) for case, answer in zip(cases, answers, strict=True)]
    frames = np.array([len(case.found.root_m) for case in cases], dtype=float)
    mean = {name: float(np.average([table[name] for table in tables], weights=frames)) for name in tables[0]}
    ratios = np.concatenate([strike_ratios(case, answer) for case, answer in zip(cases, answers, strict=True)])
    if len(ratios):
        mean["strike_ratio"] = float(np.median(ratios))
        mean["strike_off_percent"] = 100 * float(np.median(np.abs(ratios - 1)))
    return mean | {"strikes": float(len(ratios))}


def quick_errors(cases: Sequence[Case], answers: Sequence[Motion]) -> tuple[float, float]:
    """Mean distance of the joints about the pelvis (mm), and of their second differences (mm/s2): for tuning."""
    place, bend, count = 0.0, 0.0, 0
    for case, (turns, _) in zip(cases, answers, strict=True):
        off_m = _joints_m(turns) - _joints_m(case.true[0])
        place += 1e3 * float(off_m.norm(dim=-1).mean(-1).sum())
        bend += 1e3 * RATE_HZ**2 * float(off_m.diff(n=2, dim=0).norm(dim=-1).mean(-1).sum())
        count += len(off_m)
    return place / count, bend / count


def strike_ratios(case: Case, answer: Motion) -> Float[np.ndarray, " strikes"]:
    """The found over the true peak speed of every strike of a martial clip."""
    if "martial" not in case.action and "punch" not in case.action:
        return np.zeros(0)
    true, found = (_wrist_speed_m_s(*motion) for motion in (case.true, answer))
    apart, late = round(STRIKE_APART_S * RATE_HZ), round(LATE_S * RATE_HZ)
    ratios: list[float] = []
    for wrist in range(2):
        for frame, speed in enumerate(true[:, wrist]):
            if speed > STRIKE_M_S and speed == true[max(0, frame - apart) : frame + apart + 1, wrist].max():
                ratios.append(float(found[max(0, frame - late) : frame + late + 1, wrist].max() / speed))
    return np.array(ratios)


def frozen(case: Case) -> Motion:
    """The first pose found, for ever."""
    turns, places_m = case.found.world_from_joint, case.found.root_m
    return turns[:1].expand_as(turns).clone(), places_m[:1].expand_as(places_m).clone()


def mean_pose(case: Case) -> Motion:
    """The mean of all orientations found, for ever."""
    turns, places_m = case.found.world_from_joint, case.found.root_m
    nearest: Tensor = roma.special_procrustes(turns.mean(0))  # pyright: ignore[reportAssignmentType]
    return nearest.expand_as(turns).clone(), places_m.mean(0).expand_as(places_m).clone()


def constant_part(case: Case) -> Motion:
    """The truth with the mean of each joint's error over the piece: what a perfect filter over time would leave."""
    true, true_m = case.true
    error = roma.rotmat_to_rotvec(case.found.world_from_joint @ true.mT).mean(0)
    return roma.rotvec_to_rotmat(error) @ true, true_m + (case.found.root_m - true_m).mean(0)


def _score(case: Case, answer: Motion) -> Mapping[str, float]:
    found_m, true_m = _landmarks_m(answer), _landmarks_m(case.true)
    table = score(found_m, true_m, RATE_HZ)
    bend_m = (answer[1] - case.true[1]).diff(n=2, dim=0) * RATE_HZ**2
    keep = ("mpjpe22_mm", "accel_error_mm_s2", "speed_ratio", "knee_deg", "hip_deg", "elbow_deg", "root_unbiased_cm")
    return {name: table[name] for name in keep} | {"root_accel_mm_s2": 1e3 * float(bend_m.norm(dim=-1).mean())}


def _landmarks_m(motion: Motion) -> Float[np.ndarray, "frames 33 3"]:
    body = load_body("free")
    local = parent_from_joints(motion[0]).float()
    return pose_landmarks(body, torch.zeros(body.beta_count), local, motion[1].float()).double().numpy()


def _joints_m(turns: Tensor) -> Float[Tensor, "frames 24 3"]:
    body = load_body("free")
    local = parent_from_joints(turns).float()
    return pose_joints(body, torch.zeros(body.beta_count), local, torch.zeros(len(local), 3))


def _wrist_speed_m_s(turns: Tensor, places_m: Tensor) -> Float[np.ndarray, "frames 2"]:
    """By central differences, in the world; rest at the ends."""
    at_m = _joints_m(turns)[:, list(_WRISTS)].double() + places_m[:, None]
    speed = (at_m[2:] - at_m[:-2]).norm(dim=-1) * RATE_HZ / 2
    return torch.nn.functional.pad(speed, (0, 0, 1, 1)).numpy()
