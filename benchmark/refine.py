"""How much the refinement makes of other estimators' files: `python -m benchmark.refine --mocap MOCAP/test`.

Real motion of people who were kept apart is spoilt as estimators spoil it (heading, constant turns of joints, drift,
depth: training.corrupt.MotionError) and written as GVHMR and WHAM write theirs; keypoints of the true motion with 20 mm
of noise lie beside. Both go through the readers and the stage as a user's would; the person's shape is found from the
keypoints. An error is the mean distance of 22 joints from the true ones, about the pelvis, in the world's axes: heading
counts. Floor: the keypoints alone, without any motion.
"""

import argparse
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from benchmark.ik_cases import Case, draw_windows, make_case
from benchmark.joblib_file import joblib_bytes
from models.bodies import load_body
from models.bodies.regressors import point_names
from models.ik_refine import parent_from_joints
from models.readers.given import Said
from models.retarget.body import posed_points
from models.rig import Pose
from models.skeletons import SMPL_JOINTS
from stages.contracts import RawMotion
from stages.given import refined
from stages.given.refined import Files
from stages.solve import points
from stages.solve.config import Config as SolveConfig
from training.corrupt import PointDamage, corrupt_motion
from training.mocap import read_truth

FRAMES: Final = 100
JOINTS: Final = 22
"""SMPL's hands are no joints of GVHMR's body."""
NOISE_M: Final = 0.02
SET: Final = "smpl24"
NAMES: Final = {"gvhmr": "hmr4d_results.pt", "wham": "wham_output.pkl"}
log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    table = measure(arguments.mocap, arguments.clips)
    print(json.dumps(table, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n")


def measure(mocap: Path, clips: int) -> dict[str, object]:
    """Medians over all frames in millimetres, and the share of frames that became better."""
    body = load_body("free")
    windows = draw_windows(read_truth(mocap), clips, seed=0, frames=FRAMES)
    case = make_case(body, windows, SET, PointDamage(noise_sd_m=NOISE_M), seed=0)
    given = corrupt_motion(
        case.truth.pose, case.problem.rig.offset_m, windows.rate_hz, torch.Generator().manual_seed(7)
    )
    rows: dict[str, list[np.ndarray]] = {}
    with TemporaryDirectory() as folder:
        for clip in range(clips):
            for name, errors in _clip(Path(folder), case, given, clip).items():
                rows.setdefault(name, []).append(errors)
    errors = {name: np.concatenate(parts) for name, parts in rows.items()}
    table: dict[str, object] = {"clips": clips, "frames": int(clips * FRAMES), "keypoints_noise_mm": 1000 * NOISE_M}
    for name in NAMES:
        before, after = errors[f"{name} given"], errors[f"{name} refined"]
        table[name] = {
            "given_mm": _middle(before),
            "refined_mm": _middle(after),
            "share_of_frames_improved": round(float((after < before).mean()), 4),
            "worst_clip_share": round(min(float((a < b).mean()) for a, b in zip(
                rows[f"{name} refined"], rows[f"{name} given"], strict=True)), 4),
        }  # fmt: skip
    return table | {"keypoints_alone_mm": _middle(errors["keypoints alone"])}


def _clip(folder: Path, case: Case, given: Pose, clip: int) -> Mapping[str, np.ndarray]:
    """Errors of one clip, by what was done."""
    joints_m = _true_joints(case, clip)
    _write_points(folder / "points.npz", case, clip)
    local = parent_from_joints(given.world_from_joint[clip]).double().numpy()
    way_m = given.root_m[clip].double().numpy()
    _write_gvhmr(folder / NAMES["gvhmr"], local, way_m)
    _write_wham(folder / NAMES["wham"], local, way_m)
    said = Said(rate_hz=case.windows.rate_hz)
    errors: dict[str, np.ndarray] = {}
    for name, file in NAMES.items():
        files = Files(name, "npz", said, Said(up="y"))
        better = refined.run(refined.Config(), files, folder / file, folder / "points.npz", device="cpu")
        errors[f"{name} refined"] = _away_mm(joints_m, better, better.parent_from_joint)
        errors[f"{name} given"] = _away_mm(joints_m, better, local)
    alone = points.run(SolveConfig(), Said(up="y"), "npz", folder / "points.npz", device="cpu")[0]
    return errors | {"keypoints alone": _away_mm(joints_m, alone, alone.parent_from_joint)}


def _away_mm(true_m: np.ndarray, motion: RawMotion, local: np.ndarray) -> np.ndarray:
    """Of each frame; the given rotations on the same body as the refined ones."""
    body = load_body("free").to("cpu", torch.float64)
    betas = torch.from_numpy(motion.betas).double()
    found_m = posed_points(body, betas, local, motion.trans_m)[0][:, :JOINTS]
    return 1000 * np.linalg.norm((found_m - found_m[:, :1]) - (true_m - true_m[:, :1]), axis=-1).mean(axis=1)


def _true_joints(case: Case, clip: int) -> np.ndarray:
    body = load_body("free").to("cpu", torch.float64)
    local = case.windows.parent_from_joint[clip].double().numpy()
    return posed_points(body, case.problem.betas[clip].double(), local, np.zeros((FRAMES, 3)))[0][:, :JOINTS]


def _write_points(path: Path, case: Case, clip: int) -> None:
    seen = case.problem.keypoints
    places_m = np.where(seen.confidence[clip, ..., None] > 0, seen.points_m[clip], np.nan)
    np.savez(path, joints_m=places_m, names=np.array(point_names(SET)), frame_rate_hz=np.array(seen.rate_hz))


def _rotvec(local: np.ndarray) -> np.ndarray:
    return Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(len(local), len(SMPL_JOINTS), 3)


def _write_gvhmr(path: Path, local: np.ndarray, way_m: np.ndarray) -> None:
    rotvec = _rotvec(local)
    content = {
        "body_pose": rotvec[:, 1:JOINTS].reshape(len(local), -1),
        "global_orient": rotvec[:, 0],
        "transl": way_m,
        "betas": np.zeros((len(local), 10)),
    }
    tensors = {key: torch.from_numpy(value).float() for key, value in content.items()}
    torch.save({"smpl_params_global": tensors, "smpl_params_incam": tensors}, path)


def _write_wham(path: Path, local: np.ndarray, way_m: np.ndarray) -> None:
    frames = len(local)
    person = {
        "pose_world": _rotvec(local).reshape(frames, -1).astype(np.float32),
        "trans_world": way_m.astype(np.float32),
        "betas": np.zeros((frames, 10), np.float32),
        "frame_ids": np.arange(frames),
    }
    path.write_bytes(joblib_bytes({0: person}))


def _middle(errors: np.ndarray) -> float:
    return round(float(np.median(errors)), 2)


if __name__ == "__main__":
    main()
