"""Holds one person's paths to what every camera of a rig saw: all pixels, rough shapes, lengths that rays measure."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models import landmark_bones
from models.cameras import CalibratedCamera
from models.cameras.triangulate import triangulate
from models.trajectory import Fit, FitOptions, LengthPrior, View, fit_trajectory
from models.trajectory_terms import Evidence, OtherView
from stages.contracts import Clip, Views
from stages.lift import evidence
from stages.lift.config import Config

SUDDEN: Final = 4.0
"""Factor on the jerk that a fit expects: of one camera's depth it is held low, for rays it need not be (38.7 mm with 1,
36.4 with 2, 35.7 with 4 on the films below)."""
ROUGH: Final = 4.0
"""Factor on the deviations of the rough shape where the rays of two cameras tell depth: least error on six drawn pairs
of films of people of the train split (38.1 mm without, 36.2 with 4, 36.9 with 12)."""
LENGTH: Final = 0.02
"""Standard deviation of a bone's length as rays give it over one second, as a share of it."""
LEAST: Final = 5
"""Meetings of rays that make a length; a tenth of the clip at least."""


@dataclass(frozen=True, eq=False)
class Rig:
    """The cameras, their clips, and who is whom."""

    cameras: tuple[CalibratedCamera, ...]
    clips: tuple[Clip, ...]
    views: Views

    def from_first(self, number: int) -> Float[np.ndarray, "4 4"]:
        """A camera's axes from the first one's."""
        return self.cameras[number].camera_from_world @ np.linalg.inv(self.cameras[0].camera_from_world)


def fit_rig(config: Config, rig: Rig, sights: dict[int, evidence.Sight], observed: Bool[np.ndarray, " frames"]) -> Fit:
    """Paths of the solved landmarks in the first camera's axes, and the lengths of the bones.

    Args:
        sights: of each camera that saw him, at the same times.
        observed: frames in which any did.
    """
    solved = landmark_bones.SOLVED_INDEX
    met_m = _meeting(config, rig, sights)
    prior = _lengths(config, met_m[:, solved], sights)
    start_m = _start(rig, sights, met_m, observed)[:, solved]
    weighed = {number: evidence.weigh(sight, prior.mean_m, config.noise) for number, sight in sights.items()}
    whole = _joined(rig, sights, weighed, observed)
    view = View(rig.cameras[0].camera_matrix, next(iter(sights.values())).rate_hz)
    skeleton = landmark_bones.make_skeleton()
    return fit_trajectory(whole, skeleton, prior, start_m, view, FitOptions(jerk=SUDDEN * config.jerk))


def _meeting(config: Config, rig: Rig, sights: dict[int, evidence.Sight]) -> Float[np.ndarray, "frames 33 3"]:
    """Where rays meet, in the first camera's axes; NaN where fewer than two cameras see a point well."""
    first = np.linalg.inv(rig.cameras[0].camera_from_world)
    cameras = [
        replace(rig.cameras[number], camera_from_world=rig.cameras[number].camera_from_world @ first)
        for number in sights
    ]
    worth = np.stack([sight.confidence for sight in sights.values()])
    pixels = np.stack([sight.pixels for sight in sights.values()])
    pixels = np.where((worth > 0.1)[..., None], pixels, np.nan)
    look_px = np.stack([np.nan_to_num(sight.look_px, nan=1.0) for sight in sights.values()])
    sigma_px = config.noise.pixel * look_px[..., None] / np.sqrt(np.maximum(worth, evidence.WEIGHTLESS))
    return triangulate(pixels, sigma_px, cameras)


def _lengths(config: Config, met_m: np.ndarray, sights: dict[int, evidence.Sight]) -> LengthPrior:
    """Lengths as the rays give them; where they do not, as the rough shapes do."""
    believed = [evidence.believe_lengths(sight, config.noise) for sight in sights.values() if sight.observed.any()]
    mean_m = np.mean([prior.mean_m for prior in believed], axis=0)
    tolerance_m = np.mean([prior.tolerance_m for prior in believed], axis=0)
    skeleton = landmark_bones.make_skeleton()
    bone_m = np.linalg.norm(met_m[:, skeleton.pair[:, 0]] - met_m[:, skeleton.pair[:, 1]], axis=2)
    for length in range(len(mean_m)):
        measured = bone_m[:, skeleton.length_index == length]
        measured = measured[np.isfinite(measured)]
        if len(measured) >= 2 * max(LEAST, len(bone_m) // 10):
            mean_m[length] = np.median(measured)
            tolerance_m[length] = LENGTH * mean_m[length]
    return LengthPrior(mean_m, tolerance_m)


def _start(
    rig: Rig, sights: dict[int, evidence.Sight], met_m: np.ndarray, observed: Bool[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames 33 3"]:
    """The meetings of rays; between them in time what a camera alone would guess, or a straight line."""
    start_m = met_m.copy()
    for number, sight in sights.items():
        if not sight.observed.any():
            continue
        first_from = np.linalg.inv(rig.from_first(number))
        guess_m = evidence.first_guess(sight) @ first_from[:3, :3].T + first_from[:3, 3]
        guess_m = guess_m + np.nanmedian(met_m - guess_m, axis=(0, 1)) if np.isfinite(met_m).any() else guess_m
        start_m = np.where(np.isfinite(start_m), start_m, guess_m)
    frames = np.arange(len(start_m))
    for point in range(start_m.shape[1]):
        known = np.flatnonzero(np.isfinite(start_m[:, point, 0]))
        for axis in range(3):
            start_m[:, point, axis] = np.interp(frames, known, start_m[known, point, axis])
    start_m[~observed] = np.nan
    return start_m


def shape_in_first(rig: Rig, sights: dict[int, evidence.Sight]) -> Float[np.ndarray, "frames 33 3"]:
    """Rough shapes of all cameras in the first one's axes, weighed by confidence."""
    turned = np.stack([sight.shape_m @ rig.from_first(number)[:3, :3] for number, sight in sights.items()])
    worth = np.stack([sight.confidence.mean(axis=1) * sight.observed for sight in sights.values()])[..., None, None]
    worth = np.where(np.isfinite(turned), worth, 0.0)
    total = worth.sum(axis=0)
    shape_m = (np.nan_to_num(turned) * worth).sum(axis=0) / np.maximum(total, 1e-9)
    return np.where(total > 0, shape_m, np.nan)


def _joined(
    rig: Rig, sights: dict[int, evidence.Sight], weighed: dict[int, Evidence], observed: Bool[np.ndarray, " frames"]
) -> Evidence:
    """Pixels of every camera; the rough shapes in one, each believed across its own line of sight."""
    solved = landmark_bones.SOLVED_INDEX
    frames = len(observed)
    metric, pull = np.zeros((frames, 3, 3)), np.zeros((frames, len(solved), 3))
    for number, own in weighed.items():
        turn = rig.from_first(number)[:3, :3]
        worth = sights[number].confidence[:, solved].mean(axis=1) * own.seen
        information = worth[:, None, None] * (turn.T @ own.shape_metric @ turn)
        information = np.where(own.seen[:, None, None], information, 0.0)
        metric += information
        pull += np.einsum("fij,fpj->fpi", information, own.shape_m @ turn)
    held = metric + 1e-9 * np.eye(3)
    shape_m = np.linalg.solve(held[:, None], pull[..., None])[..., 0]
    share = sum(sights[number].confidence[:, solved].mean(axis=1) * own.seen for number, own in weighed.items())
    first = weighed.get(0)
    blank = Evidence(
        pixels=np.zeros((frames, len(solved), 2)),
        pixel_information=np.zeros((frames, len(solved))),
        shape_m=shape_m,
        shape_metric=held / np.maximum(share, 1e-6)[:, None, None],
        shape_information=np.max([own.shape_information for own in weighed.values()], axis=0) / _roughness(sights) ** 2,
        seen=observed,
        others=tuple(_other(rig, number, own) for number, own in weighed.items() if number),
    )
    return blank if first is None else replace(blank, pixels=first.pixels, pixel_information=first.pixel_information)


def _roughness(sights: dict[int, evidence.Sight]) -> Float[np.ndarray, "frames 1"]:
    """ROUGH in frames in which two cameras or more see the person, 1 where the shape is all that tells depth."""
    several = np.sum([sight.observed for sight in sights.values()], axis=0) >= 2
    return np.where(several, ROUGH, 1.0)[:, None]


def _other(rig: Rig, number: int, own: Evidence) -> OtherView:
    return OtherView(own.pixels, own.pixel_information, rig.cameras[number].camera_matrix, rig.from_first(number)[:3])
