"""What one camera makes of feet whose contacts are known: drawn people, lifted as the pipeline lifts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from models.bodies.body import Body
from models.contact_features import contact_features
from models.contacts import CONTACT_ROWS, SOLE_M, over_local_floor
from models.floor import world_from_camera
from models.soles import FEET, find_soles
from stages import lift
from stages.contracts import Clip, Detections, Person
from training.lift_data import film
from training.pose_ik_data import VALIDATION
from training.sightings import RATE_HZ, Snippets, turns_of

LOW_M: Final = 0.045
SLOW_M_S: Final = 0.3
"""Heel or ball stands where it is lower than LOW_M over the lowest point of both feet around the moment, and slower
than SLOW_M_S: captured feet that are carried over to another body slide so fast."""
LEAST_SHARE: Final = 0.75
"""Of a snippet's frames in which somebody must be found."""
TILT_RAD: Final = np.radians(3.0)
RISE_M: Final = 0.04
"""How far the vertical and the floor of a lesson are off, one standard deviation; as models.floor finds them."""


@dataclass(frozen=True, eq=False)
class Example:
    """One snippet. Camera axes.

    Attributes:
        lifted_m, true_m: landmarks; lifted ones as the pipeline has them, no NaN.
        stands: heel and ball of the left, then the right foot.
        up: the vertical.
        held_out: somebody nothing is learned from.
    """

    lifted_m: Float[np.ndarray, "frames 33 3"]
    true_m: Float[np.ndarray, "frames 33 3"]
    stands: Bool[np.ndarray, "frames 2 2"]
    up: Float[np.ndarray, "3"]
    held_out: bool


def lifted_examples(snippets: Snippets, body: Body) -> Iterator[Example]:
    """Lift every snippet in which the detector found its person at both ends and nearly everywhere between."""
    for number in range(len(snippets)):
        seen = film(snippets, number)
        if not (seen.found[0] and seen.found[-1] and seen.found.mean() >= LEAST_SHARE):
            continue
        found = np.where(seen.found, 1.0, np.nan)
        times_s = np.arange(len(found)) / RATE_HZ
        person = Person(
            first_frame=0,
            timestamps_s=times_s,
            observed=seen.found,
            region=seen.region * found[:, None],
            landmarks_px=seen.landmarks_px * found[:, None, None],
            rough_m=seen.rough_m * found[:, None, None],
            visibility=seen.visibility * found[:, None],
            presence=np.ones_like(seen.visibility) * found[:, None],
        )
        width_px, height_px = snippets.size_px[number].tolist()
        clip = Clip(width_px, height_px, times_s, float(seen.camera_matrix[0, 0]), 0)
        track = lift.run(lift.Config(camera_turns=False, camera_pitch_deg=0.0), clip, _nobody(), person)
        pose = np.linalg.inv(track.world_from_camera)
        lifted_m = track.landmarks_m @ pose[:3, :3].T + pose[:3, 3]
        yield Example(
            lifted_m=_filled(lifted_m, track.observed),
            true_m=seen.truth_m,
            stands=true_contacts(snippets, number, body),
            up=snippets.camera_from_world[number][:, 1].astype(np.float64),
            held_out=str(snippets.subject[number]) in VALIDATION,
        )


def true_contacts(snippets: Snippets, number: int, body: Body) -> Bool[np.ndarray, "frames 2 2"]:
    """Whether heel and ball of the left, then the right foot truly stand."""
    soles = find_soles(body, snippets.betas[number].astype(np.float64))
    turns = turns_of(snippets.camera_from_joint[number].astype(np.float64))
    joints_m = snippets.joints_m[number].astype(np.float64)
    points_m = np.stack(
        [
            joints_m[:, ankle] + turns[:, ankle] @ local_m[foot]
            for foot, (ankle, _) in enumerate(FEET)
            for local_m in (soles.heel_m, soles.ball_m)
        ],
        axis=1,
    )
    world_m = points_m @ snippets.camera_from_world[number].astype(np.float64)
    times_s = np.arange(len(world_m)) / RATE_HZ
    low = over_local_floor(world_m, times_s, np.zeros(4)) < LOW_M
    slow = np.linalg.norm(np.gradient(world_m, times_s, axis=0), axis=-1) < SLOW_M_S
    return (low & slow).reshape(-1, 2, 2)


def lesson(
    example: Example, errors_m: Float[np.ndarray, "frames 33 3"], rng: np.random.Generator
) -> Float[np.ndarray, "frames 2 features"]:
    """Features of true landmarks with somebody's errors, over a floor and a vertical that are a little wrong."""
    tilt = Rotation.from_rotvec(rng.normal(0, TILT_RAD, 3)).as_matrix()
    pose = world_from_camera(tilt @ example.up, 0.0)
    world_m = (example.true_m + errors_m) @ pose[:3, :3].T
    feet_m = (world_m[:, CONTACT_ROWS, 1] - np.array(SOLE_M)).min(axis=1)
    rise_m = -np.quantile(feet_m, 0.1) + rng.normal(0, RISE_M)
    times_s = np.arange(len(world_m)) / RATE_HZ
    rise = np.array([0.0, rise_m, 0.0])
    forward, _ = contact_features(world_m + rise, times_s, rise)
    return forward


def _nobody() -> Detections:
    none = np.zeros(0, dtype=np.int64)
    return Detections(
        frame_count=0, frame_index=none, region_index=none, region=np.zeros((0, 4)), landmarks_px=np.zeros((0, 33, 2)),
        rough_m=np.zeros((0, 33, 3)), visibility=np.zeros((0, 33)), presence=np.zeros((0, 33)), score=np.zeros(0),
        appearance=np.zeros((0, 1)), shot_index=none,
    )  # fmt: skip


def _filled(points_m: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Gaps on straight lines."""
    frames = np.arange(len(seen))
    flat = points_m.reshape(len(seen), -1)
    columns = [np.interp(frames, frames[seen], column[seen]) for column in flat.T]
    return np.stack(columns, axis=1).reshape(points_m.shape)
