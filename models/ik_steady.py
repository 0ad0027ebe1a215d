"""Points before they are solved: how noisy they are as both their bones and their neighbours in time tell, less of that
noise, and gaps filled; clean points stay exactly where they are.

Bones that change their lengths betray noise, but also a wrong shape or a detector's slow errors; differences from frame
to frame betray noise, but also fast motion. The smaller of the two is noise that time can take away.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.ik_exact import in_parts
from models.keypoints import Keypoints
from models.nets.pose_guess import bone_noise
from models.rig import Rig
from models.skeletons import SMPL_JOINTS

BENDS_M_S2: Final = {
    "knee": 7.5, "ankle": 9.0, "foot": 11.0, "elbow": 5.3, "wrist": 6.8, "hand": 8.7, "shoulder": 3.9, "head": 3.7,
}  # fmt: skip
"""How strongly joints are accelerated along an axis: root mean square over captured people of the training set, who
climb, dance and run."""
TRUNK_M_S2: Final = 3.3
"""The same of joints that are not named."""
STILL_ONE: Final = 3.0
"""Differences in time so many times the bones' are no noise but frames that do not follow each other: nothing is taken
away."""
FEWEST: Final = 4
"""Frames whose differences tell noise from motion."""


def steady_points(rig: Rig, keypoints: Keypoints) -> Keypoints:
    """Points with less noise and without short gaps; each sequence for itself, from all of its frames.

    Confidence becomes relative to a usual point's that is seen: a place between two seen ones counts less the longer
    the gap is, and nothing where it could be anywhere. Fewer than FEWEST frames stay as they are.

    Args:
        rig: for the keypoints' set; its shape axes broadcast against the keypoints' batch axes and frames.
    """
    frames, points = keypoints.confidence.shape[-2:]
    if frames < FEWEST:
        return keypoints
    points_m = keypoints.points_m.detach().float().reshape(-1, frames, points, 3)
    confidence = keypoints.confidence.detach().float().reshape(-1, frames, points)
    of_bones_m = bone_noise(rig, keypoints).reshape(-1, frames).median(-1).values
    smooth = _on_cuda if points_m.is_cuda else _on_cpu
    steady_m, sure = smooth(points_m, confidence, of_bones_m, usual_bends(rig) / keypoints.rate_hz**2)
    return replace(
        keypoints,
        points_m=steady_m.reshape(keypoints.points_m.shape).to(keypoints.points_m),
        confidence=sure.reshape(keypoints.confidence.shape).to(keypoints.confidence),
    )


def usual_bends(rig: Rig) -> Float[Tensor, " points"]:
    """Of each point of a set, in m/s^2 along each axis: that of the joint that it hangs on most."""
    ties = zip(rig.point.tolist(), rig.joint.tolist(), rig.share.tolist(), strict=True)
    return _bends(tuple(ties)).to(rig.share.device)


@lru_cache(maxsize=64)
def _bends(ties: tuple[tuple[int, int, float], ...]) -> Float[Tensor, " points"]:
    most: dict[int, tuple[float, int]] = {}
    for point, joint, share in ties:
        most[point] = max(most.get(point, (-1.0, 0)), (share, joint))
    parts = [SMPL_JOINTS[joint].rpartition("_")[2] for _, (_, joint) in sorted(most.items())]
    return torch.tensor([BENDS_M_S2.get(part, TRUNK_M_S2) for part in parts], dtype=torch.float64)


def removable_noise(
    in_time_m: Float[Tensor, " sequences"], of_bones_m: Float[Tensor, " sequences"]
) -> Float[Tensor, " sequences"]:
    """The noise of each sequence that its neighbours in time can take away."""
    of_bones_m = of_bones_m.double()
    return torch.minimum(in_time_m, of_bones_m).masked_fill(in_time_m > STILL_ONE * of_bones_m, 0.0)


def _on_cpu(points_m: Tensor, confidence: Tensor, of_bones_m: Tensor, bend_m: Tensor) -> tuple[Tensor, Tensor]:
    from models.ik_kernels_steady import steady_each, third_differences  # noqa: PLC0415 - numba loads for 0.6 s

    places_m, seen = points_m.contiguous().numpy(), confidence.contiguous().numpy()
    noise_m, steady_m, sure = np.empty(len(places_m)), np.empty_like(places_m), np.empty_like(seen)

    def run(part: slice) -> None:
        third_differences(places_m[part], seen[part], noise_m[part])
        noise_m[part] = removable_noise(torch.from_numpy(noise_m[part]), of_bones_m[part]).numpy()
        steady_each(places_m[part], seen[part], noise_m[part], bend_m.numpy(), steady_m[part], sure[part])

    in_parts(run, len(points_m), points_m.shape[1])
    return torch.from_numpy(steady_m), torch.from_numpy(sure)


def _on_cuda(points_m: Tensor, confidence: Tensor, of_bones_m: Tensor, bend_m: Tensor) -> tuple[Tensor, Tensor]:
    from models.ik_twin_steady import noise_in_time, steady_in_torch  # noqa: PLC0415 - not needed elsewhere

    noise_m = removable_noise(noise_in_time(points_m, confidence), of_bones_m)
    return steady_in_torch(points_m, confidence, noise_m, bend_m)
