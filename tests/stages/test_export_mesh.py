"""Exported meshes are the body's skin, frame by frame."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest
import torch
import trimesh

from models.bodies import load_body
from models.bodies.body import pose_vertices
from stages import export
from stages.export import mesh
from tests.models.toy_body import plausible_pose
from tests.stages import toy_motion


@pytest.fixture(scope="module")
def motion():
    return toy_motion.make_body_motion(plausible_pose(70, 1).numpy(), toy_motion.smooth_roots_m(120)[:70])


@pytest.fixture(scope="module")
def skin_m(motion):
    return _skin_m(motion)


def _skin_m(motion):
    body = load_body("free").to("cpu", torch.float64)
    pose = [torch.from_numpy(array) for array in (motion.betas, motion.parent_from_joint, motion.trans_m)]
    return pose_vertices(body, *pose).numpy()


def test_the_npz_holds_every_vertex_to_a_tenth_of_a_millimetre(motion, skin_m):
    with np.load(io.BytesIO(mesh.encode_npz(motion)), allow_pickle=False) as read:
        assert read["offsets_m"].dtype == np.float16
        assert np.linalg.norm(_vertices_m(read) - skin_m, axis=-1).max() < 1e-4
        np.testing.assert_array_equal(read["faces"], load_body("free").faces.numpy())
        np.testing.assert_array_equal(read["timestamps_s"], motion.timestamps_s)
        assert (str(read["body_model"]), str(read["body_licence"])) == ("free", "CC0-1.0")
        assert str(read["body_sha256"]) == motion.body_sha256


def test_offsets_too_long_for_half_precision_are_kept_in_single(motion, skin_m, monkeypatch):
    monkeypatch.setattr(mesh, "REACH_M", 0.5)
    with np.load(io.BytesIO(mesh.encode_npz(motion)), allow_pickle=False) as read:
        assert read["offsets_m"].dtype == np.float32
        assert np.linalg.norm(_vertices_m(read) - skin_m, axis=-1).max() < 1e-4


def _vertices_m(read):
    return read["anchors_m"].astype(float)[:, read["anchor"]] + read["offsets_m"]


def test_every_vertex_has_an_anchor_near():
    body = load_body("free")
    skin_m = body.template_m.double().numpy()
    chosen, anchor = mesh.choose_anchors(body)
    assert np.linalg.norm(skin_m - skin_m[chosen[anchor]], axis=1).max() <= mesh.REACH_M
    assert len(chosen) < 400


@pytest.mark.parametrize("form", ["obj", "ply"])
def test_each_frame_is_a_file_that_trimesh_reads(motion, skin_m, form):
    short = _first(motion, 3)
    with zipfile.ZipFile(io.BytesIO(mesh.encode("clip_p0", short, form)[f"clip_p0_{form}.zip"])) as archive:
        assert archive.namelist() == [f"clip_p0_{frame:05d}.{form}" for frame in (1, 2, 3)]
        for frame, name in enumerate(archive.namelist()):
            read = trimesh.load(io.BytesIO(archive.read(name)), file_type=form, process=False)
            np.testing.assert_allclose(read.vertices, skin_m[frame], atol=2e-6)
            np.testing.assert_array_equal(read.faces, load_body("free").faces.numpy())


def _first(motion, frames):
    whole = len(motion.timestamps_s)
    names = [field.name for field in dataclasses.fields(motion)]
    arrays = {name: getattr(motion, name) for name in names if np.shape(getattr(motion, name))[:1] == (whole,)}
    return dataclasses.replace(motion, **{name: array[:frames] for name, array in arrays.items()})


def test_meshes_are_written_only_when_asked_for(motion):
    short = _first(motion, 2)
    assert not any("mesh" in name or ".zip" in name for name in export.run(export.Config(), "clip", short).files)
    with_mesh = export.run(export.Config(mesh="npz"), "clip", short).files
    assert set(with_mesh) - set(export.run(export.Config(), "clip", short).files) == {"clip_mesh.npz"}


def test_equal_motions_give_equal_files(motion):
    short = _first(motion, 2)
    assert mesh.encode("clip", short, "obj") == mesh.encode("clip", short, "obj")


def test_too_many_files_are_told_and_not_written(motion, monkeypatch, caplog):
    monkeypatch.setattr(mesh, "MAX_FILES", 69)
    assert mesh.encode("clip", motion, "ply") == {}
    assert "70 frames are more than 69 files" in caplog.text
    assert list(mesh.encode("clip", motion, "npz")) == ["clip_mesh.npz"]
