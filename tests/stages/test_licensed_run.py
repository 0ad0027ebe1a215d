"""From landmarks to files on a user's own body, and on the free one where smplx does not exist."""

import io
import json
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import Body, pose_joints, pose_vertices
from models.bodies.convert import convert
from stages import denoise, export, solve
from stages.contracts import Motion
from tests.models.smpl_files import smpl_like
from tests.stages.toy_track import moving_pose, toy_track

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "walk.mp4"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("own") / "SMPL_NEUTRAL.pkl"
    source.write_bytes(pickle.dumps(smpl_like("SMPL")))
    return convert(source)


@pytest.fixture(scope="module")
def body(file: Path) -> Body:
    return load_body(str(file)).to("cpu", torch.float64)


@pytest.fixture(scope="module")
def motion(file: Path, body: Body) -> Motion:
    raw = solve.run(solve.Config(body=str(file)), toy_track(body), device="cpu")
    return denoise.run(denoise.Config(), raw, device="cpu")


def test_solving_names_the_file_and_depends_on_it(file: Path, motion: Motion) -> None:
    assert solve.reads(solve.Config(body=str(file)))[0] == file
    assert (motion.body_model, len(motion.betas)) == (str(file), 10)
    assert motion.body_sha256 == load_body(str(file)).sha256


def test_joints_are_met_as_well_as_on_the_free_body(body: Body, motion: Motion) -> None:
    free = load_body("free").to("cpu", torch.float64)
    raw = solve.run(solve.Config(), toy_track(free), device="cpu")
    on_free = _joint_error_m(free, denoise.run(denoise.Config(), raw, device="cpu"))
    assert _joint_error_m(body, motion) < 1.2 * on_free + 0.002


def _joint_error_m(body: Body, motion: Motion) -> float:
    betas = torch.linspace(-1, 1, body.beta_count, dtype=torch.float64)
    made_m = pose_joints(body, betas, *moving_pose()).numpy()
    return float(np.linalg.norm(motion.joints_m - made_m, axis=-1).mean())


def test_every_format_is_written_of_the_user_s_body_and_none_tells_its_folder(
    file: Path, body: Body, motion: Motion
) -> None:
    files = export.run(export.Config(mesh="npz"), "clip_p0", motion).files
    assert not [name for name, content in files.items() if str(file.parent).encode() in content]
    with np.load(io.BytesIO(files["clip_p0_mesh.npz"]), allow_pickle=False) as mesh:
        vertices_m = mesh["anchors_m"].astype(float)[:, mesh["anchor"]] + mesh["offsets_m"]
        assert "makers" in str(mesh["body_licence"])
    pose = [torch.from_numpy(array) for array in (motion.betas, motion.parent_from_joint, motion.trans_m)]
    assert np.linalg.norm(vertices_m - pose_vertices(body, *pose).numpy(), axis=-1).max() < 1e-4
    with np.load(io.BytesIO(files["clip_p0_smpl.npz"]), allow_pickle=False) as smpl:
        assert (str(smpl["body_model"]), str(smpl["body_sha256"])) == (file.name, motion.body_sha256)
    glb = files["clip_p0.glb"]
    (length,) = struct.unpack("<I", glb[12:16])
    scene = json.loads(glb[20 : 20 + length])
    assert file.name in scene["asset"]["copyright"]
    assert scene["accessors"][scene["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]["count"] == 6890


def test_the_default_run_needs_no_smplx(tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["smplx"] = sys.modules["chumpy"] = None  # importing them fails from here on
import run_pipeline
sys.exit(run_pipeline.main([{str(SAMPLE)!r}, "--outputs", {str(tmp_path)!r}, "--max-frames", "24"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=300, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "walk" / "person_0" / "motion.npz").is_file()


def test_without_smplx_a_licensed_body_fails_instead_of_becoming_another(file: Path) -> None:
    program = f"""
import sys
sys.modules["smplx"] = None
from models.bodies import load_body
load_body({str(file)!r})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1 and "smplx" in done.stderr
