"""Where inverse kinematics starts: the root laid onto its markers, the limbs scattered over their ranges."""

import numpy as np
from jaxtyping import Bool, Float

from models.osim.aliases import Turns, three_turns
from models.osim.chain import driven_pose
from models.osim.forward import after, carry_markers, inverse, place_bodies, rigid
from models.osim.functions import Polynomial
from models.osim.model import GROUND, Branch, Marker, Model
from models.osim.problem import Chain

MIDDLE = 0.8
"""Limbs are scattered over this part of a range; its ends are seldom right."""
WIDEST_RAD = 1.5
"""Limbs are not scattered farther from zero than this."""
ENOUGH = 3
"""Markers that fix a rigid body."""


def root_poses(
    model: Model, markers: tuple[Marker, ...], target_m: Float[np.ndarray, "frames markers 3"]
) -> Float[np.ndarray, "frames coordinates"]:
    """The default pose, carried to where the markers are, in every frame.

    A joint on the ground with three orthogonal turns and three shifts is laid onto the markers of its own body, or of
    all that it carries where these are fewer than three. Other coordinates stay at their defaults.

    Args:
        model: the model.
        markers: those followed.
        target_m: measured; NaN where not seen.
    """
    poses = np.tile(driven_pose(model), (len(target_m), 1))
    for branch in model.tree:
        turns = three_turns(branch.joint)
        if branch.carrier == GROUND and not branch.backward and turns is not None and _shifts_freely(branch):
            _lay(model, branch, turns, markers, target_m, poses)
    return poses


def scattered(model: Model, chain: Chain, count: int) -> Float[np.ndarray, "count variables"]:
    """Values of the variables: their defaults first, then limbs spread evenly over their ranges.

    Only turns of joints that do not hang on the ground are scattered; NaN stands for: leave it. Even spread: the
    additive recurrence of square roots of primes (Niederreiter 1992, section 3.1).
    """
    roots = {c.name for branch in model.tree if branch.carrier == GROUND for c in branch.joint.coordinates}
    steps = np.sqrt(_primes(len(chain.variable_coordinate))) % 1
    values = np.full((count, len(steps)), np.nan)
    for v, c in enumerate(chain.variable_coordinate):
        coordinate = model.coordinates[c]
        if coordinate.motion == "rotational" and coordinate.name not in roots:
            lower, upper = max(coordinate.lower, -WIDEST_RAD), min(coordinate.upper, WIDEST_RAD)
            share = (0.5 + np.arange(1, count) * steps[v]) % 1
            values[1:, v] = lower + (upper - lower) * (0.5 + MIDDLE * (share - 0.5))
    return values


def limbs(chain: Chain) -> list[tuple[Bool[np.ndarray, " variables"], Bool[np.ndarray, " markers"]]]:
    """Unbranched ends of the tree: which variables move each, and which markers lie on it."""
    segments = len(chain.carrier)
    children = [np.flatnonzero(chain.carrier[1:] == s) + 1 for s in range(segments)]
    branched = np.zeros(segments, bool)
    for s in range(segments - 1, -1, -1):
        branched[s] = len(children[s]) > 1 or branched[children[s]].any()
    found: list[tuple[Bool[np.ndarray, " variables"], Bool[np.ndarray, " markers"]]] = []
    for s in range(1, segments):
        if not branched[s] and branched[chain.carrier[s]]:
            inside = np.zeros(segments, bool)
            inside[s] = True
            for below in range(s + 1, segments):
                inside[below] = inside[chain.carrier[below]]
            moved = inside[chain.column_segment] & (chain.column_variable >= 0)
            mine = np.isin(np.arange(len(chain.variable_coordinate)), chain.column_variable[moved])
            found.append((mine, inside[chain.marker_segment]))
    return found


def _shifts_freely(branch: Branch) -> bool:
    shifts = [axis for axis in branch.joint.axes if not axis.turns and axis.coordinate is not None]
    plain = all(isinstance(a.function, Polynomial) and a.function.coefficients == (0.0, 1.0) for a in shifts)
    return plain and len({axis.coordinate for axis in shifts}) == len(shifts) == 3


def _lay(  # the joint's pose columns are overwritten
    model: Model,
    branch: Branch,
    turns: Turns,
    markers: tuple[Marker, ...],
    target_m: Float[np.ndarray, "frames markers 3"],
    poses: Float[np.ndarray, "frames coordinates"],
) -> None:
    joint, index = branch.joint, model.coordinate_index
    placed, body = place_bodies(model, driven_pose(model)), model.body_index[branch.moved]
    ground_from_end, end_m = after((placed.ground_from_body[body], placed.origin_m[body]), rigid(joint.child))
    local = (carry_markers(model, placed, markers) - end_m) @ ground_from_end
    carried = np.array([_hangs_on(model, marker.body, branch.moved) for marker in markers])
    own = np.array([marker.body == branch.moved for marker in markers])
    seen = ~np.isnan(target_m[..., 0])
    use = seen & np.where((seen & own).sum(axis=1, keepdims=True) >= ENOUGH, own, carried)
    fit = use.sum(axis=1) >= ENOUGH
    turn, shift = _rigid_fit(local, np.nan_to_num(target_m[fit]), use[fit])
    turn, shift = after(inverse(*rigid(joint.parent)), (turn, shift))
    axes = [axis for axis in joint.axes if not axis.turns]
    shifts = shift @ np.linalg.inv(np.array([axis.direction for axis in axes]))
    angles = (angles_about(turns.axes, turn) - turns.offset_rad) * turns.sign
    names = [*(str(axis.coordinate) for axis in axes), *turns.names]
    for name, values in zip(names, np.hstack([shifts, angles]).T, strict=True):
        coordinate = model.coordinates[index[name]]
        bounds = (coordinate.lower, coordinate.upper) if coordinate.clamped else (-np.inf, np.inf)
        poses[fit, index[name]] = np.clip(values, *bounds)


def _rigid_fit(
    local_m: Float[np.ndarray, "markers 3"],
    target_m: Float[np.ndarray, "frames markers 3"],
    use: Bool[np.ndarray, "frames markers"],
) -> tuple[Float[np.ndarray, "frames 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotation and shift that lay local points onto the targets used, by least squares (Kabsch 1976)."""
    weight = use / use.sum(axis=1, keepdims=True)
    middle, goal = weight @ local_m, (weight[..., None] * target_m).sum(axis=1)
    spread = np.einsum("fm,fmi,fmj->fij", weight, target_m - goal[:, None], local_m - middle[:, None])
    left, _, right = np.linalg.svd(spread)
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    turn = left @ right
    return turn, goal - (turn @ middle[..., None])[..., 0]


def angles_about(
    axes: Float[np.ndarray, "3 3"], turn: Float[np.ndarray, "frames 3 3"]
) -> Float[np.ndarray, "frames 3"]:
    """Angles of carried turns about orthogonal axes whose product is the rotation; the middle one within 90 degrees."""
    sign = np.sign(np.linalg.det(axes))
    r = axes @ turn @ axes.T
    first = np.arctan2(-r[:, 1, 2], r[:, 2, 2])
    second = np.arcsin(np.clip(r[:, 0, 2], -1, 1))
    third = np.arctan2(-r[:, 0, 1], r[:, 0, 0])
    return sign * np.stack([first, second, third], axis=1)


def _hangs_on(model: Model, body: str, root: str) -> bool:
    carrier = {branch.moved: branch.carrier for branch in model.tree}
    while body != root and body in carrier:
        body = carrier[body]
    return body == root


def _primes(count: int) -> Float[np.ndarray, " count"]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return np.array(found, float)
