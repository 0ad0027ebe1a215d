"""The ways to pose a body: landmarks of all frames in, a pose for every frame out, a bounded number at a time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body
from models.ik import solve_guess, widened
from models.ik_analytic import solve_analytic
from models.keypoints import Keypoints
from models.nets.inputs import TAPS
from models.nets.load import load_pose_net
from models.nets.pose_guess import RATE_HZ, guess_pose
from models.rig import Pose, Rig, make_rig, rig_points
from stages.solve.config import Config

CHUNK_FRAMES: Final = 256
"""Solved at once: bounds the memory (some 40 MB) whatever the length of the clip."""
FIT_STEPS: Final = 12
"""After so many Gauss-Newton steps no drawn clip moves by more than a tenth of a millimetre."""

LEAST_NOISE_M: Final = 0.01
"""How far off a lifted track is at least: its bones agree, as they were fitted to, whatever else is wrong. Eleven drawn
clips gain half a millimetre and two per cent of the error of acceleration by it."""

Landmarks = Float[Tensor, "frames points 3"]
Confidence = Float[Tensor, "frames points"]


def pose_frames(config: Config, rig: Rig, landmarks_m: Landmarks, confidence: Confidence, rate_hz: float) -> Pose:
    """Pose every frame by the chosen solver.

    Args:
        landmarks_m: in the world, of the body's own lengths; finite, of no meaning where all confidence is 0.
        rate_hz: frames a second; the network looks at neighbours in time.
    """
    match config.solver:
        case "neural":
            poses = _neural(config, rig, Keypoints(rig.set_name, landmarks_m, confidence, rate_hz))
        case "analytic":
            poses = _analytic(rig, landmarks_m, confidence, config.refine_steps)
        case "fit":
            poses = _analytic(rig, landmarks_m, confidence, FIT_STEPS)
    parts = list(poses)
    return Pose(torch.cat([part.world_from_joint for part in parts]), torch.cat([part.root_m for part in parts]))


def rehearse(config: Config, body: Body) -> None:
    """Pose a body at rest, once: compiled loops and the network are loaded when they are first used."""
    rig = make_rig(body, torch.zeros(body.beta_count).to(body.template_m))
    still = torch.eye(3).to(rig.pelvis_m).expand(1, 24, 3, 3)
    points_m = rig_points(rig, Pose(still, rig.pelvis_m[None]))
    pose_frames(config, rig, points_m, torch.ones_like(points_m[..., 0]), RATE_HZ)


def _analytic(rig: Rig, landmarks_m: Landmarks, confidence: Confidence, steps: int) -> Iterator[Pose]:
    for part in _chunks(len(landmarks_m)):
        yield solve_analytic(rig, landmarks_m[part], confidence[part], steps=steps)


def _neural(config: Config, rig: Rig, seen: Keypoints) -> Iterator[Pose]:
    """Chunks overlap by what the network sees of its neighbours, so that they do not show."""
    net = load_pose_net()
    reach = max(TAPS) * max(1, round(seen.rate_hz / RATE_HZ))
    for part in _chunks(len(seen.points_m)):
        wide = slice(max(0, part.start - reach), part.stop + reach)
        some = Keypoints(seen.set_name, seen.points_m[wide], seen.confidence[wide], seen.rate_hz)
        guess = guess_pose(net, rig, some)
        doubted = replace(guess, noise_m=guess.noise_m.clamp_min(LEAST_NOISE_M))
        found = solve_guess(rig, some, widened(doubted), steps=config.refine_steps).pose
        kept = slice(part.start - wide.start, part.stop - wide.start)
        yield Pose(_exact(found.world_from_joint[kept], seen.points_m), found.root_m[kept].to(seen.points_m))


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK_FRAMES, count)) for start in range(0, count, CHUNK_FRAMES))


def _exact(turns: Float[Tensor, "frames 24 3 3"], like: Tensor) -> Float[Tensor, "frames 24 3 3"]:
    """Rotations to the last digit of the precision that bodies are posed in: bones would change their lengths else."""
    return roma.special_gramschmidt(turns[..., :2].to(like))
