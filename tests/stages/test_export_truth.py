"""One truth: every file, read back by a reader that is not ours, has the motion's joints in the same places."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import ezc3d
import numpy as np
import opensim
import pybvh
import pytest
import torch
from scipy.spatial.transform import Rotation
from smplx.lbs import batch_rigid_transform

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages import export
from stages.contracts import Motion
from stages.export.joint_names import JOINT_NAMES
from tests.stages import toy_motion
from tests.stages.glb_player import node_matrices, read_glb

FRAMES = 150
HUMANIK = JOINT_NAMES["humanik"]


@pytest.fixture(scope="module")
def motion() -> Motion:
    rotation, root_m = toy_motion.smooth_rotations(FRAMES, seed=9), toy_motion.smooth_roots_m(FRAMES)
    return toy_motion.make_body_motion(rotation, root_m, rate_hz=60)


@pytest.fixture(scope="module")
def folder(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("person_0")
    for name, content in export.run(export.Config(), "clip_p0", motion).files.items():
        (made / name).write_bytes(content)
    return made


def motion_npz(folder: Path) -> np.ndarray:
    with np.load(folder / "motion.npz", allow_pickle=False) as archive:
        return archive["joints_m"]


def bvh(folder: Path) -> np.ndarray:
    read = pybvh.read_bvh_file(folder / "clip_p0.bvh")
    return read.joint_positions()[:, [read.joint_names.index(HUMANIK[name]) for name in SMPL_JOINTS]] / 100


def glb(folder: Path) -> np.ndarray:
    read = read_glb((folder / "clip_p0.glb").read_bytes())
    nodes = [read.named(HUMANIK[name]) for name in SMPL_JOINTS]
    return np.stack([node_matrices(read, time_s)[nodes, :3, 3] for time_s in read.times_s])


def smpl(folder: Path) -> np.ndarray:
    with np.load(folder / "clip_p0_smpl.npz", allow_pickle=False) as archive:
        poses, betas, trans_m = (torch.from_numpy(archive[key]) for key in ("poses", "betas", "trans"))
        body = load_body(str(archive["body_model"])).to("cpu", torch.float64)
    rest_m = rest_joints(body, betas).expand(len(poses), 24, 3)
    rotation = torch.from_numpy(Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix()).reshape(-1, 24, 3, 3)
    placed_m, _ = batch_rigid_transform(rotation, rest_m, torch.tensor(SMPL_PARENTS), dtype=torch.float64)
    return (placed_m + trans_m[:, None]).numpy()


def trc(folder: Path) -> np.ndarray:
    opensim.Logger.setLevelString("Off")
    table = opensim.TimeSeriesTableVec3(str(folder / "clip_p0_joints.trc"))
    assert tuple(table.getColumnLabels()) == SMPL_JOINTS
    assert table.getTableMetaDataString("Units") == "m"
    flat = table.flatten()  # must outlive its matrix
    return flat.getMatrix().to_numpy().reshape(-1, 24, 3).copy()


def c3d(folder: Path) -> np.ndarray:
    read = ezc3d.c3d(str(folder / "clip_p0.c3d"))
    labels = read["parameters"]["POINT"]["LABELS"]["value"]
    x_mm, y_mm, z_mm, _ = read["data"]["points"][:, [labels.index(f"{name}_centre") for name in SMPL_JOINTS]]
    return np.stack([x_mm, z_mm, -y_mm], axis=-1).swapaxes(0, 1) / 1000


def joints_csv(folder: Path) -> np.ndarray:
    rows = list(csv.DictReader(io.StringIO((folder / "clip_p0_joints.csv").read_text())))
    return np.array([[[float(row[f"{name}_{axis}"]) for axis in "xyz"] for name in SMPL_JOINTS] for row in rows])


@pytest.mark.parametrize(
    ("read", "tolerance_m"),
    [(motion_npz, 0), (bvh, 1e-4), (glb, 2e-4), (smpl, 1e-4), (trc, 1e-4), (c3d, 1e-4), (joints_csv, 1e-4)],
)
def test_every_format_has_the_joints_in_the_same_places(
    read: Callable[[Path], np.ndarray], tolerance_m: float, folder: Path, motion: Motion
) -> None:
    found_m = read(folder)
    assert found_m.shape == motion.joints_m.shape
    error_m = np.linalg.norm(found_m - motion.joints_m, axis=-1).max()
    print(f"{read.__name__}: {1000 * error_m:.5f} mm")
    assert error_m <= tolerance_m
