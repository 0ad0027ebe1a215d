"""A user's SMPL, SMPL-H or SMPL-X file does what the free body does; smplx, read on its own, agrees."""

import io
import logging
import pickle
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import roma
import smplx
import torch
from smplx.vertex_ids import vertex_ids
from torch import Tensor

from models.bodies import body_file, licensed, load_body
from models.bodies.body import (
    Body,
    pose_joints,
    pose_landmarks,
    pose_vertices,
    rest_joints,
    rest_landmarks,
    rest_vertices,
)
from models.bodies.convert import convert, main, own_model
from models.bodies.regressors import point_names, point_sets, pose_points
from models.bodies.smpl_file import read_smpl, smpl_arrays, write_smpl
from models.errors import ConfigError, InputError, OutputError
from models.weights import file_sha256
from tests.models import python2_pickles
from tests.models.smpl_files import JOINTS, VERTICES, smpl_like

FLOAT = torch.float64
KINDS = ("SMPL", "SMPL-H", "SMPL-X")


@pytest.fixture(scope="module")
def arrays() -> dict[str, dict[str, Any]]:
    return {"SMPL": smpl_like("SMPL", 300), "SMPL-H": smpl_like("SMPL-H", 16), "SMPL-X": smpl_like("SMPL-X", 20)}


@pytest.fixture(scope="module")
def files(arrays: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of Python 2's pickles and two of Python 3's, converted."""
    folder = tmp_path_factory.mktemp("licensed")
    for kind, content in arrays.items():
        written = python2_pickles.model(content) if kind == "SMPL" else pickle.dumps(content)
        (folder / f"{kind}.pkl").write_bytes(written)
    return {kind: convert(folder / f"{kind}.pkl") for kind in arrays}


@pytest.fixture(scope="module")
def bodies(files: dict[str, Path]) -> dict[str, Body]:
    return {kind: load_body(str(path)).to("cpu", FLOAT) for kind, path in files.items()}


def _posed(body: Body, frames: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(4)
    betas = torch.randn(frames, body.beta_count, dtype=FLOAT)
    turn = roma.rotvec_to_rotmat(0.5 * torch.randn(frames, 24, 3, dtype=FLOAT))
    return betas, turn, torch.randn(frames, 3, dtype=FLOAT)


def test_a_converted_file_holds_the_arrays_of_the_pickle(files, arrays) -> None:
    for kind, path in files.items():
        with np.load(path, allow_pickle=False) as plain:
            found = {key: plain[key] for key in plain.files}
        expected = dict(arrays[kind]) | {"J_regressor": arrays[kind]["J_regressor"].toarray()}
        parents = expected.pop("kintree_table")[0].astype(int)
        assert found.pop("kintree_table")[0, 1:].tolist() == parents[1:].tolist()
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value)


@pytest.mark.parametrize("kind", KINDS)
def test_skin_and_joints_are_those_of_smplx_s_own_class(bodies, arrays, files, kind, capsys) -> None:
    betas, turn, trans_m = _posed(bodies[kind])
    body = bodies[kind]
    theirs = _by_smplx(kind, arrays[kind], files[kind])(**_their_pose(kind, betas, turn, trans_m), pose2rot=False)
    capsys.readouterr()
    torch.testing.assert_close(pose_vertices(body, betas, turn, trans_m), theirs.vertices, atol=1e-6, rtol=0)
    assert not capsys.readouterr().out
    joints_m = pose_joints(body, betas, turn, trans_m)
    torch.testing.assert_close(joints_m[:, :22], theirs.joints[:, :22], atol=1e-6, rtol=0)
    first = JOINTS[kind] - 30
    knuckles_m = theirs.joints[:, [first, first + 3, first + 6, first + 9]].mean(1)
    hand_m = theirs.joints[:, 22] if kind == "SMPL" else knuckles_m
    torch.testing.assert_close(joints_m[:, 22], hand_m, atol=1e-6, rtol=0)


def _by_smplx(kind: str, content: dict[str, Any], file: Path) -> Any:
    if kind == "SMPL-X":
        hands: dict[str, Any] = {"use_pca": False, "flat_hand_mean": True, "use_face_contour": False, "ext": "npz"}
        return smplx.SMPLXLayer(str(file), num_betas=10, dtype=FLOAT, **hands)
    layer = {"SMPL": smplx.SMPLLayer, "SMPL-H": smplx.SMPLHLayer}[kind]
    dense = dict(content) | {"J_regressor": content["J_regressor"].toarray()}
    dense["kintree_table"] = dense["kintree_table"].astype(np.int64)
    hands = {} if kind == "SMPL" else {"use_pca": False, "flat_hand_mean": True}
    names = dict(vertex_ids["smplh"])
    return layer("", data_struct=SimpleNamespace(**dense), vertex_ids=names, num_betas=10, dtype=FLOAT, **hands)


def _their_pose(kind: str, betas: Tensor, turn: Tensor, trans_m: Tensor) -> dict[str, Tensor]:
    pose = {"betas": betas, "global_orient": turn[:, :1], "transl": trans_m, "body_pose": turn[:, 1:]}
    if kind == "SMPL":
        return pose
    still = torch.eye(3, dtype=FLOAT).expand(len(turn), 15, 3, 3)
    for hand, side in enumerate(("left", "right")):
        fingers = still.clone()
        fingers[:, [0, 3, 6, 9]] = turn[:, 22 + hand, None]
        pose[f"{side}_hand_pose"] = fingers
    return pose | {"body_pose": turn[:, 1:22]}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_body_like_any_other(bodies, files, kind) -> None:
    body = bodies[kind]
    assert (body.beta_count, len(body.template_m)) == (10, VERTICES[kind])
    assert (body.name, body.sha256) == (str(files[kind]), file_sha256(files[kind]))
    assert body_file(str(files[kind])) == files[kind]
    still = torch.eye(3, dtype=FLOAT).expand(3, 24, 3, 3)
    betas, _, trans_m = _posed(body)
    torch.testing.assert_close(
        pose_vertices(body, betas, still, trans_m), rest_vertices(body, betas) + trans_m[:, None], atol=1e-6, rtol=0
    )
    torch.testing.assert_close(rest_joints(body, betas), body.joint_regressor @ rest_vertices(body, betas))
    torch.testing.assert_close(body.skin_weight.sum(1), torch.ones(VERTICES[kind], dtype=FLOAT), atol=1e-6, rtol=0)


def test_a_single_pose_a_grid_of_poses_and_chosen_vertices_agree(bodies) -> None:
    body = bodies["SMPL"]
    betas, turn, trans_m = _posed(body, 4)
    whole = pose_vertices(body, betas[0], turn, trans_m)
    grid = pose_vertices(body, betas[0], turn.reshape(2, 2, 24, 3, 3), trans_m.reshape(2, 2, 3))
    torch.testing.assert_close(grid.flatten(0, 1), whole)
    torch.testing.assert_close(pose_vertices(body, betas[0], turn[1], trans_m[1]), whole[1])
    chosen = torch.tensor([7, 5, 6889])
    torch.testing.assert_close(pose_vertices(body, betas[0], turn, trans_m, chosen), whole[:, chosen])


def test_its_skin_is_differentiable(bodies) -> None:
    betas, turn, trans_m = (part[:1].requires_grad_() for part in _posed(bodies["SMPL"]))
    pose_vertices(bodies["SMPL"], betas, turn, trans_m).square().sum().backward()
    assert all(part.grad is not None and part.grad.abs().max() > 0 for part in (betas, turn, trans_m))


@pytest.mark.parametrize("kind", KINDS)
def test_landmarks_lie_as_on_the_free_body(bodies, kind) -> None:
    """The made files are the free body's own skin, so that a right transfer gives the free body's own landmarks."""
    free = load_body("free").to("cpu", FLOAT)
    here, there = (rest_landmarks(body, body.template_m.new_zeros(body.beta_count)) for body in (bodies[kind], free))
    assert (here - there).norm(dim=-1).max() < 0.012
    assert torch.equal(bodies[kind].landmark_joint, free.landmark_joint)
    betas, turn, trans_m = _posed(bodies[kind])
    assert pose_landmarks(bodies[kind], betas, turn, trans_m).isfinite().all()


@pytest.mark.parametrize("set_name", point_sets())
def test_every_set_of_points_hangs_on_a_licensed_body_too(bodies, set_name) -> None:
    free = load_body("free").to("cpu", FLOAT)
    still, trans_m = torch.eye(3, dtype=FLOAT).expand(24, 3, 3), torch.zeros(3, dtype=FLOAT)
    here, there = (
        pose_points(body, set_name, body.template_m.new_zeros(body.beta_count), still, trans_m)
        for body in (bodies["SMPL"], free)
    )
    assert here.shape == (len(point_names(set_name)), 3)
    assert (here - there).norm(dim=-1).max() < 0.02


@pytest.mark.parametrize("count", [9, 11, 300])
def test_a_wrong_number_of_betas_is_refused_not_cut(bodies, count) -> None:
    _, turn, trans_m = _posed(bodies["SMPL"])
    with pytest.raises(InputError, match=f"10 betas, but {count} were given"):
        pose_vertices(bodies["SMPL"], torch.zeros(3, count, dtype=FLOAT), turn, trans_m)


def test_the_free_body_goes_out_to_smplx_and_comes_back(tmp_path, capsys) -> None:
    assert main(["free", "--out", str(tmp_path)]) == 0
    free = load_body("free").to("cpu", FLOAT)
    betas, turn, trans_m = _posed(free)
    names = dict(free.named_vertices)
    theirs = smplx.SMPLLayer(
        str(tmp_path / "kinetrace_free.pkl"), vertex_ids=names, num_betas=free.beta_count, dtype=FLOAT
    )
    assert "WARNING" not in capsys.readouterr().out
    posed = theirs(betas=betas, global_orient=turn[:, :1], body_pose=turn[:, 1:], transl=trans_m, pose2rot=False)
    skin_m = pose_vertices(free, betas, turn, trans_m)
    torch.testing.assert_close(posed.vertices, skin_m, atol=1e-6, rtol=0)
    torch.testing.assert_close(posed.joints[:, 24], skin_m[:, names["nose"]], atol=1e-6, rtol=0)
    back = load_body(str(tmp_path / "kinetrace_free.npz")).to("cpu", FLOAT)
    assert back.beta_count == free.beta_count
    selector = licensed._model(back.skinned_by, torch.device("cpu"), FLOAT).vertex_joint_selector
    assert selector.extra_joints_idxs[0] == names["nose"]
    torch.testing.assert_close(pose_vertices(back, betas, turn, trans_m), skin_m, atol=1e-6, rtol=0)


def test_the_command_says_what_it_found(files, tmp_path, caplog) -> None:
    caplog.set_level(logging.INFO)
    source = files["SMPL"].with_suffix(".pkl")
    assert main([str(source), "--out", str(tmp_path / "mine.npz")]) == 0
    assert "SMPL, 24 joints, 6,890 vertices, 300 directions of shape" in caplog.text
    assert f"--solve.body {tmp_path / 'mine.npz'}" in caplog.text
    assert [file.name for file in tmp_path.iterdir()] == ["mine.npz"]


def test_a_npz_with_pickled_objects_beside_its_arrays_converts_and_they_stay_closed(tmp_path, arrays) -> None:
    content = dict(arrays["SMPL-X"]) | {"J_regressor": arrays["SMPL-X"]["J_regressor"].toarray()}
    np.savez(tmp_path / "model.npz", joint2num=np.array({"Pelvis": 0}, dtype=object), **content)
    plain = convert(tmp_path / "model.npz", tmp_path / "plain.npz")
    assert read_smpl(plain).kind == "SMPL-X"
    with pytest.raises(ConfigError, match="would take the place"):
        convert(tmp_path / "model.npz")


def _without(arrays: dict[str, Any], **changes: Any) -> dict[str, Any]:
    merged = dict(arrays) | {"J_regressor": arrays["J_regressor"].toarray()} | changes
    return {key: value for key, value in merged.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shapedirs": None}, "has no shapedirs, but"),
        ({"J_regressor": None}, "has no J_regressor"),
        ({"weights": np.zeros((6890, 23))}, r"weights .* shape \(6890, 23\), not \(6890, 24\)"),
        ({"posedirs": np.zeros((207, 20670))}, "posedirs .* no array of 3 axes"),
        ({"v_template": np.zeros((6889, 3))}, r"shape \(6889, 3\)"),
        ({"v_template": np.full((6890, 3), np.nan)}, "v_template .* holds NaN"),
        ({"v_template": np.array([["a"] * 3] * 6890)}, "v_template .* no array"),
        ({"f": np.full((5, 3), 6890)}, "no list of triangles of 6890"),
        ({"kintree_table": np.zeros((2, 24), int)}, "not SMPL's tree"),
        ({"J_regressor": np.zeros((16, 778))}, r"16 joints.*24 \(SMPL\)"),
    ],
)
def test_a_file_that_is_no_model_is_told_what_is_wrong(tmp_path, arrays, changes, told) -> None:
    np.savez(tmp_path / "model.npz", **_without(smpl_like_small(arrays), **changes))
    with pytest.raises(InputError, match=told):
        load_body(str(tmp_path / "model.npz"))


def smpl_like_small(arrays: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """With ten directions, which are quickly written."""
    return dict(arrays["SMPL"]) | {"shapedirs": arrays["SMPL"]["shapedirs"][..., :10]}


def test_nothing_falls_back_to_another_body(tmp_path, files) -> None:
    with pytest.raises(ConfigError, match=r"there is no body at .*SMPL_NEUTRAL\.npz.*free"):
        load_body(str(tmp_path / "SMPL_NEUTRAL.npz"))
    with pytest.raises(InputError, match=r"SMPL\.pkl is a pickle.*models\.bodies\.convert"):
        load_body(str(files["SMPL"].with_suffix(".pkl")))
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(InputError, match="cannot be read"):
        load_body(str(tmp_path / "text.npz"))


@pytest.mark.parametrize("kind", ["claims too much", "packs too much", "is damaged"])
def test_a_hostile_archive_is_told_as_such(tmp_path, kind: str) -> None:
    path = tmp_path / "model.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**45, 3)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v_template.npy", header.getvalue() + bytes(999))
    content = bytearray(path.read_bytes())
    if kind == "packs too much":
        place = content.rindex(b"PK\x01\x02") + 24
        content[place : place + 4] = struct.pack("<I", 2**32 - 2)
    if kind == "is damaged":
        content[60:70] = bytes(10)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read as \.npz"):
        load_body(str(path))


def test_a_skin_of_unknown_vertices_needs_names(tmp_path) -> None:
    own = own_model(load_body("free"))
    content = {key: value for key, value in smpl_arrays(own).items() if key != "vertex_ids"}
    np.savez(tmp_path / "model.npz", **content)
    with pytest.raises(InputError, match="6895 vertices and names none of them"):
        load_body(str(tmp_path / "model.npz"))
    np.savez(tmp_path / "model.npz", vertex_ids=np.array('{"nose": 7000}'), **content)
    with pytest.raises(InputError, match="vertices that it does not have"):
        load_body(str(tmp_path / "model.npz"))


def test_a_file_of_ten_betas_prints_nothing(tmp_path, arrays, capsys) -> None:
    np.savez(tmp_path / "model.npz", **_without(smpl_like_small(arrays)))
    body = load_body(str(tmp_path / "model.npz"))
    pose_vertices(body, torch.zeros(10), torch.eye(3).expand(24, 3, 3), torch.zeros(3))
    assert capsys.readouterr() == ("", "")


def test_an_unwritable_place_leaves_nothing_behind(tmp_path, files) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_smpl(tmp_path / "file" / "model.npz", read_smpl(files["SMPL-H"]))
