"""Lifts people whom several cameras saw: rays of all of them, bones of constant length, one fit for each person."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from models import camera, landmark_bones
from models.cameras import CalibratedCamera
from models.cameras.sides import contradictions
from models.cameras.triangulate import triangulate
from models.errors import InputError
from models.nets.lifter_file import load_lifter
from models.rough_map import identity_map, load_map
from models.side_swap import facing_agreement, swap_sides
from models.skeletons import LANDMARK_INDEX
from models.trajectory import Fit, FitOptions, LengthPrior, View, fit_trajectory
from models.trajectory_terms import Evidence, OtherView
from stages.contracts import Clip, JointTrack, Person, Views
from stages.lift import evidence, resample
from stages.lift.config import Config
from stages.lift.head import carry_face
from stages.lift.person import floor_m
from stages.lift.rays import Seen, join, see
from stages.lift.shape import reshape

STATURE_M: Final = (0.5, 2.5)
"""People are not shorter or taller: a calibration in millimetres is."""
ROUGH: Final = 4.0
"""Factor on the deviations of the rough shape where the rays of two cameras tell depth: least error on six drawn pairs
of films of people of the train split (38.1 mm without, 36.2 with 4, 36.9 with 12)."""
LENGTH: Final = 0.02
"""Standard deviation of a bone's length as rays give it over one second, as a share of it."""
UPRIGHT: Final = 0.7
"""Cosine between an axis of the calibration and how people stand, from which that axis is believed to be up."""
AXES: Final = {
    f"{sign}{name}": np.eye(3)[index] * (-1 if sign else 1) for index, name in enumerate("xyz") for sign in ("", "-")
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Rig:
    """The cameras, their clips, and who is whom."""

    cameras: tuple[CalibratedCamera, ...]
    clips: tuple[Clip, ...]
    views: Views

    def from_first(self, number: int) -> Float[np.ndarray, "4 4"]:
        """A camera's axes from the first one's."""
        return self.cameras[number].camera_from_world @ np.linalg.inv(self.cameras[0].camera_from_world)


@dataclass(frozen=True, eq=False)
class _Lifted:
    """One person in the first camera's axes.

    Attributes:
        points_m: NaN where not observed.
        sights: of each camera that saw him.
    """

    points_m: Float[np.ndarray, "frames 33 3"]
    observed: Bool[np.ndarray, " frames"]
    confidence: Float[np.ndarray, "frames 33"]
    timestamps_s: Float[np.ndarray, " frames"]
    rate_hz: int
    sights: dict[int, evidence.Sight]
    swapped: Bool[np.ndarray, " frames"]


def lift_people(config: Config, up: str, rig: Rig, people: Sequence[Sequence[Person]]) -> tuple[JointTrack, ...]:
    """Lift everyone of a rig; one floor for all.

    Args:
        up: the axis of the calibration's world that points up, or auto.

    Raises:
        InputError: people are no people's size, or lie about so that nobody can tell which way is up.
    """
    flat = [person for group in people for person in group]
    found = list[_Lifted]()
    for number in range(rig.views.person_count):
        tracks = np.flatnonzero(rig.views.track_person == number)
        own = {
            camera: [flat[t] for t in tracks if rig.views.track_camera[t] == camera] for camera in range(len(people))
        }
        found.append(_lift_one(config, rig, {camera: group for camera, group in own.items() if group}))
    world_from_first = _upright(rig, up, found)
    floors = [
        floor_m(one.points_m[one.observed] @ world_from_first[:3, :3].T + world_from_first[:3, 3]) for one in found
    ]
    world_from_first[1, 3] -= min(floors)
    return tuple(_in_world(one, rig, world_from_first) for one in found)


def _lift_one(config: Config, rig: Rig, tracks: dict[int, list[Person]]) -> _Lifted:
    seen = {number: see(join(group, rig.clips[number]), rig.cameras[number]) for number, group in tracks.items()}
    rate_hz = config.rate_hz or resample.nearest_rate(rig.clips[0].timestamps_s)
    times_s = _timeline(rig, seen, rate_hz)
    seen = _agreeing(rig, seen)
    rough_map = identity_map() if config.lifter == "rough" else load_map()
    sights = dict[int, evidence.Sight]()
    for number, one in seen.items():
        plan = resample.at_times(
            one.person.timestamps_s, one.person.observed, times_s + rig.views.lead_s[number], rate_hz
        )
        matrix = rig.cameras[number].camera_matrix
        sights[number] = evidence.gather(one.person, one.sides, plan, matrix, rough_map)
        if config.lifter == "learned" and sights[number].observed.any():
            sights[number] = reshape(sights[number], load_lifter())
    observed = np.any([sight.observed for sight in sights.values()], axis=0)
    fit = _fit(config, rig, sights, observed)
    points_m = np.full((len(times_s), 33, 3), np.nan)
    points_m[:, landmark_bones.SOLVED_INDEX] = fit.points_m
    shape_m = _shape(rig, sights)[0]
    points_m = carry_face(points_m, shape_m, observed)
    points_m[~observed] = np.nan
    _require_size(fit)
    return _Lifted(
        points_m=points_m,
        observed=observed,
        confidence=np.max([sight.confidence for sight in sights.values()], axis=0),
        timestamps_s=times_s,
        rate_hz=rate_hz,
        sights=sights,
        swapped=_swapped(seen, times_s),
    )


def _timeline(rig: Rig, seen: dict[int, Seen], rate_hz: int) -> Float[np.ndarray, " frames"]:
    """From the first to the last sighting by any camera, as far as the first camera's film reaches."""
    film_s = rig.clips[0].timestamps_s
    first_s = min(one.person.timestamps_s[0] - rig.views.lead_s[number] for number, one in seen.items())
    last_s = max(one.person.timestamps_s[-1] - rig.views.lead_s[number] for number, one in seen.items())
    first = max(np.ceil((first_s - film_s[0]) * rate_hz - resample.JITTER), 0)
    last = np.floor((min(last_s, film_s[-1]) - film_s[0]) * rate_hz + resample.JITTER)
    return film_s[0] + np.arange(first, last + 1) / rate_hz


def _agreeing(rig: Rig, seen: dict[int, Seen]) -> dict[int, Seen]:
    """Left and right as two views agree on them; of two that do not, the one whose face and feet speak against it."""
    numbers = list(seen)
    anchor = seen[numbers[0]]
    agreeing = dict(seen)
    for number in numbers[1:]:
        other = seen[number]
        at_s = other.person.timestamps_s - rig.views.lead_s[number] + rig.views.lead_s[numbers[0]]
        track = anchor.track(numbers[0])
        pixels, _ = track.at(at_s)
        own = other.track(number)
        wrong = contradictions(pixels, own.pixels, own.size_px, (rig.cameras[numbers[0]], rig.cameras[number]))
        if not wrong.any():
            continue
        here = _front(other)[wrong].mean()
        there = np.nanmean(np.interp(at_s[wrong], track.timestamps_s, _front(anchor)))
        if here <= there:
            agreeing[number] = other.exchanged(wrong)
        else:
            nearest = np.abs(at_s[:, None] - track.timestamps_s).argmin(axis=1)
            where = np.zeros(len(track.timestamps_s), dtype=bool)
            where[nearest[wrong]] = True
            agreeing[numbers[0]] = anchor.exchanged(where)
    return agreeing


def _front(seen: Seen) -> Float[np.ndarray, " frames"]:
    rough_m = swap_sides(seen.person.rough_m, seen.sides.swapped)
    return np.nan_to_num(facing_agreement(rough_m))


def _fit(config: Config, rig: Rig, sights: dict[int, evidence.Sight], observed: Bool[np.ndarray, " frames"]) -> Fit:
    solved = landmark_bones.SOLVED_INDEX
    met_m = _meeting(config, rig, sights)
    prior = _lengths(config, met_m[:, solved], sights)
    start_m = _start(rig, sights, met_m, observed)[:, solved]
    weighed = {number: evidence.weigh(sight, prior.mean_m, config.noise) for number, sight in sights.items()}
    whole = _joined(rig, sights, weighed, observed)
    view = View(rig.cameras[0].camera_matrix, next(iter(sights.values())).rate_hz)
    skeleton = landmark_bones.make_skeleton()
    return fit_trajectory(whole, skeleton, prior, start_m, view, FitOptions(jerk=config.jerk))


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
        if len(measured) >= 2 * resample_least(bone_m):
            mean_m[length] = np.median(measured)
            tolerance_m[length] = LENGTH * mean_m[length]
    return LengthPrior(mean_m, tolerance_m)


def resample_least(bone_m: np.ndarray) -> int:
    """How many meetings make a length: a tenth of the clip, and five."""
    return max(5, len(bone_m) // 10)


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


def _shape(rig: Rig, sights: dict[int, evidence.Sight]) -> tuple[np.ndarray, np.ndarray]:
    """Rough shapes of all cameras in the first one's axes, weighed by confidence; the weights."""
    turned = np.stack([sight.shape_m @ rig.from_first(number)[:3, :3] for number, sight in sights.items()])
    worth = np.stack([sight.confidence.mean(axis=1) * sight.observed for sight in sights.values()])[..., None, None]
    worth = np.where(np.isfinite(turned), worth, 0.0)
    total = worth.sum(axis=0)
    shape_m = (np.nan_to_num(turned) * worth).sum(axis=0) / np.maximum(total, 1e-9)
    return np.where(total > 0, shape_m, np.nan), worth


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
        information = worth[:, None, None] * (turn.T @ own.shape_metric @ turn) if own.seen.any() else metric * 0
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


def _swapped(seen: dict[int, Seen], times_s: Float[np.ndarray, " frames"]) -> Bool[np.ndarray, " frames"]:
    """Where the first camera had left and right the wrong way round."""
    first = seen.get(0)
    if first is None:
        return np.zeros(len(times_s), dtype=bool)
    row = np.abs(first.person.timestamps_s[:, None] - times_s).argmin(axis=0)
    return first.sides.swapped[row] & first.person.observed[row]


def _require_size(fit: Fit) -> None:
    found_m = landmark_bones.stature(fit.length_m)
    if not STATURE_M[0] < found_m < STATURE_M[1]:
        raise InputError(
            f"by this calibration somebody is {found_m:.3g} m tall", "write its translations in metres, not millimetres"
        )
    log.info("stature by the calibration: %.2f m", found_m)


def _upright(rig: Rig, up: str, found: Sequence[_Lifted]) -> Float[np.ndarray, "4 4"]:
    """World from the first camera's axes: the calibration's world turned until the axis that is up is Y."""
    world_from_first = np.linalg.inv(rig.cameras[0].camera_from_world)
    stand = np.mean([_standing(one) @ world_from_first[:3, :3].T for one in found], axis=0)
    if up == "auto":
        up, agreement = max(((name, float(axis @ stand)) for name, axis in AXES.items()), key=lambda pair: pair[1])
        if agreement < UPRIGHT:
            raise InputError("nobody stands, so the calibration's axes do not tell which way is up", "give --views.up")
        log.info("up in the calibration: %s, as people stand (cosine %.2f)", up, agreement)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.align_vectors([[0, 1, 0]], [AXES[up]])[0].as_matrix()
    return turn @ world_from_first


def _standing(one: _Lifted) -> Float[np.ndarray, " 3"]:
    """From the hips to the shoulders, mean direction over the clip."""
    seen = one.points_m[one.observed]
    at = {
        name: seen[:, [LANDMARK_INDEX[f"{side}_{name}"] for side in ("left", "right")]] for name in ("shoulder", "hip")
    }
    trunk = (at["shoulder"].mean(axis=1) - at["hip"].mean(axis=1)).mean(axis=0)
    return trunk / np.linalg.norm(trunk)


def _in_world(one: _Lifted, rig: Rig, world_from_first: Float[np.ndarray, "4 4"]) -> JointTrack:
    pixels = np.full((*one.observed.shape, 33, 2), np.nan)
    pixels[one.observed] = camera.project(one.points_m[one.observed], rig.cameras[0].camera_matrix)
    if 0 in one.sights:
        pixels = np.where(np.isfinite(one.sights[0].pixels), one.sights[0].pixels, pixels)
    return JointTrack(
        rate_hz=one.rate_hz,
        timestamps_s=one.timestamps_s,
        observed=one.observed,
        landmarks_m=one.points_m @ world_from_first[:3, :3].T + world_from_first[:3, 3],
        landmarks_px=pixels,
        confidence=one.confidence,
        swapped=one.swapped,
        world_from_camera=world_from_first,
        camera_matrix=rig.cameras[0].camera_matrix,
    )
