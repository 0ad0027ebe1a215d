"""Rotations of other programs stand on the floor as they are; a refinement brings them nearer to the truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmark.joblib_file import joblib_bytes
from models.readers.given import Said
from stages.given import motions, refined, refinement
from stages.given.refined import Files
from tests.stages.given.case import FRAMES, rooted, truth, write_joints


def _rotvec(local: np.ndarray) -> np.ndarray:
    return Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(len(local), -1)


def _write_amass(path: Path, local: np.ndarray) -> None:
    np.savez(path, poses=_rotvec(local), trans=truth().trans_m, betas=np.ones(10), mocap_framerate=30.0, up_axis="y")


def test_rotations_are_the_files_own_and_soles_stand_on_the_floor(tmp_path: Path) -> None:
    _write_amass(tmp_path / "a.npz", truth().local)
    (motion,) = motions.run(motions.Config(), Said(), "amass", tmp_path / "a.npz")
    np.testing.assert_allclose(motion.parent_from_joint, truth().local, atol=1e-9)
    np.testing.assert_allclose(np.diff(motion.trans_m, axis=0), np.diff(truth().trans_m, axis=0), atol=1e-9)
    assert abs(np.quantile(motion.landmarks_m[..., 1].min(axis=1), 0.05)) < 0.05
    assert (motion.betas == 0).all()


def test_a_height_sets_the_body_where_betas_mean_nothing(tmp_path: Path) -> None:
    _write_amass(tmp_path / "a.npz", truth().local)
    tall, small = (
        motions.run(motions.Config(height_m=height_m), Said(), "amass", tmp_path / "a.npz")[0]
        for height_m in (1.95, 1.55)
    )
    assert np.ptp(tall.joints_m[0, :, 1]) > 1.15 * np.ptp(small.joints_m[0, :, 1])


def test_gaps_between_wham_frames_are_filled_and_marked(tmp_path: Path) -> None:
    poses, frames = _rotvec(truth().local).astype(np.float32), np.arange(FRAMES)
    kept = (frames < 10) | (frames >= 14)
    person = {
        "pose_world": poses[kept], "trans_world": truth().trans_m[kept].astype(np.float32),
        "betas": np.zeros((kept.sum(), 10), np.float32), "frame_ids": frames[kept],
    }  # fmt: skip
    (tmp_path / "wham_output.pkl").write_bytes(joblib_bytes({0: person}))
    (motion,) = motions.run(motions.Config(), Said(rate_hz=30.0), "wham", tmp_path / "wham_output.pkl")
    assert (~motion.observed).nonzero()[0].tolist() == [10, 11, 12, 13]
    np.testing.assert_allclose(motion.parent_from_joint, truth().local, atol=1e-3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion with ten degrees on every joint in another world, and shaky points of the true one."""
    folder = tmp_path_factory.mktemp("refine")
    write_joints(folder / "points.npz", "smpl24", noise_m=0.02)
    bias = np.random.default_rng(2).normal(size=(24, 3))
    turn = Rotation.from_rotvec(np.radians(8) * bias / np.linalg.norm(bias, axis=1, keepdims=True)).as_matrix()
    local = truth().local @ turn
    world = Rotation.from_euler("y", 70, degrees=True)
    local[:, 0] = world.as_matrix() @ local[:, 0]
    np.savez(
        folder / "motion.npz", poses=_rotvec(local), trans=world.apply(truth().trans_m) + np.array([3.0, 1, -2]),
        mocap_framerate=30.0, up_axis="y",
    )  # fmt: skip
    return folder


def test_a_refinement_finds_the_world_and_takes_the_errors_out(folder: Path) -> None:
    files = Files("amass", "npz", Said(), Said(up="y"))
    better = refined.run(refined.Config(), files, folder / "motion.npz", folder / "points.npz", device="cpu")
    assert abs(np.degrees(better.turned_world_rad) + 70) < 10
    assert better.observed.all() and not better.motion_refused.any()
    import torch  # noqa: PLC0415

    from models.bodies import load_body  # noqa: PLC0415
    from models.retarget.body import posed_points  # noqa: PLC0415

    body = load_body("free").to("cpu", torch.float64)
    joints_m, _ = posed_points(body, torch.from_numpy(better.betas).double(), better.parent_from_joint, better.trans_m)
    away_m = np.linalg.norm(rooted(joints_m) - rooted(truth().points_m["smpl24"]), axis=-1)
    assert np.median(away_m) < 0.02
    assert np.median(better.away_after_m) < np.median(better.away_before_m)
    report = json.loads(refinement.run(refinement.Config(), better).files["changes.json"])
    assert report["frames"] == FRAMES and report["frames_whose_motion_was_refused"] == []
    assert report["changed"]["left_hip"]["turned_deg"] > 2
    assert report["points_off_body_mm"]["refined"] < report["points_off_body_mm"]["given"]


def test_frames_of_garbage_are_told(folder: Path) -> None:
    content = dict(np.load(folder / "motion.npz"))
    content["poses"][20:25, :3] += np.array([0.0, 0.0, 2.5])
    np.savez(folder / "garbage.npz", **content)
    files = Files("amass", "npz", Said(), Said(up="y"))
    better = refined.run(refined.Config(), files, folder / "garbage.npz", folder / "points.npz", device="cpu")
    report = json.loads(refinement.run(refinement.Config(), better).files["changes.json"])
    assert report["frames_whose_motion_was_refused"] == [[20, 24]]
