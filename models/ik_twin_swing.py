"""The swing pass of models/ik_kernels_swing.py in torch: all poses at once, joint after joint."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models import ik_kernels_swing as kernel
from models.ik_limits import HINGE
from models.ik_plan import Plan
from models.ik_twin_turns import Number, Turn, Vector, about, hinge_azimuth, hinge_excess, limit, row_of
from models.ik_wahba import best_turn
from models.rotations import unit
from models.skeletons import SMPL_PARENTS

CHILD = kernel.CHILD.tolist()
TINY = 1e-24


@dataclass(frozen=True, eq=False)
class Scene:
    """Poses in a row: what is seen of each, and what it is guessed to be.

    Attributes:
        plan: ties by joint; lever_m and offset_m below are those of each pose.
        local: guessed rotations against the parents.
        noise_m: of the points, as the swing pass takes it.
    """

    plan: Plan
    lever_m: Float[Tensor, "poses ties 3"]
    offset_m: Float[Tensor, "poses 24 3"]
    seen_m: Float[Tensor, "poses points 3"]
    confidence: Float[Tensor, "poses points"]
    local: Float[Tensor, "poses 24 3 3"]
    swing_sd: Float[Tensor, "poses 24"]
    twist_sd: Float[Tensor, "poses 24"]
    noise_m: Number

    def ties(self, joint: int) -> slice:
        """Those of one joint."""
        return slice(int(self.plan.start[joint]), int(self.plan.start[joint + 1]))

    def shown(self, joint: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where one joint's points are seen, their levers and their confidence, 0 for one with another tie."""
        ties = self.ties(joint)
        point = self.plan.point[ties]
        given = self.confidence[:, point] * self.plan.alone[ties]
        return self.seen_m[:, point], self.lever_m[:, ties], given

    @property
    def noise_var(self) -> Number:
        """Of a point along each axis."""
        return self.noise_m.square() + kernel.FLOOR_M**2


@dataclass(eq=False)
class Growing:
    """A pose that grows from the root: rotations and places in the world, and their variances."""

    world: list[Turn]
    at: list[Vector]
    place_var: list[Number]
    swing_var: list[Number]
    twist_var: list[Number]


def swing_poses(scene: Scene) -> tuple[Growing, Number]:
    """Poses whose bones point to the points, and how far limits moved bones, squared."""
    nothing = torch.zeros_like(scene.noise_m)
    grown, moved = Growing([], [], [], [], []), nothing
    for joint in range(24):
        if joint == 0:
            turned, swing_var, twist_var, trust = _swing_joint(0, scene, grown, scene.local[:, 0])
            _add(grown, turned, swing_var, twist_var)
            at, variance = _place_root(scene, turned, trust)
            grown.at.append(at)
            grown.place_var.append(variance)
            continue
        _place(joint, scene, grown)
        turned, swing_var, twist_var, _ = _swing_joint(joint, scene, grown, scene.local[:, joint])
        _add(grown, turned, swing_var, twist_var)
        _hand_over(joint, scene, grown)
        moved = moved + _settle(joint, scene, grown)
        child = CHILD[joint]
        if child > 0 and row_of(child)[0] == HINGE:
            _look_ahead(joint, child, scene, grown)
            grown.world[joint] = _within(joint, grown)[0]
    return grown, moved


def _add(grown: Growing, turned: Turn, swing_var: Number, twist_var: Number) -> None:
    grown.world.append(turned)
    grown.swing_var.append(swing_var)
    grown.twist_var.append(twist_var)


def _place(joint: int, scene: Scene, grown: Growing) -> None:
    parent, bone_m = SMPL_PARENTS[joint], scene.offset_m[:, joint]
    grown.at.append(grown.at[parent] + (grown.world[parent] @ bone_m[..., None])[..., 0])
    grown.place_var.append(grown.place_var[parent] + bone_m.square().sum(-1) * grown.swing_var[parent])


def doubt_of(miss: Tensor, variance: Tensor) -> Tensor:
    """How much to believe what lies this far off, 0..1."""
    return 1 / (1 + miss * miss / (kernel.OUTLIER_SD**2 * variance))


def _trust(joint: int, scene: Scene, grown: Growing) -> Tensor:
    seen_m, lever_m, given = scene.shown(joint)
    variance = (scene.noise_var + kernel.SLACK_M**2)[:, None]
    apart = (seen_m[:, :, None] - seen_m[:, None]).norm(dim=-1) - (lever_m[:, :, None] - lever_m[:, None]).norm(dim=-1)
    others = given[:, None] * (1 - torch.eye(given.shape[1], dtype=given.dtype, device=given.device))
    fits = 1e-9 + (others * doubt_of(apart, 2 * variance[..., None])).sum(-1)
    count = 1e-9 + others.sum(-1)
    if joint > 0:
        length = (seen_m - grown.at[joint][:, None]).norm(dim=-1) - lever_m.norm(dim=-1)
        fits = fits + doubt_of(length, variance + grown.place_var[joint][:, None])
        count = count + 1
    return given * (fits / count).square()


def _swing_joint(joint: int, scene: Scene, grown: Growing, local: Turn) -> tuple[Turn, Number, Number, Tensor]:
    """A joint's rotation in the world, what stays uncertain across and along its bone, and its points' weights."""
    parent = SMPL_PARENTS[joint]
    guess = local if joint == 0 else grown.world[parent] @ local
    swing_var = scene.swing_sd[:, joint].square() + kernel.SMALL_VAR
    twist_var = scene.twist_sd[:, joint].square() + kernel.SMALL_VAR
    if joint > 0:
        swing_var = swing_var + grown.swing_var[parent] + 0.5 * grown.twist_var[parent]
    seen_m, lever_m, given = scene.shown(joint)
    count = given.shape[1]
    if count == 0:
        return guess, swing_var, twist_var, given
    trust = _trust(joint, scene, grown)
    scale = scene.noise_var + (grown.place_var[joint] if joint > 0 else 0.0)
    if joint > 0:
        posed_m = grown.at[joint][:, None] + lever_m @ guess.mT
        variance = (scale + kernel.SLACK_M**2)[:, None] + lever_m.square().sum(-1) * swing_var[:, None]
        trust = trust * doubt_of((seen_m - posed_m).norm(dim=-1), 2 * variance)
        seen_m = seen_m - grown.at[joint][:, None]
    else:
        share = (trust / trust.sum(-1, keepdim=True).clamp_min(TINY))[..., None]
        seen_m, lever_m = (m - (share * m).sum(-2, keepdim=True) for m in (seen_m, lever_m))
    stiffness = (trust * lever_m.square().sum(-1)).sum(-1)
    hold = _hold(joint, scene, guess, 0.5 * scale / twist_var, scale / swing_var)
    hold = hold + kernel.HOLD_SHARE * stiffness[:, None, None] * guess
    there = stiffness > TINY
    turned = torch.where(there[:, None, None], best_turn((trust[..., None] * seen_m).mT @ lever_m + hold), guess)
    kept = torch.where(there, scale / (scale + stiffness * swing_var), torch.ones_like(scale))
    return turned, swing_var * kept, twist_var * kept if count > 1 else twist_var, trust


def _hold(joint: int, scene: Scene, guess: Turn, across: Number, stiff: Number) -> Turn:
    """What holds a joint to a rotation, as vectors would."""
    held = across[:, None, None] * guess
    if CHILD[joint] < 0:
        return held
    bone = unit(scene.offset_m[:, CHILD[joint]])
    extra = (stiff - 2 * across)[:, None, None]
    return held + extra * (guess @ bone[..., None]) * bone[:, None]


def _place_root(scene: Scene, turned: Turn, trust: Tensor) -> tuple[Vector, Number]:
    world, at = [turned], [torch.zeros_like(turned[..., 0])]
    spots: list[Tensor] = []
    weights: list[Tensor] = []
    variances: list[Tensor] = []
    for joint in range(24):
        if joint > 0:
            parent = SMPL_PARENTS[joint]
            world.append(world[parent] @ scene.local[:, joint])
            at.append(at[parent] + (world[parent] @ scene.offset_m[:, joint, :, None])[..., 0])
        seen_m, lever_m, given = scene.shown(joint)
        reach_m = at[joint][:, None] + lever_m @ world[joint].mT
        far = kernel.NEAR_M**2 + kernel.FAR_SHARE**2 * reach_m.square().sum(-1) if joint > 0 else 0.0 * given
        spots.append(seen_m - reach_m)
        variances.append(scene.noise_var[:, None] + far)
        weights.append((trust if joint == 0 else given) / variances[-1])
    return _robust_mean(torch.cat(spots, 1), torch.cat(weights, 1), torch.cat(variances, 1))


def _robust_mean(spots_m: Tensor, weight: Tensor, variance: Tensor) -> tuple[Vector, Number]:
    middle, total = torch.zeros_like(spots_m[:, 0]), weight.sum(-1)
    for turn in range(4):
        miss = (spots_m - middle[:, None]).norm(dim=-1)
        share = weight * doubt_of(miss, variance + kernel.SLACK_M**2) if turn else weight
        total = share.sum(-1) + TINY
        middle = (share[..., None] * spots_m).sum(-2) / total[:, None]
    return middle, 1 / total


def _within(joint: int, grown: Growing) -> tuple[Turn, Number, Bool[Tensor, " poses"]]:
    """A joint's rotation in the world within its limits, as limit says."""
    parent = grown.world[SMPL_PARENTS[joint]]
    local, moved, changed = limit(joint, parent.mT @ grown.world[joint])
    return torch.where(changed[:, None, None], parent @ local, grown.world[joint]), moved, changed


def _settle(joint: int, scene: Scene, grown: Growing) -> Number:
    """Limits and points in turn, until both are content or patience ends."""
    grown.world[joint], moved, changed = _within(joint, grown)
    for _ in range(kernel.TRIES):
        if not bool(changed.any()):
            break
        local = grown.world[SMPL_PARENTS[joint]].mT @ grown.world[joint]
        turned, *variances, _ = _swing_joint(joint, scene, grown, local)
        grown.world[joint] = torch.where(changed[:, None, None], turned, grown.world[joint])
        grown.swing_var[joint] = torch.where(changed, variances[0], grown.swing_var[joint])
        grown.twist_var[joint] = torch.where(changed, variances[1], grown.twist_var[joint])
        world, again, still = _within(joint, grown)
        grown.world[joint] = torch.where(changed[:, None, None], world, grown.world[joint])
        moved = torch.where(changed, again, moved)
        changed = changed & still
    return torch.where(changed, moved, torch.zeros_like(moved))


def _hand_over(joint: int, scene: Scene, grown: Growing) -> None:
    """Let the upper bone take a turn about itself that the hinge below it does not allow."""
    if row_of(joint)[0] != HINGE:
        return
    upper = SMPL_PARENTS[joint]
    bone = grown.world[joint] @ grown.world[joint].new_tensor(row_of(joint)[1:4])
    excess = hinge_excess(joint, (grown.world[upper].mT @ bone[..., None])[..., 0])
    turned = grown.world[upper] @ about(scene.offset_m[:, joint], excess)
    kept = grown.world[upper]
    grown.world[upper] = torch.where((excess != 0)[:, None, None], turned, kept)
    within = _within(upper, grown)[0]
    grown.world[upper] = torch.where((excess != 0)[:, None, None], within, kept)


def _look_ahead(joint: int, hinge: int, scene: Scene, grown: Growing) -> None:
    """Twist a long bone by what the plane of the bent hinge below it shows."""
    seen_m, lever_m, given = scene.shown(hinge)
    if given.shape[1] == 0:
        return
    bone_m, world = scene.offset_m[:, hinge], grown.world[joint]
    start_m = grown.at[joint] + (world @ bone_m[..., None])[..., 0]
    total = given.sum(-1)
    way_m = (given[..., None] * (seen_m - start_m[:, None])).sum(-2)
    size, length = way_m.norm(dim=-1), (given * lever_m.norm(dim=-1)).sum(-1)
    clear = (total > 0) & (size >= 1e-3 * total)
    total, size = torch.where(clear, total, 1.0), torch.where(clear, size, 1.0)
    azimuth, sine = hinge_azimuth(hinge, (world.mT @ (way_m / size[:, None])[..., None])[..., 0])
    var = scene.noise_var + grown.place_var[joint] + bone_m.square().sum(-1) * grown.swing_var[joint]
    belief = doubt_of((size - length) / total, var + kernel.SLACK_M**2)
    var = (var * (total / size).square() + kernel.SIDE_SD_RAD**2) / (sine.square() + 1e-12)
    share = belief.square() * grown.twist_var[joint] / (grown.twist_var[joint] + var)
    share = torch.where(clear, share, 0.0)
    grown.world[joint] = world @ about(bone_m, share * azimuth)
    grown.twist_var[joint] = grown.twist_var[joint] * (1 - share)
