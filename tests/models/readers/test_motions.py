"""Motions of other programs come out as the rotations that went in, with Y up; pickles are read and never run."""

import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from benchmark.joblib_file import joblib_bytes
from models.errors import InputError
from models.readers import amass, gvhmr, phalp, wham
from models.readers.given import BodyMotion, Said
from models.readers.pickles import read_results

FRAMES = 6
RANDOM = np.random.default_rng(3)
ROTVEC = RANDOM.normal(0, 0.3, (FRAMES, 24, 3))
TRANS_M = np.cumsum(RANDOM.normal(0, 0.01, (FRAMES, 3)), axis=0)
BETAS = RANDOM.normal(size=10)
Z_UP = Rotation.from_euler("x", 90, degrees=True)
"""From Y up to Z up."""


def _check(motion: BodyMotion, joints: int) -> None:
    np.testing.assert_allclose(
        motion.parent_from_joint[:, :joints], Rotation.from_rotvec(ROTVEC[:, :joints].reshape(-1, 3))
        .as_matrix().reshape(FRAMES, joints, 3, 3), atol=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(
        motion.parent_from_joint[:, joints:], np.broadcast_to(np.eye(3), (FRAMES, 24 - joints, 3, 3))
    )
    np.testing.assert_allclose(motion.trans_m, TRANS_M, atol=1e-6)
    np.testing.assert_allclose(motion.betas[:10], BETAS, atol=1e-6)


def _z_up() -> tuple[np.ndarray, np.ndarray]:
    rotvec = ROTVEC.copy()
    rotvec[:, 0] = (Z_UP * Rotation.from_rotvec(ROTVEC[:, 0])).as_rotvec()
    return rotvec, Z_UP.apply(TRANS_M)


@pytest.mark.parametrize(("joints", "body"), [(52, "smplh"), (55, "smplx")])
def test_amass_reads_back_with_y_up(tmp_path: Path, joints: int, body: str) -> None:
    rotvec, trans_m = _z_up()
    poses = np.concatenate([rotvec[:, :22], RANDOM.normal(size=(FRAMES, joints - 22, 3))], axis=1)
    rate = "mocap_framerate" if body == "smplh" else "mocap_frame_rate"
    np.savez(
        tmp_path / "a.npz",
        **{"poses": poses.reshape(FRAMES, -1), "trans": trans_m, "betas": np.append(BETAS, [0.0] * 6), rate: 120.0},
        gender=np.array("female"),
    )
    (motion,) = amass.read(tmp_path / "a.npz", Said())
    assert motion.body == body and motion.rate_hz == 120.0
    _check(motion, 22)


def test_smplx_in_parts_reads_back(tmp_path: Path) -> None:
    rotvec, trans_m = _z_up()
    np.savez(
        tmp_path / "a.npz", root_orient=rotvec[:, 0], pose_body=rotvec[:, 1:22].reshape(FRAMES, -1), trans=trans_m,
        betas=BETAS, mocap_frame_rate=30.0, surface_model_type=np.array("smplx"),
    )  # fmt: skip
    (motion,) = amass.read(tmp_path / "a.npz", Said())
    assert motion.body == "smplx"
    _check(motion, 22)


def test_y_up_is_taken_from_the_file_or_the_user(tmp_path: Path) -> None:
    own = {"poses": ROTVEC.reshape(FRAMES, 72), "trans": TRANS_M, "betas": BETAS, "mocap_framerate": np.array(30.0)}
    np.savez(tmp_path / "a.npz", **own, up_axis=np.array("y"))
    _check(amass.read(tmp_path / "a.npz", Said())[0], 24)
    np.savez(tmp_path / "a.npz", **own)
    _check(amass.read(tmp_path / "a.npz", Said(up="y"))[0], 24)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"poses": np.zeros((FRAMES, 70))}, "70 numbers"),
        ({"trans": np.zeros((3, 3))}, "3 frames"),
        ({"mocap_framerate": None}, "--rate"),
        ({"poses": np.full((FRAMES, 72), np.nan)}, "NaN"),
        ({"poses": np.full((FRAMES, 72), 90.0)}, "degrees"),
        ({"trans": np.cumsum(np.full((FRAMES, 3), 30.0), axis=0)}, "m/s"),
        ({"up_axis": np.array("x")}, "up_axis"),
    ],
)
def test_what_is_wrong_with_amass_is_said(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    own: dict[str, Any] = {"poses": ROTVEC.reshape(FRAMES, 72), "trans": TRANS_M, "mocap_framerate": np.array(30.0)}
    np.savez(tmp_path / "a.npz", **{key: value for key, value in (own | change).items() if value is not None})
    with pytest.raises(InputError, match=words):
        amass.read(tmp_path / "a.npz", Said())


def _gvhmr() -> dict[str, Any]:
    def params(trans_m: np.ndarray) -> dict[str, torch.Tensor]:
        return {
            "body_pose": torch.from_numpy(ROTVEC[:, 1:22].reshape(FRAMES, 63)).float(),
            "betas": torch.from_numpy(BETAS).float().expand(FRAMES, 10),
            "global_orient": torch.from_numpy(ROTVEC[:, 0]).float(),
            "transl": torch.from_numpy(trans_m).float(),
        }

    return {
        "smpl_params_global": params(TRANS_M),
        "smpl_params_incam": params(TRANS_M + 5),
        "K_fullimg": torch.eye(3).repeat(FRAMES, 1, 1),
        "net_outputs": {"static_conf_logits": torch.zeros(1, FRAMES, 6), "mask": torch.ones(FRAMES, dtype=torch.bool)},
    }


def test_gvhmr_reads_back(tmp_path: Path) -> None:
    torch.save(_gvhmr(), tmp_path / "hmr4d_results.pt")
    (motion,) = gvhmr.read(tmp_path / "hmr4d_results.pt", Said())
    assert motion.rate_hz == 30.0 and motion.body == "smplx"
    _check(motion, 22)
    assert gvhmr.read(tmp_path / "hmr4d_results.pt", Said(rate_hz=25.0))[0].rate_hz == 25.0


def _wham() -> dict[int, dict[str, np.ndarray]]:
    one = {
        "pose": ROTVEC.reshape(FRAMES, 72).astype(np.float32),
        "trans": TRANS_M.astype(np.float32) + 4,
        "pose_world": ROTVEC.reshape(FRAMES, 72).astype(np.float32),
        "trans_world": TRANS_M.astype(np.float32),
        "betas": np.tile(BETAS, (FRAMES, 1)).astype(np.float32),
        "verts": np.zeros((FRAMES, 4, 3), np.float32),
        "frame_ids": np.arange(10, 10 + FRAMES),
    }
    return {0: {key: value[:3] for key, value in one.items()}, 1: one}


@pytest.mark.parametrize("packed", [False, True])
def test_wham_reads_back_everybody(tmp_path: Path, packed: bool) -> None:
    content = joblib_bytes(_wham())
    (tmp_path / "wham_output.pkl").write_bytes(zlib.compress(content) if packed else content)
    first, second = wham.read(tmp_path / "wham_output.pkl", Said(rate_hz=25.0))
    assert first.label == "1" and first.frame_index.tolist() == list(range(10, 10 + FRAMES))
    assert second.label == "0" and len(second.frame_index) == 3
    _check(first, 24)
    with pytest.raises(InputError, match="--rate"):
        wham.read(tmp_path / "wham_output.pkl", Said())


def test_wham_saved_as_a_plain_pickle_reads_back(tmp_path: Path) -> None:
    (tmp_path / "wham_output.pkl").write_bytes(pickle.dumps(_wham()))
    _check(wham.read(tmp_path / "wham_output.pkl", Said(rate_hz=25.0))[0], 24)


def test_phalp_reads_back_what_was_seen(tmp_path: Path) -> None:
    """Y points down in the camera: half a turn about x."""
    camera = Rotation.from_euler("x", 180, degrees=True)
    frames: dict[str, dict[str, Any]] = {}
    for frame in range(FRAMES):
        turns = Rotation.from_rotvec(ROTVEC[frame]).as_matrix()
        turns[0] = (camera * Rotation.from_rotvec(ROTVEC[frame, 0])).as_matrix()
        pose = {
            "global_orient": turns[:1].astype(np.float32),
            "body_pose": turns[1:].astype(np.float32),
            "betas": BETAS.astype(np.float32),
        }
        frames[f"outputs/{frame:06d}.jpg"] = {
            "time": frame, "shot": 0, "frame_path": f"outputs/{frame:06d}.jpg", "tid": [7], "smpl": [pose],
            "tracked_time": [0], "camera": [np.zeros(3, np.float32)],
        }  # fmt: skip
    frames["outputs/guess.jpg"] = {"time": FRAMES, "tid": [7], "smpl": [pose], "tracked_time": [2]}
    (tmp_path / "demo_walk.pkl").write_bytes(zlib.compress(joblib_bytes(frames), 3))
    (motion,) = phalp.read(tmp_path / "demo_walk.pkl", Said(rate_hz=30.0))
    assert not motion.has_way and motion.label == "7" and motion.frame_index.tolist() == list(range(FRAMES))
    np.testing.assert_allclose(
        motion.parent_from_joint, Rotation.from_rotvec(ROTVEC.reshape(-1, 3)).as_matrix().reshape(FRAMES, 24, 3, 3),
        atol=1e-5,
    )  # fmt: skip


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch evil",)


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_file_that_would_run_something_is_refused_and_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pkl"
    if writer == "torch":
        torch.save({"smpl_params_global": _Evil()}, path)
    else:
        path.write_bytes(pickle.dumps({"a": _Evil()}))
    with pytest.raises(InputError, match="nothing of it was run"):
        read_results(path)
    assert not (tmp_path / "evil").exists()


def test_bombs_are_refused_before_they_grow(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pkl"
    path.write_bytes(zlib.compress(joblib_bytes({"a": [1]})[:-1]))
    with pytest.raises(InputError):
        read_results(path)
    torch.save({"a": torch.zeros(1).expand(2**29)}, path)
    with pytest.raises(InputError, match="beyond its storage"):
        read_results(path)
    deep: list[Any] = []
    for _ in range(40):
        deep = [deep, deep]
    path.write_bytes(pickle.dumps({"a": deep}))
    with pytest.raises(InputError, match="deep"):
        read_results(path)


def test_shared_lists_are_made_once(tmp_path: Path) -> None:
    wide: Any = np.zeros(3)
    for _ in range(8):
        wide = [wide] * 100
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": wide}))
    read_results(tmp_path / "a.pkl")


@pytest.mark.parametrize("keep", [0, 1, 10, 200, 900])
@pytest.mark.parametrize("kind", ["wham", "gvhmr"])
def test_a_cut_file_is_refused(tmp_path: Path, kind: str, keep: int) -> None:
    path = tmp_path / "cut"
    if kind == "gvhmr":
        torch.save(_gvhmr(), path)
    else:
        path.write_bytes(joblib_bytes(_wham()))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError):
        (gvhmr if kind == "gvhmr" else wham).read(path, Said(rate_hz=30.0))


@pytest.mark.parametrize("content", [{}, {"smpl_params_global": 3}, {"smpl_params_global": {"body_pose": 1}}, [1]])
def test_other_contents_are_refused_by_name(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"smpl_params_global|body_pose"):
        gvhmr.read(tmp_path / "a.pt", Said())
