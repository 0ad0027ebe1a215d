"""A contract cannot be built wrong."""

import dataclasses

import numpy as np
import pytest

from pipeline.artefacts import decode, encode
from stages.contracts import Clip, Detections, JointTrack, Person


def clip(**changes: object) -> Clip:
    return dataclasses.replace(Clip(4, 2, np.arange(3.0), float("nan"), 0), **changes)


def person(**changes: object) -> Person:
    points = np.zeros((3, 33, 3))
    made = Person(
        0, np.arange(3.0), np.ones(3, bool), np.ones((3, 4)), points[..., :2], points, points[..., 0], points[..., 0]
    )
    return dataclasses.replace(made, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"width_px": 4.0},
        {"timestamps_s": [0.0, 1.0]},
        {"timestamps_s": np.arange(3)},
        {"timestamps_s": np.zeros((3, 1))},
    ],
)
def test_a_field_of_another_type_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        clip(**changes)


def test_axes_of_one_name_have_one_length() -> None:
    with pytest.raises(TypeError):
        person(observed=np.ones(2, bool))


def test_time_rises() -> None:
    with pytest.raises(ValueError, match="rise"):
        clip(timestamps_s=np.array([0.0, 1.0, 1.0]))


def test_an_observed_frame_holds_no_nan_and_an_unobserved_one_may() -> None:
    holey = np.zeros((3, 33, 3))
    holey[1] = np.nan
    person(rough_m=holey, observed=np.array([True, False, True]))
    with pytest.raises(ValueError, match="NaN"):
        person(rough_m=holey)


def test_sightings_are_ordered_and_inside_the_clip() -> None:
    empty = np.zeros((1, 33))
    for frame in (-1, 5):
        with pytest.raises(ValueError, match="out of range"):
            Detections(
                5, np.array([frame]), np.array([0]), np.ones((1, 4)), np.zeros((1, 33, 2)), np.zeros((1, 33, 3)), empty,
                empty, np.ones(1), np.ones((1, 54)), np.array([0]),
            )  # fmt: skip


def test_contracts_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        clip().width_px = 5  # type: ignore[misc]


def track(**changes: object) -> JointTrack:
    fields = {
        "rate_hz": 30,
        "timestamps_s": np.arange(3) / 30,
        "observed": np.array([True, False, True]),
        "landmarks_m": np.zeros((3, 33, 3)),
        "landmarks_px": np.zeros((3, 33, 2)),
        "confidence": np.ones((3, 33)),
        "swapped": np.zeros(3, dtype=bool),
        "world_from_camera": np.eye(4),
        "camera_matrix": np.eye(3),
    }
    return JointTrack(**(fields | changes))  # type: ignore[arg-type]


def test_deviations_are_told_of_every_frame_or_of_none_and_lie_above_zero() -> None:
    sigma_m = np.full((3, 33, 3), 0.05)
    sigma_m[1] = np.nan
    assert len(track().sigma_m) == 0
    assert decode(encode(track(sigma_m=sigma_m)), JointTrack).sigma_m.shape == (3, 33, 3)
    with pytest.raises(ValueError, match="every frame or of none"):
        track(sigma_m=sigma_m[:2])
    with pytest.raises(ValueError, match="above zero"):
        track(sigma_m=0 * sigma_m)
    with pytest.raises(ValueError, match="above zero"):
        track(sigma_m=np.full((3, 33, 3), np.nan))
