"""Inverse kinematics over time: sequences solved from the own pose before, and another estimator's motion improved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch

from benchmark.ik_cases import Case, Windows, cut, draw_windows, make_case
from benchmark.ik_cells import OURS, Cell, Row, Solved, figures, solve
from benchmark.ik_methods import Contender, follower, improver, kinetrace
from benchmark.ik_metrics import Bodies, Errors, frame_errors, summarise
from models.bodies.body import Body
from models.errors import InputError
from models.nets.pose_net import PoseNet
from models.rig import Pose
from training.corrupt import PointDamage, corrupt_motion
from training.mocap import TrueMotion

LONG_S: Final = 60.0
LONGEST: Final = 6
"""The longest clips are followed."""
EVERY: Final = 6
"""And every sixth frame of these measured."""
TENTH: Final = 0.1
FOLLOW_NOISE_MM: Final = (0, 10)
FOLLOWERS: Final = ("learnable_smplify_true_first", "learnable_smplify", "smpl_iks", "hinge")
"""Baselines that are given the long sequences too, the first with the true first frame."""
PLUGIN_FRAMES: Final = 100
PLUGIN_SETS: Final = ("smpl24", "halpe26")
PLUGIN_DAMAGE: Final = PointDamage(noise_sd_m=0.02, missing_share=0.2)
JUDGED: Final = ("mpve_mm", "mpve_absolute_mm", "mpjpe_mm", "mpjpe_absolute_mm")


def sequential(
    body: Body, motions: Sequence[TrueMotion], contenders: Mapping[str, Contender], net: PoseNet | None
) -> list[Row]:
    """Long sequences, clean and noisy: the skin's error, and whether it grows."""
    windows = there_and_back(motions)
    runners = {name: contenders[name] for name in FOLLOWERS if name in contenders}
    if net is not None:
        runners = {OURS: follower(net), f"{OURS}_offline": contenders[OURS]} | runners
    rows: list[Row] = []
    for noise_mm in FOLLOW_NOISE_MM:
        cell = Cell("smpl24", PointDamage(noise_sd_m=noise_mm / 1e3))
        case = make_case(body, windows, cell.set_name, cell.damage, seed=0)
        for name, runner in runners.items():
            rows.append({"method": name} | cell.labels() | _growth(runner, case))
    return rows


def there_and_back(motions: Sequence[TrueMotion]) -> Windows:
    """A minute of each of the longest clips, played forward and backward from its start.

    What is played is cut so that the minute ends where it began: its last tenth is its first tenth backward, and any
    difference between the two is the solver's.

    Raises:
        InputError: no clip holds a tenth of the minute.
    """
    chosen = sorted(motions, key=lambda motion: -len(motion.pelvis_m))[:LONGEST]
    frames = round(LONG_S * chosen[0].rate_hz)
    if len(chosen[0].pelvis_m) < TENTH * frames:
        raise InputError(f"no clip is {TENTH * LONG_S:g} s long", "give a folder with longer clips")
    chosen = [motion for motion in chosen if len(motion.pelvis_m) >= TENTH * frames]
    played = [replay(motion, frames) for motion in chosen]
    return cut([(motion, 0) for motion in played], np.arange(len(played)), frames)


def replay(motion: TrueMotion, frames: int) -> TrueMotion:
    """The motion forward, backward, forward ... , an even number of times, in so many frames."""
    passes = 2 * int(np.ceil(frames / 2 / len(motion.pelvis_m)))
    length = frames // passes
    once = np.concatenate([np.arange(length), np.arange(length)[::-1]])
    order = np.concatenate([np.tile(once, passes // 2), np.zeros(frames, dtype=np.int64)])[:frames]
    return replace(motion, parent_from_joint=motion.parent_from_joint[order], pelvis_m=motion.pelvis_m[order])


def _growth(runner: Contender, case: Case) -> dict[str, object]:
    try:
        pose = runner(case.problem, case.truth.pose)
    except InputError as refusal:
        return {"refused": str(refusal)}
    measured = slice(None, None, EVERY)
    errors = frame_errors(
        _every(Bodies(case.problem.body, case.problem.betas, pose), measured),
        _every(case.truth, measured),
        whole=case.windows.whole,
    )
    row: dict[str, object] = {"seconds": LONG_S, "frames": errors["mpjpe_mm"].size}
    return row | _tenths(errors) | summarise(errors, case.windows.clip)


def _tenths(errors: Errors) -> dict[str, object]:
    """Medians of the first and the last tenth, and their ratio."""
    row: dict[str, object] = {}
    for name in ("mpve_mm", "mpve_ankle_mm", "mpjpe_mm"):
        if name in errors:
            count = round(TENTH * errors[name].shape[1])
            first, last = (float(np.median(errors[name][:, part])) for part in (slice(count), slice(-count, None)))
            row |= {f"{name}_first_tenth": round(first, 3), f"{name}_last_tenth": round(last, 3)}
            row[f"{name}_growth"] = round(last / max(first, 1e-3), 3)
    return row


def _every(bodies: Bodies, frames: slice) -> Bodies:
    return replace(bodies, pose=Pose(bodies.pose.world_from_joint[:, frames], bodies.pose.root_m[:, frames]))


def plugin(body: Body, motions: Sequence[TrueMotion], net: PoseNet, most_frames: int) -> list[Row]:
    """Motions with structured error and noisy points: each alone, and both together."""
    windows = draw_windows(motions, max(1, most_frames // PLUGIN_FRAMES), seed=0, frames=PLUGIN_FRAMES)
    rows: list[Row] = []
    for set_name in PLUGIN_SETS:
        cell = Cell(set_name, PLUGIN_DAMAGE)
        case = make_case(body, windows, cell.set_name, cell.damage, seed=0)
        generator = torch.Generator().manual_seed(7)
        given = corrupt_motion(case.truth.pose, case.problem.rig.offset_m, windows.rate_hz, generator)
        answers: dict[str, Callable[[], Pose]] = {
            "given_motion": lambda given=given: given,
            "keypoints_alone": lambda case=case: kinetrace(net)(case.problem, case.truth.pose),
            "plugin": lambda case=case, given=given: improver(net)(case.problem, given),
        }
        errors = {name: solve(_answering(answer), case) for name, answer in answers.items()}
        rows += [{"method": name} | cell.labels() | figures(solved) for name, solved in errors.items()]
        rows.append({"method": "share_improved"} | cell.labels() | _shares(errors["given_motion"], errors["plugin"]))
    return rows


def _answering(answer: Callable[[], Pose]) -> Contender:
    return lambda problem, truth: answer()


def _shares(before: Solved, after: Solved) -> dict[str, object]:
    """Of all frames, those whose error became smaller."""
    if before.errors is None or after.errors is None:
        return {}
    return {
        name: round(float((after.errors[name] < before.errors[name]).mean()), 4)
        for name in JUDGED
        if name in before.errors
    }
