"""A model becomes a solved person's: factors from the body's joints at rest, markers where the body's skin has them.

Every factor comes from the rest joints alone, so it is constant over time. A bone with a joint at either end is scaled
alike along x, y and z, by its length. Pelvis, torso, foot and other bodies with joints on several sides are scaled
along each axis by least squares; an axis along which their joints hardly spread takes the body's main factor.

Then the scaled model stands as the body stands at rest, and each marker is put on its body where the body's own skin
has it. In that pose ankle, subtalar and toe joint are zero: the body's sole is flat at rest, so zero means a flat sole.

Works on every model whose bodies have the names of Rajagopal 2016, with or without lumbar body, clavicles and head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.osim.chain_kernels import settle_each
from models.osim.forward import Placed, carry_markers, obey_couplers, place_bodies
from models.osim.ik import FINE, pose_problem
from models.osim.model import Marker, Model, Vector
from models.osim.scaling import scale, weigh
from models.osim.tasks import CoordinateTask, Tasks
from models.osim.trc import Trial
from models.skeletons import SMPL_INDEX

FORWARD_UP_RIGHT: Final = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""Turns SMPL's axes (left, up, forward) into OpenSim's (forward, up, right)."""
SPREAD_M: Final = 0.02
"""Joints that spread less than this along an axis say little about its factor."""
ODD: Final = 2.0
"""No axis is stretched or squeezed more than this beside the body's main factor."""
FIRM, SLACK = 1.0, 1e-6
"""Weights of wanted angles at rest, beside square metres: never to be given up, and only where joints show nothing."""

POINTING: Final = ("hip_flexion", "hip_adduction", "knee_angle", "arm_add", "elbow_flex", "clav_prot", "clav_elev")
"""Coordinates that are free to point limbs at the body's joints; beside a stretched arm, arm_flex turns it in place."""
NEEDED: Final = ("pelvis", "femur_r", "tibia_r", "talus_r", "calcn_r", "torso", "humerus_r", "ulna_r", "radius_r")
ADDED: Final = ("lumbar", "head", "clavicle_r", "clavicle_l")
"""Bodies that Rajagopal 2016 does not have."""
T_POSE_DEG: Final = {"arm_add": -90.0, "pro_sup": 90.0}
"""Coordinates that are not zero when arms are stretched sideways and palms look down."""


@dataclass(frozen=True)
class Fitted:
    """A person's model.

    Attributes:
        model: scaled, weighed, with markers placed.
        factors: along x, y and z of every body.
        rest_pose: coordinates of the body's rest pose, radians and metres; locked ones at their defaults.
    """

    model: Model
    factors: Mapping[str, Vector]
    rest_pose: Float[np.ndarray, " coordinates"]


@dataclass(frozen=True)
class Group:
    """Bodies that are scaled alike.

    Attributes:
        bodies: the first is the one whose axes count; those that a model lacks do not.
        joints: of SMPL, which it joins; the first is where it begins, unless it is loose.
        straight: its length alone counts.
    """

    bodies: tuple[str, ...]
    joints: tuple[str, ...]
    straight: bool = False


def fit_body(
    model: Model,
    rest_joints_m: Float[np.ndarray, "24 3"],
    rest_markers_m: Mapping[str, Float[np.ndarray, "3"]],
    mass_kg: float,
) -> Fitted:
    """Scale a generic model to a body and place its markers.

    Args:
        model: generic; its bodies are named as those of Rajagopal 2016.
        rest_joints_m: SMPL's joints of the body at rest, a T that faces +Z with Y up.
        rest_markers_m: where the body at rest has the model's markers, same axes; a marker that is not among them goes
            where scaling takes it.
        mass_kg: of the person.

    Raises:
        InputError: the model lacks bodies that every such model has, or as `models.osim.scaling`.
    """
    missing = [name for name in NEEDED if name not in model.body_index]
    if missing:
        problem = f"model {model.name!r} has no bodies called {', '.join(missing)}"
        raise InputError(problem, "use a model whose bodies are named as those of Rajagopal 2016")
    joints_m = dict(zip(SMPL_INDEX, rest_joints_m @ FORWARD_UP_RIGHT.T, strict=True))
    factors = factors_for(model, joints_m)
    scaled = weigh(scale(model, factors), mass_kg)
    pose = rest_pose(scaled, joints_m)
    seen = {name: FORWARD_UP_RIGHT @ place for name, place in rest_markers_m.items()}
    return Fitted(_with_markers(scaled, pose, seen), factors, pose)


def joint_points(model: Model) -> dict[str, Marker]:
    """The model's counterparts of SMPL's joints, each on the body that the joint moves."""
    moved = {branch.moved: branch for branch in model.tree}
    found: dict[str, Marker] = {}
    for joint, bodies in _moved_by().items():
        body = next((name for name in bodies if name in moved), None)
        if body is not None:
            branch = moved[body]
            end = branch.joint.parent if branch.backward else branch.joint.child
            found[joint] = Marker(joint, body, end.translation_m)
    if "lumbar" not in moved:
        del found["spine3"]
    return found


def factors_for(model: Model, joints_m: Mapping[str, Float[np.ndarray, "3"]]) -> dict[str, Vector]:
    """Factors of every body that has some, the bodies of Rajagopal 2016 first.

    Args:
        model: generic.
        joints_m: SMPL's joints at rest, x forward, y up, z right.
    """
    points = joint_points(model)
    placed = place_bodies(model, _flat_pose(model))
    factors: dict[str, Vector] = {}
    for group in _groups("lumbar" in model.body_index, "clavicle_r" in model.body_index):
        turn = placed.ground_from_body[model.body_index[group.bodies[0]]]
        ours = np.array([_place(model, placed, points[name]) for name in group.joints]) @ turn
        theirs = np.array([joints_m[name] for name in group.joints]) @ turn
        loose = group.bodies[0] == "pelvis"
        ours, theirs = (p - (p.mean(axis=0) if loose else p[0]) for p in (ours, theirs))
        factor = _factor(ours, theirs, group.straight)
        factors |= {body: factor for body in group.bodies if body in model.body_index}
    for body, like in (("head", "torso"), ("hand_r", "radius_r"), ("hand_l", "radius_l")):
        if body in model.body_index:
            size = factors[like][1]
            factors[body] = (size, size, size)
    ours_last = sorted((body.name for body in model.bodies), key=lambda name: name in ADDED)
    return {name: factors[name] for name in ours_last if name in factors}


def rest_pose(model: Model, joints_m: Mapping[str, Float[np.ndarray, "3"]]) -> Float[np.ndarray, " coordinates"]:
    """How a scaled model stands when the body is at rest.

    Trunk, head, hands and feet keep the orientation of the rest pose; limbs point to the body's joints.
    """
    points = {name: point for name, point in joint_points(model).items() if name not in ("left_foot", "right_foot")}
    start = _flat_pose(model)
    free = [c for c in model.coordinates if not c.locked and c.motion == "rotational"]
    wanted = {c.name: CoordinateTask(_weight(c.name), float(start[model.coordinate_index[c.name]])) for c in free}
    target = np.array([joints_m[name] for name in points])
    standing = replace(model, markers=tuple(points.values()))
    trial = Trial(tuple(points), 1.0, np.zeros(1), target[None])
    tasks = Tasks(dict.fromkeys(points, 1.0), wanted)
    case = pose_problem(standing, trial, tasks).case
    pose = settle_each(case, start[None], np.zeros(1, np.int64), FINE)[0]
    return obey_couplers(model, pose)[0]


def _moved_by() -> dict[str, tuple[str, ...]]:
    """Which body each of SMPL's joints moves; the first one that a model has."""
    single = {"spine1": ("lumbar", "torso"), "spine3": ("torso",), "neck": ("head",)}
    sided = {
        "hip": "femur", "knee": "tibia", "ankle": "talus", "foot": "toes", "collar": "clavicle", "shoulder": "humerus",
        "elbow": "ulna", "wrist": "hand",
    }  # fmt: skip
    sides = (("right", "r"), ("left", "l"))
    return single | {f"{side}_{joint}": (f"{body}_{s}",) for joint, body in sided.items() for side, s in sides}


def _groups(lumbar: bool, clavicles: bool) -> list[Group]:
    hung = "collar" if clavicles else "shoulder"
    around = (f"left_{hung}", f"right_{hung}")
    start = "spine3" if lumbar else "spine1"
    groups = [
        Group(("pelvis",), ("left_hip", "right_hip", "spine1")),
        Group(("torso",), (start, *around, *(("neck",) if lumbar else ()))),
        *([Group(("lumbar",), ("spine1", "spine3"))] if lumbar else []),
    ]
    for side, s in (("right", "r"), ("left", "l")):
        groups += [
            Group((f"femur_{s}",), (f"{side}_hip", f"{side}_knee"), straight=True),
            Group((f"tibia_{s}", f"patella_{s}"), (f"{side}_knee", f"{side}_ankle"), straight=True),
            Group((f"calcn_{s}", f"talus_{s}", f"toes_{s}"), (f"{side}_ankle", f"{side}_foot")),
            Group((f"humerus_{s}",), (f"{side}_shoulder", f"{side}_elbow"), straight=True),
            Group((f"ulna_{s}", f"radius_{s}"), (f"{side}_elbow", f"{side}_wrist"), straight=True),
        ]
        if clavicles:
            groups.append(Group((f"clavicle_{s}",), (f"{side}_collar", f"{side}_shoulder"), straight=True))
    return groups


def _factor(ours: Float[np.ndarray, "joints 3"], theirs: Float[np.ndarray, "joints 3"], straight: bool) -> Vector:
    if straight:
        size = float(np.linalg.norm(theirs[1]) / np.linalg.norm(ours[1]))
        return size, size, size
    main = (ours * theirs).sum() / (ours**2).sum()
    count = len(ours) - 1
    along = ((ours * theirs).sum(axis=0) + count * SPREAD_M**2 * main) / ((ours**2).sum(axis=0) + count * SPREAD_M**2)
    x, y, z = np.clip(along, main / ODD, main * ODD).tolist()
    return x, y, z


def _flat_pose(model: Model) -> Float[np.ndarray, " coordinates"]:
    """The T-pose: all angles zero but those of stretched arms; couplers obeyed."""
    pose = model.default_pose
    for index, coordinate in enumerate(model.coordinates):
        if coordinate.motion == "rotational" and not coordinate.locked:
            pose[index] = np.radians(T_POSE_DEG.get(coordinate.name[:-2], 0.0))
    return obey_couplers(model, pose)


def _weight(coordinate: str) -> float:
    return SLACK if coordinate.startswith(POINTING) else FIRM


def _place(model: Model, placed: Placed, point: Marker) -> Float[np.ndarray, "3"]:
    return carry_markers(model, placed, (point,))[0]


def _with_markers(
    model: Model, pose: Float[np.ndarray, " coordinates"], seen: Mapping[str, Float[np.ndarray, "3"]]
) -> Model:
    placed = place_bodies(model, pose)

    def moved(marker: Marker) -> Marker:
        if marker.name not in seen:
            return marker
        body = model.body_index[marker.body]
        x, y, z = ((seen[marker.name] - placed.origin_m[body]) @ placed.ground_from_body[body]).tolist()
        return replace(marker, location_m=(x, y, z))

    return replace(model, markers=tuple(moved(marker) for marker in model.markers))
