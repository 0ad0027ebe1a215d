"""The overlay: right people at the right place on the right frame, in order, a few frames at a time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks
from models.errors import InputError
from models.skeletons import SMPL_INDEX
from stages.contracts import Clip, Motion
from stages.export import overlay
from stages.export.overlay_figures import nearest_samples

GREY = 90
VIDEO = Path("never-read.mp4")
CAMERA = np.array([[220.0, 0, 120], [0, 220.0, 160], [0, 0, 1]])
POSE = np.array([[1.0, 0, 0, 0], [0, -1, 0, 1.0], [0, 0, -1, 0], [0, 0, 0, 1]])


def clip_of(times_s: list[float], width_px: int = 240, height_px: int = 320) -> Clip:
    return Clip(width_px, height_px, np.array(times_s, dtype=float), float("nan"), 0)


def standing(frames: int = 3, start_s: float = 0.0, *, observed: bool = True, z_m: float = -3.0) -> Motion:
    """The free body at rest, a little further right in every frame."""
    body = load_body("free")
    rotation = torch.eye(3).expand(frames, 24, 3, 3)
    trans_m = torch.tensor([[0.1 * frame, 1.0, z_m] for frame in range(frames)])
    arguments = (body, torch.zeros(body.beta_count), rotation, trans_m)
    return Motion(
        rate_hz=30,
        timestamps_s=start_s + np.arange(frames) / 30,
        observed=np.full(frames, observed),
        parent_from_joint=rotation.double().numpy(),
        trans_m=trans_m.double().numpy(),
        betas=np.zeros(body.beta_count),
        confidence=np.ones((frames, 24)),
        world_from_camera=POSE,
        camera_matrix=CAMERA,
        body_model="free",
        body_sha256=body.sha256,
        joints_m=pose_joints(*arguments).double().numpy(),
        landmarks_m=pose_landmarks(*arguments).double().numpy(),
    )


def joint_px(motion: Motion, frame: int, name: str) -> tuple[int, int]:
    point = (motion.joints_m[frame, SMPL_INDEX[name]] - POSE[:3, 3]) @ POSE[:3, :3]
    column, row = (CAMERA @ point)[:2] / point[2]
    return int(row), int(column)


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grey pictures instead of a video, each a shade brighter; the list tells how many were read."""
    taken: list[int] = []

    def read_frames(_video: Path, clip: Clip) -> Iterator[VideoFrame]:
        for index in range(len(clip.timestamps_s)):
            taken.append(index)
            yield grey_frame(clip, GREY + index)

    monkeypatch.setattr(overlay, "read_frames", read_frames)
    return taken


def grey_frame(clip: Clip, grey: int) -> VideoFrame:
    return VideoFrame.from_ndarray(np.full((clip.height_px, clip.width_px, 3), grey, np.uint8))


def drawn(clip: Clip, *motions: Motion, config: overlay.Config | None = None) -> list[np.ndarray]:
    """The overlay in RGB."""
    return [rgb_of(painted) for painted, _ in overlay.draw(config or overlay.Config(), VIDEO, clip, motions)]


def rgb_of(picture: np.ndarray) -> np.ndarray:
    frame = VideoFrame.from_ndarray(picture, format="yuv420p")
    colours = {"src_colorspace": Colorspace.ITU709, "src_color_range": ColorRange.MPEG}
    return frame.reformat(format="rgb24", **colours).to_ndarray()


@pytest.mark.usefixtures("fed")
def test_every_frame_comes_once_and_in_order():
    frames = drawn(clip_of([i / 30 for i in range(50)]))
    np.testing.assert_allclose([frame.mean() for frame in frames], GREY + np.arange(50), atol=1)
    assert all(np.ptp(frame) <= 1 for frame in frames)


@pytest.mark.usefixtures("fed")
def test_the_skeleton_lies_where_the_camera_sees_the_joints():
    motion = standing()
    for index, frame in enumerate(drawn(clip_of([0, 1 / 30, 2 / 30]), motion)):
        for name, colour in (("left_wrist", (255, 140, 40)), ("right_knee", (60, 150, 255)), ("head", (245, 245, 245))):
            np.testing.assert_allclose(frame[joint_px(motion, index, name)].astype(int), colour, atol=40)
        np.testing.assert_allclose(frame[:30], GREY + index, atol=1)


@pytest.mark.usefixtures("fed")
def test_the_skin_lets_the_picture_through():
    motion = standing(1)
    row, column = joint_px(motion, 0, "spine1")
    opaque, clear = (
        drawn(clip_of([0]), motion, config=overlay.Config(opacity=opacity))[0][row, column + 5].astype(int)
        for opacity in (1.0, 0.25)
    )
    np.testing.assert_allclose(clear, 0.75 * GREY + 0.25 * opaque, atol=4)
    assert np.abs(opaque - GREY).max() > 20


@pytest.mark.usefixtures("fed")
def test_the_skin_s_edge_is_soft():
    motion = standing(1)
    (frame,) = drawn(clip_of([0]), motion, config=overlay.Config(opacity=1.0))
    row, column = joint_px(motion, 0, "spine1")
    inward = frame[row, : column - 3].astype(int).sum(axis=-1)
    (edge,) = np.nonzero(np.abs(inward - 3 * GREY) > 9)
    step = np.abs(np.diff(inward[edge[0] - 2 : edge[0] + 4]))
    assert step.max() < 0.6 * np.ptp(inward[edge[0] - 2 : edge[0] + 4])


@pytest.mark.usefixtures("fed")
def test_a_smaller_overlay_shows_the_same_place():
    motion = standing(1)
    (frame,) = drawn(clip_of([0]), motion, config=overlay.Config(long_side_px=160))
    row, column = joint_px(motion, 0, "left_wrist")
    assert frame.shape == (160, 120, 3)
    assert frame[row // 2, column // 2, 0] > 200


@pytest.mark.usefixtures("fed")
def test_an_unseen_pose_is_faint():
    seen, unseen = (drawn(clip_of([0]), standing(1, observed=observed))[0].astype(int) for observed in (True, False))
    faint, full = (np.maximum(np.abs(picture - GREY) - 2, 0).sum() for picture in (unseen, seen))
    assert 0 < faint < 0.5 * full


@pytest.mark.usefixtures("fed")
def test_the_nearer_person_hides_the_one_behind():
    near, far = standing(1), standing(1, z_m=-5.0)
    config = overlay.Config(opacity=1.0)
    both = [drawn(clip_of([0]), *pair, config=config)[0] for pair in ((near, far), (far, near))]
    row, column = joint_px(near, 0, "spine1")
    alone = drawn(clip_of([0]), near, config=config)[0]
    np.testing.assert_array_equal(both[0][row - 8 : row + 8, column + 5], alone[row - 8 : row + 8, column + 5])
    assert (both[1][row, column + 5] != both[0][row, column + 5]).any()  # the first person's tint is another


def test_a_time_takes_the_nearest_sample_within_half_a_step():
    motion = standing(3, start_s=1.0)
    times_s = 1 + np.array([-0.6, -0.4, 0.0, 0.4, 0.6, 1.5, 2.4, 2.6]) / 30
    assert nearest_samples(times_s, motion).tolist() == [-1, 0, 0, 0, 1, 2, 2, -1]


@pytest.mark.usefixtures("fed")
def test_a_motion_is_shown_only_while_it_lasts():
    frames = drawn(clip_of([i / 30 for i in range(40)]), standing(3, start_s=34 / 30))
    touched = [index for index, frame in enumerate(frames) if np.abs(frame.astype(int) - GREY - index).max() > 20]
    assert touched == [34, 35, 36]


def test_only_a_few_frames_are_in_memory(fed: list[int]):
    frames = overlay.draw(overlay.Config(), VIDEO, clip_of([i / 30 for i in range(60)]), (standing(60),))
    for count, _ in enumerate(frames, start=1):
        assert len(fed) <= count + overlay.AHEAD + 1
    assert len(fed) == 60


def test_a_video_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch):
    def broken(_video: Path, clip: Clip) -> Iterator[VideoFrame]:
        yield grey_frame(clip, 0)
        raise InputError("the video ends early", "copy it again")

    monkeypatch.setattr(overlay, "read_frames", broken)
    with pytest.raises(InputError, match="ends early"):
        drawn(clip_of([0, 0.1, 0.2]))


@pytest.mark.parametrize(
    ("width_px", "height_px", "expected"),
    [
        (1920, 1080, (960, 540)),
        (1080, 1920, (540, 960)),
        (639, 481, (638, 480)),
        (1, 1, (2, 2)),
        (960, 719, (960, 718)),
    ],
)
def test_the_overlay_is_even_and_never_enlarged(width_px, height_px, expected):
    assert overlay.overlay_size(overlay.Config(), clip_of([0], width_px, height_px)) == expected


def test_the_same_frames_come_with_nothing_drawn_over_them(fed: list[int]):
    config = overlay.Config(preview_long_side_px=160)
    pairs = list(overlay.draw(config, VIDEO, clip_of([0, 1 / 30, 2 / 30]), (standing(),)))
    assert fed == [0, 1, 2]
    for index, (painted, plain) in enumerate(pairs):
        assert painted.shape == (480, 240)
        assert plain.shape == (240, 120)
        np.testing.assert_allclose(rgb_of(plain), GREY + index, atol=1)


def test_the_overlay_lasts_as_long_as_the_clip():
    assert overlay.rate_hz(overlay.Config(), clip_of([0, 0.04, 0.08, 0.2])) == pytest.approx(15)
    assert overlay.rate_hz(overlay.Config(), clip_of([3.0])) == 1.0


@pytest.mark.parametrize(("rate", "shown"), [(24, 24), (30, 30), (59.94, 29.97), (60, 30), (100, 100 / 3), (240, 30)])
def test_fast_clips_are_thinned_by_whole_steps(rate, shown):
    clip = clip_of((np.arange(241) / rate).tolist())
    assert overlay.rate_hz(overlay.Config(), clip) == pytest.approx(shown)
    assert overlay.rate_hz(overlay.Config(max_rate_hz=1000.0), clip) == pytest.approx(rate)


def test_the_compiler_is_imported_only_to_draw():
    code = "import sys, stages.export.overlay; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
