"""How true joint angles are where the truth is known: python -m benchmark.synthetic_angles --pair TRUTH MOTION ...

A pair is the true motion of a drawn clip and the motion.npz that the pipeline made of it. Angles of the model that
follows the true motion are held against angles that are read off the true rotations in closed form: that is the part
due to stage biomech. Angles of the model that follows the solved motion are held against those of the true motion: the
part due to the video. Beside both stands the floor, a pose frozen at the true mean.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import torch
import tyro
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks
from models.gait import Gait
from models.kinematics import world_from_joints
from models.osim.aliases import three_turns
from models.osim.fit_body import FORWARD_UP_RIGHT, rest_pose
from models.osim.forward import place_bodies, rigid
from models.osim.model import GROUND, Branch, Model
from models.osim.reader import read_model
from models.osim.seeds import angles_about
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from stages import biomech
from stages.contracts import Biomechanics, Motion
from stages.export.osim_gait import gait_of

SIDES: Final = (("r", "right"), ("l", "left"))
DRIVERS: Final[Mapping[str, str]] = {
    "pelvis": "pelvis",
    "lumbar": "spine1",
    "torso": "spine3",
    "head": "head",
    **{
        f"{body}_{letter}": f"{side}_{joint}"
        for letter, side in SIDES
        for body, joint in (
            ("femur", "hip"), ("tibia", "knee"), ("talus", "ankle"), ("calcn", "ankle"), ("toes", "foot"),
            ("clavicle", "collar"), ("humerus", "shoulder"), ("ulna", "elbow"), ("radius", "wrist"),
        )
    },
}  # fmt: skip
"""The joint of SMPL that turns each body; subtalar joint and wrist have no counterpart of their own."""


@dataclass(frozen=True)
class Arguments:
    """Split the error of joint angles into the video's part and the stage's."""

    pair: Annotated[tuple[tuple[Path, Path], ...], tyro.conf.UseAppendAction]
    """True motion and solved motion, in the keys of motion.npz; may be given several times."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Angle:
    """One coordinate over all frames of all pairs, degrees: root mean square and bias (mean of solved minus true)."""

    coordinate: str
    floor_deg: float
    stage_rms_deg: float | None
    stage_bias_deg: float | None
    video_rms_deg: float
    video_bias_deg: float


@dataclass(frozen=True)
class Walk:
    """Gait of the true and of the solved motion, read alike; None where there is none."""

    clip: str
    true: dict[str, float] | None
    solved: dict[str, float] | None
    heel_strike_ms: float | None


def main(arguments: Arguments) -> None:
    """Print and write both tables."""
    closed: list[dict[str, np.ndarray]] = []
    followed: list[tuple[Biomechanics, Biomechanics]] = []
    walks: list[Walk] = []
    for truth_file, motion_file in arguments.pair:
        truth, solved = _in_step(read_motion(truth_file), read_motion(motion_file))
        results = biomech.run(biomech.Config(), truth), biomech.run(biomech.Config(), solved)
        followed.append((results[0], alike(results[1], results[0])))
        closed.append(closed_form(results[0], truth))
        walks.append(_walk(truth_file.stem, *results))
    angles = _angles(followed, closed)
    for row in (*angles, *walks):
        print(*(f"{key} {_short(value)}" for key, value in asdict(row).items()), sep="  ")
    print("mean", *(f"{key} {value:.2f}" for key, value in _means(angles).items()), sep="  ")
    if arguments.json:
        content = {
            "angles": [asdict(row) for row in angles],
            "means": _means(angles),
            "gait": [asdict(w) for w in walks],
        }
        arguments.json.write_text(json.dumps(content, indent=1) + "\n")


def read_motion(file: Path) -> Motion:
    """A motion from a file of the keys of motion.npz; of another body its rotations alone, on the mean shape."""
    with np.load(file) as stored:
        data = {key: stored[key] for key in stored.files}
    frames = len(data["poses"])
    body = load_body("free")
    body, mine = body.to("cpu", torch.float64), str(data["body_sha256"]) == body.sha256
    betas = np.asarray(data["betas"], float) if mine else np.zeros(body.beta_count)
    local = Rotation.from_rotvec(data["poses"].reshape(-1, 3)).as_matrix().reshape(frames, 24, 3, 3)
    pose = tuple(torch.from_numpy(array) for array in (betas, local, np.asarray(data["trans"], float)))
    return Motion(
        rate_hz=round(float(data["mocap_framerate"])),
        timestamps_s=np.asarray(data["timestamps_s"], float),
        observed=np.asarray(data["observed"], bool),
        parent_from_joint=local,
        trans_m=np.asarray(data["trans"], float),
        betas=betas,
        confidence=np.asarray(data["confidence"], float),
        world_from_camera=np.asarray(data["world_from_camera"], float),
        camera_matrix=np.asarray(data["camera_matrix"], float),
        body_model=body.name,
        body_sha256=body.sha256,
        joints_m=pose_joints(body, *pose).numpy(),
        landmarks_m=pose_landmarks(body, *pose).numpy(),
    )


def closed_form(result: Biomechanics, motion: Motion) -> dict[str, Float[np.ndarray, " frames"]]:
    """Angles in radians that true rotations spell out, for joints between two bodies that joints of SMPL turn.

    Each body turns from the rest pose as its joint of SMPL does. Three turns are read off their relative rotation in
    order; of a hinge the twist about its axis, whatever else happens there.
    """
    model = read_model(result.model_xml)
    rest = place_bodies(model, _rest_pose(model, motion))
    world_from_joint = world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint)).numpy()
    turned = result.ground_from_world @ world_from_joint @ FORWARD_UP_RIGHT.T
    ground_from_body = {GROUND: np.broadcast_to(np.eye(3), (len(turned), 3, 3))}
    for body, joint in DRIVERS.items():
        if body in model.body_index:
            start = rest.ground_from_body[model.body_index[body]]
            ground_from_body[body] = turned[:, SMPL_INDEX[joint]] @ start
    found: dict[str, np.ndarray] = {}
    for branch in model.tree:
        ends = [ground_from_body.get(body) for body in (branch.carrier, branch.moved)]
        if ends[0] is not None and ends[1] is not None and not branch.joint.name.startswith("subtalar"):
            found |= _turns(branch, np.swapaxes(ends[0], 1, 2) @ ends[1])
    return found


def alike(result: Biomechanics, other: Biomechanics) -> Biomechanics:
    """The same postures, three turns named as the other names them: (a, b, c) turns as (a + pi, pi - b, c + pi)."""
    model, coordinates = read_model(result.model_xml), result.coordinates.copy()
    for joint in model.joints:
        turns = three_turns(joint)
        if turns is not None:
            columns = [model.coordinate_index[name] for name in turns.names]
            angle, wanted = (q[:, columns] * turns.sign + turns.offset_rad for q in (coordinates, other.coordinates))
            renamed = np.array([np.pi, np.pi, np.pi]) + angle * [1, -1, 1]
            nearer = np.abs(_around(renamed - wanted)).sum(axis=1) < np.abs(_around(angle - wanted)).sum(axis=1)
            chosen = np.where(nearer[:, None], renamed, angle)
            coordinates[:, columns] = (chosen - turns.offset_rad) * turns.sign
    return replace(result, coordinates=coordinates)


def _rest_pose(model: Model, motion: Motion) -> Float[np.ndarray, " coordinates"]:
    body = load_body("free").to("cpu", torch.float64)
    rest = torch.eye(3, dtype=torch.float64).expand(24, 3, 3), torch.zeros(3, dtype=torch.float64)
    joints_m = pose_joints(body, torch.from_numpy(motion.betas), *rest).numpy() @ FORWARD_UP_RIGHT.T
    return rest_pose(model, dict(zip(SMPL_INDEX, joints_m, strict=True)))


def _turns(branch: Branch, carrier_from_moved: Float[np.ndarray, "frames 3 3"]) -> dict[str, np.ndarray]:
    (start, _), (end, _) = rigid(branch.joint.parent), rigid(branch.joint.child)
    relative = start.T @ carrier_from_moved @ end
    turns = three_turns(branch.joint)
    if turns is not None:
        angle = (angles_about(turns.axes, relative) - turns.offset_rad) * turns.sign
        return dict(zip(turns.names, angle.T, strict=True))
    single = [axis for axis in branch.joint.axes if axis.turns and axis.coordinate is not None]
    if len(single) != 1:
        return {}
    quaternion = Rotation.from_matrix(relative).as_quat()
    twist = 2 * np.arctan2(quaternion[:, :3] @ np.array(single[0].direction), quaternion[:, 3])
    return {str(single[0].coordinate): twist}


def _in_step(truth: Motion, solved: Motion) -> tuple[Motion, Motion]:
    """The frames that both hold, by time."""
    pairs = np.abs(truth.timestamps_s[:, None] - solved.timestamps_s[None]) < 0.5 / truth.rate_hz
    rows, columns = np.nonzero(pairs)
    return _some(truth, rows), _some(solved, columns)


def _some(motion: Motion, rows: np.ndarray) -> Motion:
    per_frame = ("timestamps_s", "observed", "parent_from_joint", "trans_m", "confidence", "joints_m", "landmarks_m")
    fields = {name: getattr(motion, name)[rows] for name in per_frame}
    return replace(motion, **fields)


def _angles(followed: list[tuple[Biomechanics, Biomechanics]], closed: list[dict[str, np.ndarray]]) -> list[Angle]:
    first = followed[0][0]
    names = [name for name, turns in zip(first.coordinate_names.tolist(), first.is_rotation, strict=True) if turns]
    index = {name: k for k, name in enumerate(first.coordinate_names.tolist())}
    rows: list[Angle] = []
    for name in names:
        true = [pair[0].coordinates[:, index[name]] for pair in followed]
        video = np.concatenate(
            [pair[1].coordinates[:, index[name]] - t for pair, t in zip(followed, true, strict=True)]
        )
        floor = np.concatenate([t - t.mean() for t in true])
        stage = [t - spelt[name] for t, spelt in zip(true, closed, strict=True) if name in spelt]
        rms, bias = _spread(np.concatenate(stage)) if stage else (None, None)
        rows.append(Angle(name, _spread(floor)[0], rms, bias, *_spread(video)))
    return rows


def _spread(off_rad: np.ndarray) -> tuple[float, float]:
    off = np.degrees(_around(off_rad))
    return float(np.sqrt(np.mean(off**2))), float(off.mean())


def _around(angle_rad: np.ndarray) -> np.ndarray:
    return np.asarray((angle_rad + np.pi) % (2 * np.pi) - np.pi)


def _means(angles: list[Angle]) -> dict[str, float]:
    both = [row for row in angles if row.stage_rms_deg is not None]
    return {
        "floor_deg": float(np.mean([row.floor_deg for row in both])),
        "stage_rms_deg": float(np.mean([row.stage_rms_deg or 0.0 for row in both])),
        "video_rms_deg": float(np.mean([row.video_rms_deg for row in both])),
    }


def _walk(clip: str, true: Biomechanics, solved: Biomechanics) -> Walk:
    true_gait, solved_gait = (gait_of(result, read_model(result.model_xml)) for result in (true, solved))
    off_s: list[float] = []
    for side in ("right", "left"):
        theirs = np.array(_strikes_s(solved_gait, side))
        off_s += [float(np.abs(theirs - time_s).min()) for time_s in _strikes_s(true_gait, side) if len(theirs)]
    return Walk(clip, _figures(true_gait), _figures(solved_gait), float(1000 * np.mean(off_s)) if off_s else None)


def _strikes_s(gait: Gait, side: str) -> list[float]:
    return [event.time_s for event in gait.events if event.kind == "heel_strike" and event.side == side]


def _figures(gait: Gait) -> dict[str, float] | None:
    if gait.absence:
        return None
    return {
        "cadence_per_min": gait.cadence_per_min,
        "speed_m_s": gait.speed_m_s,
        "step_length_m": float(np.mean([step.length_m for step in gait.steps])),
        "steps": float(len(gait.steps)),
    }


def _short(value: object) -> object:
    return f"{value:.3g}" if isinstance(value, float) else value


if __name__ == "__main__":
    main(tyro.cli(Arguments))
