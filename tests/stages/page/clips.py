"""Made clips for the page: films whose every picture says its own number, and facts that are hard to write."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stages import page
from stages.contracts import Motion, Quality
from stages.page import Facts, Film, PagePerson
from tests.stages import toy_motion

WIDTH_PX, HEIGHT_PX, BITS = 320, 180, 10
DARK, BRIGHT = 40, 215
GOOD = Quality(
    observed_share=1.0, longest_gap_s=0.0, mean_confidence=0.9, swapped_share=0.0, reprojection_px=2.0,
    reprojection_share=0.006,
)  # fmt: skip
FACTS = Facts(
    title="walk",
    source=(("file", "walk.mp4"),),
    versions=(("kinetrace", "0.1.0"),),
    weights=(("free_body.npz", "CC0-1.0", "0" * 64),),
    warnings=(),
    files=(("person_0/motion.npz", 2000), ("person_0/walk_p0.bvh", 70000), ("track.npz", 100)),
)


def coded_picture(number: int) -> np.ndarray:
    """Vertical bars that are the number's bits, lowest first; dark is 0."""
    bits = [BRIGHT if number >> bit & 1 else DARK for bit in range(BITS)]
    row = np.repeat(bits, WIDTH_PX // BITS).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (HEIGHT_PX, WIDTH_PX, 3)).copy()


def read_code(picture: np.ndarray) -> int:
    """The number that a picture of any size shows."""
    height, width = picture.shape[:2]
    middles = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    return sum(1 << bit for bit, x in enumerate(middles) if picture[height // 2, x].mean() > (DARK + BRIGHT) / 2)


def write_film(path: Path, pictures: Iterable[np.ndarray], rate_hz: float) -> Path:
    """H.264 with a keyframe every 15 pictures and none that refers to a later one."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        options = {"preset": "ultrafast", "crf": "23", "g": "15", "bf": "0"}
        stream = container.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001), options=options)
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def coded_film(folder: Path, count: int, rate_hz: float, times_s: np.ndarray | None = None) -> Film:
    """A film of numbered pictures."""
    path = write_film(folder / "preview.mp4", map(coded_picture, range(count)), rate_hz)
    times_s = np.arange(count) / rate_hz if times_s is None else times_s
    return Film(path, (WIDTH_PX, HEIGHT_PX), times_s, rate_hz, path)


def person(number: int, frames: int, *, first_s: float = 0.0, rate_hz: int = 30, seed: int = 2) -> PagePerson:
    """Somebody who swings all his joints in front of the camera."""
    turn = np.linspace(0, 4, frames)
    root_m = np.stack([0.4 * np.sin(turn), np.full(frames, 1.7), -3.2 + 0.2 * np.cos(turn)], axis=1)
    made = toy_motion.make_body_motion(toy_motion.smooth_rotations(frames, seed), root_m, rate_hz)
    return PagePerson(number, before_camera(made, first_s), GOOD, None)


def before_camera(motion: Motion, first_s: float) -> Motion:
    """The motion from a given time on, seen by a camera one metre up that looks along -Z."""
    return replace(
        motion,
        timestamps_s=first_s + np.arange(len(motion.timestamps_s)) / motion.rate_hz,
        world_from_camera=np.array([[1.0, 0, 0, 0], [0, -1, 0, 1.0], [0, 0, -1, 0], [0, 0, 0, 1]]),
        camera_matrix=np.array([[220.0, 0, 150], [0, 220.0, 95], [0, 0, 1]]),
    )


def moved(someone: PagePerson, by_m: np.ndarray) -> PagePerson:
    """The same person elsewhere before the camera, in a world of his own: another floor, another heading."""
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    lift_m = np.array([0.0, 0.6, 0])
    motion = someone.motion
    pose = motion.world_from_camera.copy()
    pose[:3, :3], pose[:3, 3] = turn @ pose[:3, :3], turn @ pose[:3, 3] + lift_m
    rotation = motion.parent_from_joint.copy()
    rotation[:, 0] = turn @ rotation[:, 0]
    joints_m, landmarks_m = ((points + by_m) @ turn.T + lift_m for points in (motion.joints_m, motion.landmarks_m))
    trans_m = joints_m[:, 0] - (motion.joints_m[:, 0] - motion.trans_m)
    own = {"world_from_camera": pose, "parent_from_joint": rotation, "trans_m": trans_m}
    own |= {"joints_m": joints_m, "landmarks_m": landmarks_m}
    return replace(someone, motion=replace(motion, **own))


def report(film: Film | None, *people: PagePerson, max_embedded_s: float = 60.0, facts: Facts = FACTS) -> bytes:
    """The page as a file."""
    return page.run(page.Config(max_embedded_s), film, people, facts).files["report.html"]
