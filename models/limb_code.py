"""A motion in a tenth of its numbers: the paths of hands and feet and a few turns of the trunk, as splines.

Elbows and knees are not kept: limb mode (models/limbs.py) bends the limbs again from the paths of their ends and how
hands and feet are turned, and one angle a limb says how far the bend lies from there. What is kept are coefficients of
uniform cubic splines, least squares through all frames; groups of numbers that matter less for where joints are, or
change more slowly, get fewer of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import BSpline, make_lsq_spline
from scipy.spatial.transform import Rotation
from torch import Tensor

from models.errors import InputError
from models.kinematics import world_from_joints
from models.limbs import LIMB_JOINTS, TRUNK_JOINT, LimbName, LimbPath, LimbPose, solve_limb
from models.rig import Pose, Rig, rig_joints
from models.rotations import shortest_arc
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

DEGREE: Final = 3
FULL: Final = 72
"""Numbers of a frame's pose as SMPL has it; ratios count against these."""
SPINE: Final = ("spine1", "spine2", "spine3")
NECK: Final = ("neck", "head")
COLLARS: Final = ("left_collar", "right_collar")
GROUPS: Final[Mapping[str, tuple[int, float]]] = {
    "root": (3, 1.0),
    "pelvis": (3, 1.0),
    "chest": (3, 1.0),
    "head": (3, 5.5),
    "collars": (6, 10.0),
    "hands": (6, 1.0),
    "feet": (6, 1.0),
    "hand_turns": (6, 2.8),
    "foot_turns": (6, 2.4),
    "swivels": (4, 2.1),
    "lean": (2, 2.0),
}
"""How many numbers a frame has in each group, and how many times longer than the shortest its splines' intervals are:
found on the training people, where each step away from them costs more than it saves."""
RATIOS: Final = (1.0, 1000.0)
SHARING_ROUNDS: Final = 10
LEAST_EXTRA: Final = 1e-4
"""Square radians beneath which joints share evenly: nothing can be told then."""
LEAST_ASIDE_M: Final = 0.01
"""Of the weight of a bend that lies on the line from root to end."""
DENSE: Final = 0.7
"""From this many coefficients a frame on, the frames themselves are kept."""


@dataclass(frozen=True, eq=False)
class Code:
    """What is kept of a motion.

    Attributes:
        frames, rate_hz: of the motion.
        kept: coefficients by group.
        habits: how the joints between pelvis and chest, and between chest and head, share their turn: see _habit.
    """

    frames: int
    rate_hz: float
    kept: Mapping[str, Float[np.ndarray, "coefficients numbers"]]
    habits: Mapping[str, Float[np.ndarray, "2 joints 3"]]

    @property
    def numbers(self) -> int:
        """How many are stored."""
        return sum(values.size for values in (*self.kept.values(), *self.habits.values()))

    @property
    def ratio(self) -> float:
        """Numbers of the whole motion over those that are stored."""
        return FULL * self.frames / self.numbers


def encode(
    rig: Rig, local: Float[Tensor, "frames 24 3 3"], root_m: Float[Tensor, "frames 3"], rate_hz: float, ratio: float
) -> Code:
    """Keep so many numbers of a motion that it has `ratio` times as many.

    Args:
        rig: the person's; decoding wants the same.
        local: rotations against the parent; the root's in the world.
        root_m: the pelvis joint in the world.

    Raises:
        InputError: the ratio cannot be had of so few frames.
    """
    if not RATIOS[0] <= ratio <= RATIOS[1]:
        raise InputError(f"a ratio of {ratio:g} cannot be", f"give {RATIOS[0]:g} to {RATIOS[1]:g}")
    frames = len(local)
    habits = {"chest": _habit(local, SPINE), "head": _habit(local, NECK)}
    series = _series(rig, local, root_m)
    budget = FULL * frames / ratio - sum(values.size for values in habits.values())
    low, high = 0.25, float(frames)
    for _ in range(40):
        spacing = (low * high) ** 0.5
        low, high = (spacing, high) if _numbers(frames, spacing) > budget else (low, spacing)
    if _numbers(frames, high) > budget:
        raise InputError(
            f"{frames} frames are too few for a ratio of {ratio:g}", "give a longer motion or a smaller ratio"
        )
    count = {name: _count(frames, high * slower) for name, (_, slower) in GROUPS.items()}
    kept = {name: _fitted(values, count[name]) for name, values in series.items()}
    ends = _ends({name: _evaluated(values, frames) for name, values in kept.items()})
    kept["lean"] = _fitted(_lean(rig, local, _evaluated(kept["chest"], frames), habits["chest"]), count["lean"])
    kept["swivels"] = _swivels(rig, local, ends, rate_hz, count["swivels"])
    return Code(frames, rate_hz, kept, habits)


def decode(rig: Rig, code: Code) -> tuple[Float[Tensor, "frames 24 3 3"], Float[Tensor, "frames 3"]]:
    """The motion again: rotations against the parent, and the pelvis joint in the world."""
    series = {name: _evaluated(values, code.frames) for name, values in code.kept.items()}
    like = rig.offset_m
    local = torch.eye(3).to(like).repeat(code.frames, len(SMPL_PARENTS), 1, 1)
    local[:, 0] = torch.from_numpy(_from_heading(series["pelvis"])).to(like)
    for names, group in ((SPINE, "chest"), (NECK, "head")):
        local[:, [SMPL_INDEX[name] for name in names]] = _shared(series[group], code.habits[group]).to(like)
    _lean_over(rig, local, torch.from_numpy(series["lean"]).to(like))
    for row, name in enumerate(COLLARS):
        local[:, SMPL_INDEX[name]] = _turns(series["collars"][:, 3 * row : 3 * row + 3]).to(like)
    ends_m, end_turns = _ends(series)
    for row, limb in enumerate(LIMB_JOINTS):
        pose, turned = _guessed(rig, limb, ends_m[:, 3 * row : 3 * row + 3], end_turns, code.rate_hz)
        swivel = _about(pose.end_m, series["swivels"][:, row])
        _bend(local, limb, (swivel @ pose.trunk_from_upper, swivel @ pose.trunk_from_lower, turned))
    return local, torch.from_numpy(series["root"]).to(like)


def _lean(
    rig: Rig, local: Tensor, chest: np.ndarray, habit: Float[np.ndarray, "2 joints 3"]
) -> Float[np.ndarray, "frames 2"]:
    """How far to the left and ahead, in the pelvis's axes, the chest lies from where its turn alone puts it."""
    guessed = local.clone()
    guessed[:, [SMPL_INDEX[name] for name in SPINE]] = _shared(chest, habit).to(local)
    return (_to_chest(rig, local) - _to_chest(rig, guessed))[:, [0, 2]].double().cpu().numpy()


def _lean_over(rig: Rig, local: Tensor, lean_m: Float[Tensor, "frames 2"]) -> None:
    """Turn the lowest joint of the spine so that the chest lies there, and the highest one back."""
    low, middle, high = (SMPL_INDEX[name] for name in SPINE)
    chest = local[:, low] @ local[:, middle] @ local[:, high]
    now_m = _to_chest(rig, local)
    aside_m = torch.stack([lean_m[:, 0], torch.zeros_like(lean_m[:, 0]), lean_m[:, 1]], dim=-1)
    local[:, low] = shortest_arc(now_m, now_m + aside_m, torch.ones_like(now_m)) @ local[:, low]
    local[:, high] = (local[:, low] @ local[:, middle]).mT @ chest


def _to_chest(rig: Rig, local: Tensor) -> Float[Tensor, "frames 3"]:
    """From the lowest joint of the spine to the chest, in the pelvis's axes."""
    low, middle, high = (SMPL_INDEX[name] for name in SPINE)
    reach = local[:, low] @ (rig.offset_m[middle] + (local[:, middle] @ rig.offset_m[high][:, None])[..., 0])[..., None]
    return reach[..., 0]


def _ends(series: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Places and turns of all four ends, in the order of LIMB_JOINTS."""
    parts = ("hands", "feet"), ("hand_turns", "foot_turns")
    ends_m, end_turns = (np.concatenate([series[name] for name in names], axis=1) for names in parts)
    return ends_m, end_turns


def _bend(local: Tensor, limb: LimbName, trunk_from: tuple[Tensor, Tensor, Tensor]) -> None:
    """Set a limb's three joints from the orientations of its bones and its end."""
    root, bend, end = LIMB_JOINTS[limb]
    upper, lower, turned = (turns.to(local) for turns in trunk_from)
    parent = SMPL_PARENTS[root]
    local[:, root] = upper if parent == TRUNK_JOINT[limb] else local[:, parent].mT @ upper
    local[:, bend] = upper.mT @ lower
    local[:, end] = lower.mT @ turned


def _guessed(
    rig: Rig, limb: LimbName, end_m: np.ndarray, end_turns: np.ndarray, rate_hz: float
) -> tuple[LimbPose, Tensor]:
    """What limb mode makes of a path, and how the end is turned."""
    row = list(LIMB_JOINTS).index(limb)
    turned = _turns(end_turns[:, 3 * row : 3 * row + 3])
    there = torch.ones(len(end_m), dtype=torch.bool)
    path = LimbPath(torch.from_numpy(end_m).float(), there, rate_hz, turned.float())
    return solve_limb(_single(rig), limb, path), turned


def _swivels(
    rig: Rig, local: Tensor, kept: tuple[np.ndarray, np.ndarray], rate_hz: float, count: int
) -> Float[np.ndarray, "coefficients 4"]:
    """How far each bend lies from the guessed one about the line from root to end; straight limbs hardly count."""
    world = world_from_joints(SMPL_PARENTS, local)
    joints_m = rig_joints(rig, Pose(world, torch.zeros_like(local[:, 0, 0])))
    ends_m, end_turns = kept
    columns: list[np.ndarray] = []
    for row, (limb, (root, bend, _)) in enumerate(LIMB_JOINTS.items()):
        pose, _ = _guessed(rig, limb, ends_m[:, 3 * row : 3 * row + 3], end_turns, rate_hz)
        to_bend = joints_m[:, bend] - joints_m[:, root]
        true_m = (world[:, TRUNK_JOINT[limb]].mT @ to_bend[..., None])[..., 0].numpy()
        axis = pose.end_m.double().numpy()
        axis = axis / np.linalg.norm(axis, axis=1, keepdims=True).clip(1e-9)
        aside = [place - (place * axis).sum(axis=1, keepdims=True) * axis for place in (pose.bend_m.numpy(), true_m)]
        sine = (np.cross(aside[0], aside[1]) * axis).sum(axis=1)
        angle = np.unwrap(np.arctan2(sine, (aside[0] * aside[1]).sum(axis=1)))
        columns.append(_fitted(angle[:, None], count, weight=np.linalg.norm(aside[1], axis=1) + LEAST_ASIDE_M))
    return np.concatenate(columns, axis=1)


def _about(axis: Tensor, angle: np.ndarray) -> Tensor:
    along = torch.nn.functional.normalize(axis.double(), dim=-1).numpy()
    return _turns(along * angle[:, None]).to(axis)


def _single(rig: Rig) -> Rig:
    """In the precision of the limbs' network."""
    return Rig(
        rig.set_name, rig.pelvis_m.float(), rig.offset_m.float(), rig.point, rig.joint, rig.share.float(),
        rig.lever_m.float(),
    )  # fmt: skip


def _series(rig: Rig, local: Tensor, root_m: Tensor) -> dict[str, np.ndarray]:
    """Everything that is kept, frame by frame."""
    world = world_from_joints(SMPL_PARENTS, local)
    joints_m = rig_joints(rig, Pose(world, root_m))
    ends, turned = [], []
    for limb, (root, _, end) in LIMB_JOINTS.items():
        trunk = world[:, TRUNK_JOINT[limb]].mT
        ends.append((trunk @ (joints_m[:, end] - joints_m[:, root])[..., None])[..., 0])
        turned.append(_unwound(trunk @ world[:, end]))
    chest = world[:, 0].mT @ world[:, SMPL_INDEX["spine3"]]
    head = world[:, SMPL_INDEX["spine3"]].mT @ world[:, SMPL_INDEX["head"]]
    return {
        "root": root_m.double().cpu().numpy(),
        "pelvis": _heading(world[:, 0]),
        "chest": _unwound(chest),
        "head": _unwound(head),
        "collars": np.concatenate([_unwound(local[:, SMPL_INDEX[name]]) for name in COLLARS], axis=1),
        "hands": torch.cat(ends[:2], dim=1).double().cpu().numpy(),
        "feet": torch.cat(ends[2:], dim=1).double().cpu().numpy(),
        "hand_turns": np.concatenate(turned[:2], axis=1),
        "foot_turns": np.concatenate(turned[2:], axis=1),
    }


def _heading(turns: Float[Tensor, "frames 3 3"]) -> Float[np.ndarray, "frames 3"]:
    """The turn about the vertical, unwound, then the tilt's two numbers: nobody who turns round winds up."""
    quaternion = Rotation.from_matrix(turns.double().cpu().numpy()).as_quat()
    yaw = np.unwrap(2 * np.arctan2(quaternion[:, 1], quaternion[:, 3]))
    tilt = Rotation.from_rotvec(-yaw[:, None] * np.array([0.0, 1.0, 0.0])) * Rotation.from_quat(quaternion)
    return np.concatenate([yaw[:, None], tilt.as_rotvec()[:, [0, 2]]], axis=1)


def _from_heading(values: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3 3"]:
    tilt = np.stack([values[:, 1], np.zeros(len(values)), values[:, 2]], axis=1)
    return (Rotation.from_rotvec(values[:, :1] * np.array([0.0, 1.0, 0.0])) * Rotation.from_rotvec(tilt)).as_matrix()


def _unwound(turns: Float[Tensor, "frames 3 3"]) -> Float[np.ndarray, "frames 3"]:
    """Axis times angle, of all that mean the same turn the one nearest to the frame before."""
    found = Rotation.from_matrix(turns.double().cpu().numpy()).as_rotvec()
    for frame in range(1, len(found)):
        angle = max(float(np.linalg.norm(found[frame])), 1e-9)
        axis = found[frame] / angle
        found[frame] += 2 * np.pi * np.round((found[frame - 1] @ axis - angle) / (2 * np.pi)) * axis
    return found


def _habit(local: Tensor, names: tuple[str, ...]) -> Float[np.ndarray, "2 joints 3"]:
    """How joints in a row share a turn: each one's mean, and its share of what goes on top, about each axis."""
    turns = local[:, [SMPL_INDEX[name] for name in names]].double().cpu().numpy()
    means = [Rotation.from_matrix(turns[:, row]).mean() for row in range(len(names))]
    extra = np.stack([(mean.inv() * Rotation.from_matrix(turns[:, row])).as_rotvec() for row, mean in enumerate(means)])
    whole = extra.sum(axis=0)
    share = (extra * whole).sum(axis=1) + LEAST_EXTRA * len(whole) / len(names)
    return np.stack([np.stack([mean.as_rotvec() for mean in means]), share / share.sum(axis=0)])


def _shared(whole: Float[np.ndarray, "frames 3"], habit: Float[np.ndarray, "2 joints 3"]) -> Tensor:
    """Turns of joints in a row that make up the whole, shared as they are used to."""
    wanted, step = Rotation.from_rotvec(whole), np.zeros_like(whole)
    means, shares = habit
    for _ in range(SHARING_ROUNDS):
        made = Rotation.identity(len(whole))
        for mean, share in zip(means, shares, strict=True):
            made = made * Rotation.from_rotvec(mean) * Rotation.from_rotvec(step * share)
        step = step + (made.inv() * wanted).as_rotvec()
    turns = [
        Rotation.from_rotvec(mean) * Rotation.from_rotvec(step * share) for mean, share in zip(*habit, strict=True)
    ]
    return torch.from_numpy(np.stack([turn.as_matrix() for turn in turns], axis=1))


def _turns(values: Float[np.ndarray, "frames 3"]) -> Float[Tensor, "frames 3 3"]:
    return torch.from_numpy(Rotation.from_rotvec(values).as_matrix())


def _count(frames: int, spacing: float) -> int:
    """Coefficients of a spline whose intervals are so many frames long."""
    count = max(DEGREE + 1, round((frames - 1) / spacing) + DEGREE)
    return frames if count > DENSE * frames else count


def _numbers(frames: int, spacing: float) -> int:
    return sum(width * _count(frames, spacing * slower) for width, slower in GROUPS.values())


def _knots(frames: int, count: int) -> Float[np.ndarray, " knots"]:
    inner = np.linspace(0, frames - 1, count - DEGREE + 1)
    return np.concatenate([[inner[0]] * DEGREE, inner, [inner[-1]] * DEGREE])


def _fitted(
    values: Float[np.ndarray, "frames numbers"], count: int, weight: Float[np.ndarray, " frames"] | None = None
) -> Float[np.ndarray, "coefficients numbers"]:
    frames = len(values)
    if count == frames:
        return values
    return make_lsq_spline(np.arange(frames), values, _knots(frames, count), DEGREE, w=weight).c


def _evaluated(kept: Float[np.ndarray, "coefficients numbers"], frames: int) -> Float[np.ndarray, "frames numbers"]:
    if len(kept) == frames:
        return kept
    return BSpline(_knots(frames, len(kept)), kept, DEGREE)(np.arange(frames))
