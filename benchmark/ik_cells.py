"""Lets every method solve the same problem and measures what it gives: one cell of the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Int

from benchmark.ik_cases import Case, Windows, make_case, with_shape
from benchmark.ik_methods import KNOW_THE_TRUTH, SLOW, Contender
from benchmark.ik_metrics import Bodies, Errors, frame_errors, summarise
from models.bodies.body import Body
from models.errors import InputError
from models.keypoints import Keypoints
from models.rig import Pose
from models.shape_joints import shape_from_joints
from models.skeletons import SMPL_PARENTS
from training.corrupt import PointDamage

OURS: Final = "kinetrace"
COMPARED: Final = ("mpjpe_mm", "mpve_mm", "angle_deg")
"""In which every baseline has to be beaten."""

Row = Mapping[str, object]


@dataclass(frozen=True)
class Cell:
    """What is seen in a cell, and how badly."""

    set_name: str
    damage: PointDamage

    def labels(self) -> dict[str, object]:
        """How its rows are named."""
        return {
            "joint_set": self.set_name,
            "noise_mm": round(1e3 * self.damage.noise_sd_m),
            "missing": self.damage.missing_share,
            "outliers": self.damage.outlier_share,
        }


@dataclass(frozen=True, eq=False)
class Solved:
    """What a method gave.

    Attributes:
        errors: of the sequences that it was given; None where it refused.
        clip: which clip these are from.
        refusal: why it gave nothing.
    """

    errors: Errors | None
    clip: Int[np.ndarray, " sequences"]
    refusal: str = ""


def solve_cell(body: Body, windows: Windows, cell: Cell, contenders: Mapping[str, Contender]) -> dict[str, Solved]:
    """Every method on one cell; the bodies and the noise are drawn from fixed seeds."""
    case = make_case(body, windows, cell.set_name, cell.damage, seed=0)
    return {name: solve(contender, part(case, SLOW.get(name))) for name, contender in contenders.items()}


def solve(contender: Contender, case: Case) -> Solved:
    """One method on one case.

    Raises:
        ValueError: it gave numbers that are not finite, which no method may.
    """
    clip = case.windows.clip
    try:
        pose = contender(case.problem, case.truth.pose)
    except InputError as refusal:
        return Solved(None, clip, str(refusal))
    if not (pose.world_from_joint.isfinite().all() and pose.root_m.isfinite().all()):
        raise ValueError(f"a method gave NaN or infinity on {case.problem.keypoints.set_name}")
    found = Bodies(case.problem.body, case.problem.betas, pose)
    return Solved(frame_errors(found, case.truth, whole=case.windows.whole), clip)


def part(case: Case, sequences: int | None) -> Case:
    """The first sequences of a case, which are a random sample of its clips; all for None."""
    if sequences is None or sequences >= len(case.windows.clip):
        return case
    few, problem = slice(sequences), case.problem
    windows = replace(
        case.windows,
        clip=case.windows.clip[few],
        family=case.windows.family[few],
        parent_from_joint=case.windows.parent_from_joint[few],
        pelvis_m=case.windows.pelvis_m[few],
    )
    keypoints = replace(
        problem.keypoints, points_m=problem.keypoints.points_m[few], confidence=problem.keypoints.confidence[few]
    )
    truth = replace(case.truth, betas=case.truth.betas[few], pose=_some(case.truth.pose, few))
    first = None if problem.first is None else _some(problem.first, few)
    shorter = replace(problem, keypoints=keypoints, first=first)
    return with_shape(Case(shorter, truth, windows), problem.betas[few])


def guess_shapes(case: Case) -> Case:
    """The same with every person's shape estimated from the joints of his sequence; needs the 24 joints.

    How noisy these are is told by how much the lengths of all people's bones vary.
    """
    seen = case.problem.keypoints
    noise_m = _length_noise_m(seen)
    betas = [
        shape_from_joints(case.problem.body, points_m, confidence, expected_noise_m=noise_m).betas
        for points_m, confidence in zip(seen.points_m, seen.confidence, strict=True)
    ]
    return with_shape(case, torch.stack(betas))


def _length_noise_m(seen: Keypoints) -> float:
    """The median over bones and people of a bone's spread, by the median absolute deviation."""
    joints, parents = list(range(1, 24)), list(SMPL_PARENTS[1:])
    there = (seen.confidence[..., joints] > 0) & (seen.confidence[..., parents] > 0)
    length_m = (seen.points_m[..., joints, :] - seen.points_m[..., parents, :]).norm(dim=-1)
    length_m = torch.where(there, length_m, torch.nan)
    away_m = (length_m - length_m.nanmedian(dim=1, keepdim=True).values).abs()
    return 1.4826 * float(away_m.nanmedian())


def rows(cell: Cell, solved: Mapping[str, Solved]) -> list[Row]:
    """One for each method: its errors with their intervals, or why there are none."""
    return [{"method": name} | cell.labels() | figures(result) for name, result in solved.items()]


def figures(result: Solved) -> dict[str, object]:
    """The errors of a method with their intervals, and over how many frames."""
    if result.errors is None:
        return {"refused": result.refusal}
    return {"frames": next(iter(result.errors.values())).size, **summarise(result.errors, result.clip)}


def contests(cell: Cell, solved: Mapping[str, Solved]) -> list[Row]:
    """Our median against that of each baseline, over the frames that both were given; ours has to be lower."""
    ours = solved[OURS].errors if OURS in solved else None
    if ours is None:
        return []
    rivals = {
        name: result.errors
        for name, result in solved.items()
        if name not in KNOW_THE_TRUTH and not name.startswith(OURS) and result.errors is not None
    }
    return [
        {"metric": metric, **cell.labels(), **_contest(metric, ours, rivals)}
        for metric in COMPARED
        if rivals and metric in ours
    ]


def _contest(metric: str, ours: Errors, rivals: Mapping[str, Errors]) -> Row:
    pairs = {
        name: (float(np.median(ours[metric][: len(errors[metric])])), float(np.median(errors[metric])))
        for name, errors in rivals.items()
    }
    nearest = min(pairs, key=lambda name: pairs[name][1] / max(pairs[name][0], 1e-9))
    return {
        "best_baseline": nearest,
        "baseline": round(pairs[nearest][1], 3),
        "kinetrace": round(pairs[nearest][0], 3),
        "not_beaten": [name for name, (own, theirs) in pairs.items() if own >= theirs],
    }


def by_family(solved: Mapping[str, Solved], windows: Windows, cell: Cell) -> list[Row]:
    """The rows of a cell, family by family."""
    return [
        {"family": family, **row}
        for family in sorted(set(windows.family))
        for row in rows(cell, {name: _of_family(result, windows, family) for name, result in solved.items()})
        if row.get("frames") != 0
    ]


def _of_family(result: Solved, windows: Windows, family: str) -> Solved:
    chosen = [i for i, name in enumerate(windows.family[: len(result.clip)]) if name == family]
    if result.errors is None or not chosen:
        return Solved(None, result.clip[chosen], result.refusal or "none of its sequences is of this family")
    return Solved({name: value[chosen] for name, value in result.errors.items()}, result.clip[chosen])


def _some(pose: Pose, few: slice) -> Pose:
    return Pose(pose.world_from_joint[few], pose.root_m[few])
