"""A walk filmed by a camera that pans after the walker: the way he went comes out all the same."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models import camera
from models.bodies import load_body
from models.bodies.body import pose_vertices
from models.raster import Mesh, View, blend, draw_mesh
from pipeline.film import FINE, encode
from stages import detect, frames, ingest, lift, track
from stages.contracts import JointTrack
from tests.rgb_film import as_420

SAMPLE = Path(__file__).parent.parent / "samples" / "walk.mp4"
SIZE_PX = (480, 720)
NARROW = camera.pinhole(1108.5, *SIZE_PX)
"""The sample's lens before a narrower picture: without panning the walker would leave it."""
DOWN_DEG = 5.0
"""How far the sample's camera looks down."""


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    with np.load(SAMPLE.with_name("walk_truth.npz")) as file:
        return dict(file)


def pan_after(truth: dict[str, np.ndarray]) -> np.ndarray:
    """Turns about the camera's own vertical that keep the pelvis in the middle."""
    camera_from_world = np.linalg.inv(truth["world_from_camera"])
    pelvis_m = truth["joints_m"][:, 0] @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    yaw = np.arctan2(pelvis_m[:, 0], pelvis_m[:, 2])
    smooth = np.convolve(np.pad(yaw, 15, mode="edge"), np.hanning(31) / np.hanning(31).sum(), mode="valid")
    return Rotation.from_rotvec(-smooth[:, None] * [0.0, 1.0, 0.0]).as_matrix()


def lifted(video: Path, *turns: bool) -> list[JointTrack]:
    """Lifted with and without the camera's turns, as asked for."""
    clip = ingest.run(ingest.Config(), video)
    seen = detect.run(detect.Config(), video, clip)
    walker = max(track.run(track.Config(), clip, seen), key=lambda person: person.observed.sum())
    settings = lift.Config(focal_length_px=NARROW[0, 0], camera_pitch_deg=DOWN_DEG)
    return [lift.run(dataclasses.replace(settings, camera_turns=taken), clip, seen, walker) for taken in turns]


def walked_m(places_m: np.ndarray) -> float:
    """Length of the way on the floor, of strides and not of sways: from place to place half a second apart."""
    return float(np.linalg.norm(np.diff(places_m[::15, [0, 2]], axis=0), axis=1).sum())


@pytest.fixture(scope="module")
def panned(tmp_path_factory: pytest.TempPathFactory, truth: dict[str, np.ndarray]) -> Path:
    video = tmp_path_factory.mktemp("pan") / "pan.mp4"
    clip = ingest.run(ingest.Config(), SAMPLE)
    narrow_from_wide = [NARROW @ turn @ np.linalg.inv(truth["camera_matrix"]) for turn in pan_after(truth)]
    pictures = (
        cv2.warpPerspective(picture, view, SIZE_PX, flags=cv2.INTER_AREA)
        for picture, view in zip(frames.read(SAMPLE, clip), narrow_from_wide, strict=True)
    )
    encode(map(as_420, pictures), 30.0, video, FINE)
    return video


def test_the_way_of_somebody_filmed_by_a_panning_camera_has_its_true_length(
    panned: Path, truth: dict[str, np.ndarray]
) -> None:
    true_m = walked_m(truth["joints_m"][:, 0])
    found, fooled = lifted(panned, True, False)
    assert found.camera_is_known
    assert np.degrees(Rotation.from_matrix(found.camera_from_steady).magnitude()).max() > 5
    assert walked_m(found.landmarks_m[:, 23:25].mean(axis=1)) == pytest.approx(true_m, rel=0.1)
    assert abs(walked_m(fooled.landmarks_m[:, 23:25].mean(axis=1)) / true_m - 1) > 0.2


def test_before_a_bare_wall_the_way_is_said_to_be_relative(
    tmp_path: Path, truth: dict[str, np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    body, video = load_body("free"), tmp_path / "bare.mp4"
    rows = slice(0, 30)
    rotation = Rotation.from_rotvec(truth["poses"][rows].reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)
    posed = (torch.from_numpy(a).float() for a in (truth["betas"], rotation, truth["trans"][rows]))
    camera_from_world = np.linalg.inv(truth["world_from_camera"])
    skin_m = pose_vertices(body, *posed).double().numpy() @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    bare, view = np.full((*SIZE_PX[::-1], 3), 190, np.uint8), View(NARROW, *SIZE_PX)
    colours = np.full((len(body.template_m), 3), (0.7, 0.45, 0.35))
    pictures = (
        blend(bare, draw_mesh(Mesh(skin @ turn.T, body.faces.numpy(), colours), view))
        for skin, turn in zip(skin_m, pan_after(truth)[rows], strict=True)
    )
    encode(map(as_420, pictures), 30.0, video, FINE)
    assert not lifted(video, True)[0].camera_is_known
    assert "relative to it" in caplog.text
