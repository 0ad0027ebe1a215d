"""What stages hand on: frozen arrays in SI units, checked when they are built.

Time is the first axis. World: right-handed, metres, Y up, floor at y = 0, origin on the floor below the camera.
Camera: x right, y down, z forward. Pixels: of the upright picture with square pixels, (0, 0) at its upper left
corner, so that a pixel's centre lies at half a pixel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_origin

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped


def _require(truth: bool | np.bool_, problem: str) -> None:
    if not truth:
        raise ValueError(problem)


def _no_turns() -> Float[np.ndarray, "0 3 3"]:
    return np.zeros((0, 3, 3))


def _no_deviations() -> Float[np.ndarray, "0 33 3"]:
    return np.zeros((0, 33, 3))


def _require_rising(timestamps_s: np.ndarray) -> None:
    _require(bool(np.all(np.diff(timestamps_s) > 0)), "time stamps must rise strictly")


def _require_nan_free(seen: Bool[np.ndarray, " frames"], *arrays: np.ndarray) -> None:
    for array in arrays:
        _require(bool(np.isfinite(array[seen]).all()), "an observed frame holds NaN")


@dataclass(frozen=True, eq=False)
class Contract:
    """Whose fields are of their annotated types, and whose axes of one name are of one length.

    Raises:
        TypeError: a field is not. (jaxtyping's own decorator would do; it imports jax, which costs every run a second.)
    """

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        for entry in fields(self):
            value, kind = getattr(self, entry.name), entry.type
            if not isinstance(value, get_origin(kind) or kind):  # pyright: ignore[reportArgumentType]
                raise TypeError(f"{type(self).__name__}.{entry.name} is not {kind}: {_shape_of(value)}")
            for axis, size in zip(getattr(kind, "dim_str", "").split(), np.shape(value), strict=False):
                if sizes.setdefault(axis, size) != size:
                    raise TypeError(f"{type(self).__name__}.{entry.name}: {axis} is {size}, but {sizes[axis]} before")


def _shape_of(value: Any) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else repr(value)


@dataclass(frozen=True, eq=False)
class Clip(Contract):
    """A video that was opened and measured.

    Attributes:
        width_px, height_px: size of the upright picture with square pixels.
        timestamps_s: when each chosen frame is shown, seconds since the first frame of the video; of life, where it is
            shown slower.
        focal_length_px: from the file's metadata; NaN where it says nothing.
        damaged_packets: packets that could not be decoded.
        slow_motion: how many times slower than life the video is shown.
    """

    width_px: int
    height_px: int
    timestamps_s: Float[np.ndarray, " frames"]
    focal_length_px: float
    damaged_packets: int
    slow_motion: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(len(self.timestamps_s) > 0, "a clip has at least one frame")
        _require_rising(self.timestamps_s)


@dataclass(frozen=True, eq=False)
class Detections(Contract):
    """Every sighting of a person, one row each, ordered by frame.

    Attributes:
        frame_index: into Clip.timestamps_s.
        region_index: sightings that were followed from frame to frame share one.
        region: the square that was looked at: centre x, centre y, side (pixels), roll (radians, clockwise on the
            picture).
        landmarks_px: in the picture.
        rough_m: the detector's metres about the mid-hip; x right and y down along the picture (the region's roll is
            undone), z along the ray through the region's centre, away from the camera.
        visibility: 0..1, how likely the point is seen and not hidden.
        presence: 0..1, how likely the point lies inside the region.
        score: 0..1, how likely the region holds a person.
        background: how the background moved since the frame before: x and y in pixels at the picture's centre, roll in
            radians (clockwise on the picture), logarithm of growth; NaN where that could not be told, no rows where
            nobody looked.
    """

    frame_count: int
    frame_index: Int[np.ndarray, " sightings"]
    region_index: Int[np.ndarray, " sightings"]
    region: Float[np.ndarray, "sightings 4"]
    landmarks_px: Float[np.ndarray, "sightings 33 2"]
    rough_m: Float[np.ndarray, "sightings 33 3"]
    visibility: Float[np.ndarray, "sightings 33"]
    presence: Float[np.ndarray, "sightings 33"]
    score: Float[np.ndarray, " sightings"]
    appearance: Float[np.ndarray, "sightings channels"]
    shot_index: Int[np.ndarray, " sightings"]
    background: Float[np.ndarray, "watched 4"] = field(default_factory=lambda: np.zeros((0, 4)), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(len(self.background) in (0, self.frame_count), "the background has a row for every frame or none")
        _require(bool(np.all(np.diff(self.frame_index) >= 0)), "sightings are ordered by frame")
        _require(bool(np.all((self.frame_index >= 0) & (self.frame_index < self.frame_count))), "frame out of range")


@dataclass(frozen=True, eq=False)
class Person(Contract):
    """One person from the first to the last frame in which he was seen; NaN and observed False between sightings.

    Attributes:
        first_frame: index into Clip.timestamps_s of row 0.
        Others as in Detections.
    """

    first_frame: int
    timestamps_s: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]
    region: Float[np.ndarray, "frames 4"]
    landmarks_px: Float[np.ndarray, "frames 33 2"]
    rough_m: Float[np.ndarray, "frames 33 3"]
    visibility: Float[np.ndarray, "frames 33"]
    presence: Float[np.ndarray, "frames 33"]

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rising(self.timestamps_s)
        _require(bool(self.observed[0] and self.observed[-1]), "a person begins and ends with a sighting")
        _require_nan_free(self.observed, self.region, self.landmarks_px, self.rough_m, self.visibility)


@dataclass(frozen=True, eq=False)
class Views(Contract):
    """Several cameras that filmed the same people: who is whom, how their clocks and pictures agree.

    Attributes:
        camera_names: as the calibration calls them, in the order of the videos.
        lead_s: what each camera's clock shows when the first one's shows 0.
        track_camera: the camera of every track; tracks are numbered camera by camera.
        track_person: the person that a track shows; -1 where no other camera saw him.
        missed_px: median distance between the rays of one person's landmarks, as each camera sees it.
        shifted_px: how far each camera's pictures seem moved against the calibration, x and y.
        person_size_px: median height of the people on each camera's pictures.
    """

    camera_names: Shaped[np.ndarray, " cameras"]
    lead_s: Float[np.ndarray, " cameras"]
    track_camera: Int[np.ndarray, " tracks"]
    track_person: Int[np.ndarray, " tracks"]
    missed_px: Float[np.ndarray, " cameras"]
    shifted_px: Float[np.ndarray, "cameras 2"]
    person_size_px: Float[np.ndarray, " cameras"]

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.lead_s[0] == 0, "the first camera's clock is everyone's")
        _require(bool((self.track_person >= -1).all()), "people are numbered from 0")

    @property
    def person_count(self) -> int:
        """People whom two cameras or more saw."""
        return int(self.track_person.max(initial=-1)) + 1


@dataclass(frozen=True, eq=False)
class JointTrack(Contract):
    """Landmarks of one person in the world at a constant rate; NaN and observed False where nobody was seen.

    Attributes:
        timestamps_s: seconds since the first frame of the video; constant steps of 1 / rate_hz.
        landmarks_m: in the world.
        landmarks_px: the evidence, resampled alike.
        confidence: 0..1 per landmark; 0 where not observed.
        swapped: the detector had left and right the wrong way round; both arrays above are put right.
        world_from_camera: pose of the camera; of a turning one where it looks to the middle of its range, steadily.
        camera_matrix: pinhole, pixels of the upright picture.
        camera_from_steady: how the camera has turned from there, frame by frame; no rows for one that stands still.
        camera_is_known: the background showed whether and how it turned; else paths hold only if it stood still.
        sigma_m: standard deviation of each of landmarks_m along the world's axes, about the middle of the hips, of what
            one camera and its detector leave open; large where a landmark is hidden and was inferred. No rows where
            nobody can tell.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]
    landmarks_m: Float[np.ndarray, "frames 33 3"]
    landmarks_px: Float[np.ndarray, "frames 33 2"]
    confidence: Float[np.ndarray, "frames 33"]
    swapped: Bool[np.ndarray, " frames"]
    world_from_camera: Float[np.ndarray, "4 4"]
    camera_matrix: Float[np.ndarray, "3 3"]
    camera_from_steady: Float[np.ndarray, "turns 3 3"] = field(default_factory=_no_turns, kw_only=True)
    camera_is_known: bool = field(default=True, kw_only=True)
    sigma_m: Float[np.ndarray, "told 33 3"] = field(default_factory=_no_deviations, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rising(self.timestamps_s)
        _require_nan_free(self.observed, self.landmarks_m, self.landmarks_px, self.confidence)
        _require(len(self.camera_from_steady) in (0, len(self.observed)), "a camera turns in every frame or in none")
        if len(self.sigma_m):
            _require(len(self.sigma_m) == len(self.observed), "deviations are told of every frame or of none")
            _require(bool((self.sigma_m[self.observed] > 0).all()), "a deviation is not above zero")


@dataclass(frozen=True, eq=False)
class RawMotion(Contract):
    """Joint rotations of a body as solved frame by frame; no NaN, gaps are filled and marked.

    Attributes:
        parent_from_joint: rotation matrices in SMPL's joint order; the root's is world_from_pelvis.
        trans_m: SMPL translation: pelvis = trans_m + rest pelvis of these betas.
        betas: shape of the named body, constant over the clip.
        confidence: 0..1 per joint; 0 where not observed.
        body_model, body_sha256: the body that betas and rotations belong to.
        world_from_camera, camera_matrix, camera_from_steady: as in JointTrack.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    trans_m: Float[np.ndarray, "frames 3"]
    betas: Float[np.ndarray, " betas"]
    confidence: Float[np.ndarray, "frames 24"]
    world_from_camera: Float[np.ndarray, "4 4"]
    camera_matrix: Float[np.ndarray, "3 3"]
    body_model: str
    body_sha256: str
    camera_from_steady: Float[np.ndarray, "turns 3 3"] = field(default_factory=_no_turns, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rising(self.timestamps_s)
        _require(len(self.camera_from_steady) in (0, len(self.observed)), "a camera turns in every frame or in none")
        everywhere = np.ones_like(self.observed)
        _require_nan_free(everywhere, self.parent_from_joint, self.trans_m, self.confidence)


@dataclass(frozen=True, eq=False)
class Motion(RawMotion):
    """A RawMotion made steady in time, with the points that exporters read off the body.

    Attributes:
        joints_m: the 24 joint centres in the world.
        landmarks_m: the detector's 33 landmarks read off the body's surface, in the world.
    """

    joints_m: Float[np.ndarray, "frames 24 3"]
    landmarks_m: Float[np.ndarray, "frames 33 3"]

    def __post_init__(self) -> None:
        super().__post_init__()
        everywhere = np.ones_like(self.observed)
        _require_nan_free(everywhere, self.joints_m, self.landmarks_m)


@dataclass(frozen=True, eq=False)
class Biomechanics(Contract):
    """One person's motion in the coordinates of an OpenSim model that was scaled to him.

    OpenSim's ground frame is the world turned about y, so that the person goes, or looks, toward +x.

    Attributes:
        ground_from_world: that turn; origin and floor stay.
        coordinate_names: as in the model; unique.
        is_rotation: whether a coordinate is an angle; the others are lengths.
        coordinates: radians and metres; no NaN, clamped ones within their limits.
        coordinate_confidence: 0..1; 0 where the frame was not observed.
        doubtful: the markers could not be met in this frame.
        marker_names: virtual markers on the body, named as in the model.
        marker_weight: how much each counts in inverse kinematics.
        markers_m: where the body carries them, in the ground frame.
        model_markers_m: where the model carries them in this pose, in the ground frame.
        body_names: bodies of the model that have a scale factor.
        scale_factors: along each body's x, y and z, constant over the clip.
        height_m: of the body, from sole to crown.
        mass_kg: of the model.
        mass_is_assumed: nobody said so; it follows from the height.
        generic_xml: the model before scaling, its markers where the factors take them to the body's.
        model_xml: the scaled model, as OpenSim reads it.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]
    ground_from_world: Float[np.ndarray, "3 3"]
    coordinate_names: Shaped[np.ndarray, " coordinates"]
    is_rotation: Bool[np.ndarray, " coordinates"]
    coordinates: Float[np.ndarray, "frames coordinates"]
    coordinate_confidence: Float[np.ndarray, "frames coordinates"]
    doubtful: Bool[np.ndarray, " frames"]
    marker_names: Shaped[np.ndarray, " markers"]
    marker_weight: Float[np.ndarray, " markers"]
    markers_m: Float[np.ndarray, "frames markers 3"]
    model_markers_m: Float[np.ndarray, "frames markers 3"]
    body_names: Shaped[np.ndarray, " bodies"]
    scale_factors: Float[np.ndarray, "bodies 3"]
    height_m: float
    mass_kg: float
    mass_is_assumed: bool
    generic_xml: str
    model_xml: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rising(self.timestamps_s)
        _require(len(set(self.coordinate_names.tolist())) == len(self.coordinate_names), "coordinate names repeat")
        everywhere = np.ones_like(self.observed)
        _require_nan_free(everywhere, self.coordinates, self.coordinate_confidence, self.markers_m)


@dataclass(frozen=True, eq=False)
class Exports(Contract):
    """Files of one person, by name."""

    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


@dataclass(frozen=True, eq=False)
class Quality(Contract):
    """How well a motion agrees with what was seen, in numbers.

    Attributes:
        observed_share: share of frames in which the person was seen.
        longest_gap_s: longest time in which he was not.
        mean_confidence: of the joints in observed frames.
        swapped_share: share of observed frames whose left and right were put right.
        reprojection_px: median distance between a body's landmark on the picture and the detected one.
        reprojection_share: the same over the person's size on the picture.
        camera: still, turned (which was taken out), or unknown: the background does not show which.
    """

    observed_share: float
    longest_gap_s: float
    mean_confidence: float
    swapped_share: float
    reprojection_px: float
    reprojection_share: float
    camera: str = "still"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.camera in ("still", "turned", "unknown"), f"no camera is {self.camera!r}")
