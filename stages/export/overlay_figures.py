"""Poses the people of every frame in the camera's frame, many frames at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Int

from models.bodies import load_body
from models.bodies.body import Body, pose_vertices, rest_joints
from models.camera import camera_from_world
from models.devices import single_thread
from stages.contracts import Motion

CHUNK: Final = 32
"""Frames whose skin is posed at once: enough to be fast, few enough to be small."""


@dataclass(frozen=True, eq=False)
class Figure:
    """One posed person in the camera's frame.

    Attributes:
        person: index into the motions.
        observed: False where the pose is inferred and nobody was seen.
        camera_matrix: of the full picture.
    """

    person: int
    observed: bool
    vertices_m: Float32[np.ndarray, "vertices 3"]
    faces: Int[np.ndarray, "faces 3"]
    joints_m: Float[np.ndarray, "24 3"]
    camera_matrix: Float[np.ndarray, "3 3"]


def figures_by_frame(
    timestamps_s: Float[np.ndarray, " frames"], motions: tuple[Motion, ...]
) -> Iterator[tuple[Figure, ...]]:
    """Yield everybody who has a pose within half a step of each time stamp."""
    bodies = {motion.body_model: load_body(motion.body_model) for motion in motions}
    for start in range(0, len(timestamps_s), CHUNK):
        times_s = timestamps_s[start : start + CHUNK]
        columns = [
            _figures_of(person, motion, bodies[motion.body_model], times_s) for person, motion in enumerate(motions)
        ]
        for frame in range(len(times_s)):
            yield tuple(figure for column in columns if (figure := column[frame]) is not None)


def nearest_samples(times_s: Float[np.ndarray, " frames"], motion: Motion) -> Int[np.ndarray, " frames"]:
    """Index of the motion's sample nearest to each time; -1 where it is further away than half a step."""
    position = (times_s - motion.timestamps_s[0]) * motion.rate_hz
    index = np.clip(np.round(position), 0, len(motion.timestamps_s) - 1).astype(int)
    return np.where(np.abs(position - index) <= 0.5 + 1e-6, index, -1)


def _figures_of(person: int, motion: Motion, body: Body, times_s: Float[np.ndarray, " frames"]) -> list[Figure | None]:
    sample = nearest_samples(times_s, motion)
    wanted, place = np.unique(sample[sample >= 0], return_inverse=True)
    placed = camera_from_world(motion.world_from_camera, motion.camera_from_steady, len(motion.joints_m))[wanted]
    skin_m = _skin(motion, body, wanted, placed)
    joints_m = motion.joints_m[wanted] @ np.swapaxes(placed[:, :, :3], 1, 2) + placed[:, None, :, 3]
    faces = body.faces.numpy()
    figures: list[Figure | None] = [None] * len(times_s)
    for frame, row in zip(np.flatnonzero(sample >= 0).tolist(), place.tolist(), strict=True):
        observed = bool(motion.observed[wanted[row]])
        figures[frame] = Figure(person, observed, skin_m[row], faces, joints_m[row], motion.camera_matrix)
    return figures


@single_thread()
def _skin(
    motion: Motion, body: Body, samples: Int[np.ndarray, " chosen"], placed: Float[np.ndarray, "chosen 3 4"]
) -> Float32[np.ndarray, "chosen vertices 3"]:
    """The skin in the camera's frame: the root is carried there before the body is posed, not every vertex after."""
    betas = torch.from_numpy(motion.betas).to(body.template_m.dtype)
    pelvis_m = rest_joints(body, betas)[0].double().numpy()
    turn, shift_m = placed[:, :, :3], placed[:, :, 3]
    rotation = motion.parent_from_joint[samples]
    rotation[:, 0] = turn @ rotation[:, 0]
    trans_m = np.einsum("fij,fj->fi", turn, motion.trans_m[samples] + pelvis_m) + shift_m - pelvis_m
    posed = (torch.from_numpy(array).to(betas.dtype) for array in (rotation, trans_m))
    return pose_vertices(body, betas, *posed).numpy()
