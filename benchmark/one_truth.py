"""One truth: how far each file of a result puts the joints from where motion.npz has them, read by other programs.

    python -m benchmark.one_truth --person outputs/walk/person_0

BVH is read by pybvh, GLB's arrays by pygltflib (its tree is walked here), SMPL parameters are posed by smplx on the
free body, TRC and .osim with .mot are read by OpenSim, C3D by ezc3d, CSV by Python. Nothing that
writes a file reads it.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ezc3d
import numpy as np
import opensim
import pybvh
import pygltflib
import torch
import tyro
from jaxtyping import Float
from scipy.spatial.transform import Rotation
from smplx.lbs import batch_rigid_transform

from benchmark.biomech import quiet
from models.bodies import load_body
from models.bodies.body import rest_joints
from models.osim.full_body_markers import JOINT_MARKERS
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages.export.joint_names import JOINT_NAMES

Joints = Float[np.ndarray, "frames 24 3"]


def main(person: Path) -> None:
    """Print one table.

    Args:
        person: folder with motion.npz and the files beside it.
    """
    with np.load(person / "motion.npz", allow_pickle=False) as archive:
        truth_m = archive["joints_m"]
    print(f"{'file':24s} {'frames':>6s} {'mean mm':>9s} {'worst mm':>9s}")
    for name, read in READERS.items():
        path = find_file(person, name)
        if path is not None:
            error_mm = 1000 * np.linalg.norm(read(path) - truth_m, axis=-1)
            print(f"{path.name:24s} {len(error_mm):6d} {error_mm.mean():9.4f} {error_mm.max():9.4f}")
    model = find_file(person, "_scaled.osim")
    if model is not None:
        error_mm = 1000 * np.linalg.norm(osim_joints(model) - truth_m, axis=-1)
        print(f"{'_scaled.osim with .mot':24s} {len(error_mm):6d} {error_mm.mean():9.4f} {error_mm.max():9.4f}")


def find_file(person: Path, ending: str) -> Path | None:
    """The file of a person's folder whose name goes on like this behind its stem."""
    (bvh,) = person.glob("*.bvh")
    path = person / f"{bvh.stem}{ending}"
    return path if path.exists() else None


def bvh_joints(path: Path, preset: str = "humanik") -> Joints:
    """By pybvh."""
    read = pybvh.read_bvh_file(path)
    names = list(read.joint_names)
    return read.joint_positions()[:, [names.index(JOINT_NAMES[preset][joint]) for joint in SMPL_JOINTS]] / 100  # pyright: ignore[reportArgumentType]


def glb_joints(path: Path, preset: str = "humanik") -> Joints:
    """By pygltflib and the standard's text: local turns and places along the tree of nodes."""
    file = pygltflib.GLTF2().load(str(path))
    assert file is not None
    turns, places = _channels(file)
    tree = _Tree(file)
    placed: dict[int, np.ndarray] = {}
    world: dict[int, Rotation] = {}
    for node in tree.order:
        above = tree.parent.get(node)
        place = places.get(node, np.array([file.nodes[node].translation], float))
        placed[node] = place if above is None else placed[above] + world[above].apply(place)
        world[node] = turns[node] if above is None else world[above] * turns[node]
    names = {str(file.nodes[node].name): node for node in tree.order}
    return np.stack([placed[names[JOINT_NAMES[preset][joint]]] for joint in SMPL_JOINTS], axis=1)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class _Tree:
    """Joints of the first skin, parents first."""

    file: pygltflib.GLTF2

    @property
    def parent(self) -> Mapping[int, int]:
        joints = set(self.file.skins[0].joints or [])
        return {child: node for node in joints for child in self.file.nodes[node].children or []}

    @property
    def order(self) -> list[int]:
        found = [node for node in self.file.skins[0].joints or [] if node not in self.parent]
        for node in found:
            found.extend(self.file.nodes[node].children or [])
        return found


def _channels(file: pygltflib.GLTF2) -> tuple[dict[int, Rotation], dict[int, np.ndarray]]:
    """Rotations and places by node."""
    turns: dict[int, Rotation] = {}
    places: dict[int, np.ndarray] = {}
    (animation,) = file.animations
    for channel in animation.channels:
        values = _numbers(file, animation.samplers[channel.sampler].output)  # pyright: ignore[reportArgumentType, reportCallIssue]
        node = channel.target.node
        assert node is not None
        if channel.target.path == "rotation":
            turns[node] = Rotation.from_quat(values)
        else:
            places[node] = values
    return turns, places


def _numbers(file: pygltflib.GLTF2, accessor: int) -> np.ndarray:
    about = file.accessors[accessor]
    view = file.bufferViews[about.bufferView]  # pyright: ignore[reportArgumentType, reportCallIssue]
    width = {"VEC3": 3, "VEC4": 4}[about.type]
    blob: Any = file.binary_blob()
    return np.frombuffer(blob, "<f4", about.count * width, view.byteOffset or 0).reshape(-1, width).astype(float)


def smpl_joints(path: Path) -> Joints:
    """By smplx's kinematics, on the body that the file names."""
    with np.load(path, allow_pickle=False) as archive:
        poses, betas, trans_m = (torch.from_numpy(archive[key]) for key in ("poses", "betas", "trans"))
        body = load_body(str(archive["body_model"])).to("cpu", torch.float64)
    rest_m = rest_joints(body, betas).expand(len(poses), 24, 3)
    turns = torch.from_numpy(Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix()).reshape(-1, 24, 3, 3)
    tree: tuple[Any, ...] = (turns, rest_m, torch.tensor(SMPL_PARENTS))
    placed_m, _ = batch_rigid_transform(*tree, dtype=torch.float64)
    return (placed_m + trans_m[:, None]).numpy()


def trc_joints(path: Path) -> Joints:
    """By OpenSim."""
    with quiet():
        table = opensim.TimeSeriesTableVec3(str(path))
    assert tuple(table.getColumnLabels()) == SMPL_JOINTS
    assert table.getTableMetaDataString("Units") == "m"
    flat = table.flatten()  # must outlive its matrix
    return flat.getMatrix().to_numpy().reshape(-1, 24, 3).copy()


def c3d_joints(path: Path) -> Joints:
    """By ezc3d; from its Z up."""
    read = ezc3d.c3d(str(path))
    labels = read["parameters"]["POINT"]["LABELS"]["value"]
    x_mm, y_mm, z_mm, _ = read["data"]["points"][:, [labels.index(f"{name}_centre") for name in SMPL_JOINTS]]
    return np.stack([x_mm, z_mm, -y_mm], axis=-1).swapaxes(0, 1) / 1000


def csv_joints(path: Path) -> Joints:
    """By Python's csv."""
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return np.array([[[float(row[f"{name}_{axis}"]) for axis in "xyz"] for name in SMPL_JOINTS] for row in rows])


def osim_joints(path: Path) -> Joints:
    """By OpenSim: the model's markers of the joint centres while it moves as the .mot says, back in the world.

    The model is another body with other joints: it comes near, and does not agree to a tenth of a millimetre.
    """
    motion = path.with_name(path.name.replace("_scaled.osim", ".mot"))
    with quiet():
        model = opensim.Model(str(path))
        state = model.initSystem()
        table = opensim.TimeSeriesTable(str(motion))
    columns = [model.getCoordinateSet().get(label) for label in table.getColumnLabels()]
    is_angle = [column.getMotionType() == 1 for column in columns]
    values = table.getMatrix().to_numpy()
    markers = {joint: model.getMarkerSet().get(marker) for marker, joint in JOINT_MARKERS.items()}
    placed_m = np.empty((len(values), 24, 3))
    for frame, row in enumerate(values):
        for column, angle, value in zip(columns, is_angle, row, strict=True):
            column.setValue(state, float(np.radians(value) if angle else value), False)
        model.realizePosition(state)
        for index, joint in enumerate(SMPL_JOINTS):
            placed_m[frame, index] = markers[joint].getLocationInGround(state).to_numpy()
    return placed_m @ _ground_from_world(path.parent)


def _ground_from_world(person: Path) -> Float[np.ndarray, "3 3"]:
    with np.load(person / "biomech.npz", allow_pickle=False) as archive:
        return archive["ground_from_world"]


READERS: Final[Mapping[str, Callable[[Path], Joints]]] = {
    ".bvh": bvh_joints,
    ".glb": glb_joints,
    "_smpl.npz": smpl_joints,
    "_joints.trc": trc_joints,
    ".c3d": c3d_joints,
    "_joints.csv": csv_joints,
}
"""How every file is read, by what follows its stem."""


if __name__ == "__main__":
    tyro.cli(main)
