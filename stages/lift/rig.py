"""Lifts people whom several cameras saw: rays of all of them, bones of constant length, one fit for each person."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from models import camera, landmark_bones
from models.cameras.sides import contradictions
from models.errors import InputError
from models.nets.lifter_file import load_lifter
from models.rough_map import identity_map, load_map
from models.side_swap import facing_agreement, swap_sides
from models.skeletons import LANDMARK_INDEX
from models.trajectory import Fit
from stages.contracts import JointTrack, Person
from stages.lift import evidence, resample
from stages.lift.config import Config
from stages.lift.head import carry_face
from stages.lift.person import floor_m
from stages.lift.rays import Seen, join, see
from stages.lift.rig_fit import Rig, fit_rig, shape_in_first
from stages.lift.shape import reshape

STATURE_M: Final = (0.5, 2.5)
"""People are not shorter or taller: a calibration in millimetres is."""
UPRIGHT: Final = 0.7
"""Cosine between an axis of the calibration and how people stand, from which that axis is believed to be up."""
AXES: Final = {
    f"{sign}{name}": np.eye(3)[index] * (-1 if sign else 1) for index, name in enumerate("xyz") for sign in ("", "-")
}

log = logging.getLogger(__name__)


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
    fit = fit_rig(config, rig, sights, observed)
    points_m = np.full((len(times_s), 33, 3), np.nan)
    points_m[:, landmark_bones.SOLVED_INDEX] = fit.points_m
    points_m = carry_face(points_m, shape_in_first(rig, sights), observed)
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
