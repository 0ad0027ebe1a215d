"""From one person's sightings to metric landmarks: camera, clock, scale, sides, gaps and floor."""

import dataclasses
import logging

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models import camera, landmark_bones
from models.contacts import SOLE_M
from models.errors import ConfigError, InputError
from models.side_swap import swap_sides
from models.skeletons import LANDMARK_MIRROR
from stages import lift
from stages.contracts import Clip, Detections, JointTrack, Person
from stages.lift import resample
from tests.models.toy_walker import walker_m

FOCAL_PX = 1000.0
SIZE_PX = (1280, 720)
CAMERA = camera.pinhole(FOCAL_PX, *SIZE_PX)
BODY = slice(11, 33)
KNOWN = lift.Config(focal_length_px=FOCAL_PX, lifter="rough", metre=1.0, camera_pitch_deg=0.0)


def see(times_s, *, clip_times_s=None, depth=0.8, noise_px=0.0, seed=0):
    """A clip and what a detector says of the walker: rough shape along the ray, depth squeezed."""
    points_m = walker_m(times_s)
    pixels = camera.project(points_m, CAMERA)
    centre = (pixels.min(axis=1) + pixels.max(axis=1)) / 2
    turned = camera.camera_from_ray(centre, CAMERA)
    shape_m = points_m - points_m[:, 23:25].mean(axis=1, keepdims=True)
    rough_m = np.einsum("fji,fpj->fpi", turned, shape_m) * [1, 1, depth]
    side_px = 1.25 * np.ptp(pixels, axis=1).max(axis=1)
    person = Person(
        first_frame=0,
        timestamps_s=times_s,
        observed=np.ones(len(times_s), dtype=bool),
        region=np.stack([*centre.T, side_px, 0 * side_px], axis=1),
        landmarks_px=pixels + np.random.default_rng(seed).normal(0, noise_px, pixels.shape),
        rough_m=rough_m,
        visibility=np.full(pixels.shape[:2], 0.95),
        presence=np.full(pixels.shape[:2], 0.99),
    )
    return Clip(*SIZE_PX, times_s if clip_times_s is None else clip_times_s, float("nan"), 0), person


def lifted(config: lift.Config, clip: Clip, person: Person, background=None) -> JointTrack:
    """Lift in front of a background; by default one that stands still."""
    frames = len(clip.timestamps_s)
    nobody = np.zeros((0, 33))
    detections = Detections(
        frame_count=frames,
        frame_index=np.zeros(0, np.intp),
        region_index=np.zeros(0, np.intp),
        region=np.zeros((0, 4)),
        landmarks_px=np.zeros((0, 33, 2)),
        rough_m=np.zeros((0, 33, 3)),
        visibility=nobody,
        presence=nobody,
        score=np.zeros(0),
        shot_index=np.zeros(0, np.intp),
        appearance=np.zeros((0, 1)),
        background=np.zeros((frames, 4)) if background is None else background,
    )
    return lift.run(config, clip, detections, person)


def steady(rate_hz, duration_s=1.5):
    return np.arange(round(rate_hz * duration_s) + 1) / rate_hz


def hide(person, rows):
    """The same person, not seen in some frames."""
    seen = person.observed.copy()
    seen[rows] = False
    blank = lambda values: np.where(seen.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)  # noqa: E731
    arrays = ("region", "landmarks_px", "rough_m", "visibility", "presence")
    return dataclasses.replace(person, observed=seen, **{name: blank(getattr(person, name)) for name in arrays})


def in_camera_m(track):
    camera_from_world = np.linalg.inv(track.world_from_camera)
    return track.landmarks_m @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]


def rooted(points_m):
    return points_m - points_m[:, 23:25].mean(axis=1, keepdims=True)


def error_m(track, truth_m):
    return np.linalg.norm(rooted(in_camera_m(track)) - rooted(truth_m), axis=2)[track.observed][:, BODY]


def test_true_evidence_gives_the_walker_back_in_the_camera():
    clip, person = see(steady(30), depth=1.0)
    track = lifted(KNOWN, clip, person)
    assert error_m(track, walker_m(person.timestamps_s)).mean() < 0.01
    root_m = in_camera_m(track)[:, 23:25].mean(axis=1) - walker_m(person.timestamps_s)[:, 23:25].mean(axis=1)
    assert np.linalg.norm(root_m, axis=1).mean() < 0.06


def test_squeezed_depth_and_noise_are_mended_in_part():
    clip, person = see(steady(60), depth=0.75, noise_px=4.0)
    truth_m = walker_m(person.timestamps_s)
    before = np.linalg.norm(rooted(person.rough_m) - rooted(truth_m), axis=2)[:, BODY].mean()
    assert error_m(lifted(KNOWN, clip, person), truth_m).mean() < 0.75 * before


def test_the_rough_shape_is_turned_from_the_axes_of_the_look_to_the_cameras():
    clip, person = see(steady(30), depth=1.0)
    off_centre_m = np.tile([1.5, 0.0, 0.0], (33, 1))
    points_m = walker_m(person.timestamps_s) + off_centre_m
    pixels = camera.project(points_m, CAMERA)
    turned = camera.camera_from_ray(pixels.mean(axis=1), CAMERA)
    rough_m = np.einsum("fji,fpj->fpi", turned, rooted(points_m))
    region = np.concatenate([pixels.mean(axis=1), person.region[:, 2:]], axis=1)
    aside = dataclasses.replace(person, landmarks_px=pixels, rough_m=rough_m, region=region)
    assert error_m(lifted(KNOWN, clip, aside), points_m).mean() < 0.01


def test_a_longer_metre_scales_the_world_and_changes_no_pixel():
    clip, person = see(steady(30))
    one, longer = (lifted(dataclasses.replace(KNOWN, metre=metre), clip, person) for metre in (1.0, 1.04))
    np.testing.assert_allclose(in_camera_m(longer), 1.04 * in_camera_m(one), atol=1e-9)
    np.testing.assert_array_equal(one.landmarks_px, longer.landmarks_px)


def test_stature_follows_the_given_height_exactly():
    clip, person = see(steady(30))
    own = lifted(KNOWN, clip, person)
    tall = lifted(dataclasses.replace(KNOWN, height_m=2.0), clip, person)
    giant = lifted(dataclasses.replace(KNOWN, height_m=4.0), clip, person)
    assert np.allclose(2 * in_camera_m(tall), in_camera_m(giant))
    ratio = np.linalg.norm(in_camera_m(tall)) / np.linalg.norm(in_camera_m(own))
    assert np.allclose(in_camera_m(own) * ratio, in_camera_m(tall))
    chain_m = sum(
        np.linalg.norm(in_camera_m(tall)[:, a] - in_camera_m(tall)[:, b], axis=1).mean()
        for a, b in ((11, 23), (23, 25), (25, 27))
    )
    assert chain_m * landmark_bones.STATURE_PER_CHAIN == pytest.approx(2.0, rel=0.02)


def test_the_same_motion_at_half_the_rate_gives_the_same_landmarks():
    fast, slow = (lifted(KNOWN, *see(steady(rate_hz), noise_px=0.0)) for rate_hz in (60, 30))
    assert np.linalg.norm(fast.landmarks_m[::2] - slow.landmarks_m, axis=2).mean() < 0.005


def test_a_whole_constant_rate_keeps_its_frames_one_to_one():
    times_s = steady(60) + np.random.default_rng(0).uniform(-4e-4, 4e-4, 91)
    times_s[0] = 0.0
    clip, person = see(times_s)
    track = lifted(KNOWN, clip, person)
    assert track.rate_hz == 60
    assert (track.landmarks_px == person.landmarks_px).all()
    assert np.allclose(track.timestamps_s, steady(60))


def test_film_rate_is_resampled_to_24_on_its_own_time_stamps():
    times_s = np.arange(240) * 1001 / 24000
    clip, person = see(times_s)
    track = lifted(KNOWN, clip, person)
    assert track.rate_hz == 24
    assert np.allclose(track.timestamps_s * 24, np.round(track.timestamps_s * 24))
    for point in range(2):
        expected = np.interp(track.timestamps_s, times_s, person.landmarks_px[:, 13, point])
        assert np.allclose(track.landmarks_px[:, 13, point], expected, atol=0.3)


def test_uneven_time_stamps_land_where_the_motion_was():
    rng = np.random.default_rng(1)
    times_s = np.cumsum(rng.choice([1 / 30, 1 / 60, 1 / 20], 60))
    times_s -= times_s[0]
    clip, person = see(times_s)
    track = lifted(KNOWN, clip, person)
    truth_px = camera.project(walker_m(track.timestamps_s), CAMERA)
    assert np.abs(track.landmarks_px - truth_px)[track.observed].mean() < 0.5
    assert np.allclose(np.diff(track.timestamps_s), 1 / track.rate_hz)


def test_gaps_are_marked_and_not_bridged():
    clip, person = see(steady(30))
    track = lifted(KNOWN, clip, hide(person, slice(10, 15)))
    assert (~track.observed).sum() == 5
    assert np.isnan(track.landmarks_m[~track.observed]).all()
    assert np.isnan(track.landmarks_px[~track.observed]).all()
    assert (track.confidence[~track.observed] == 0).all()
    assert np.isfinite(track.landmarks_m[track.observed]).all()


def test_resampling_never_joins_frames_across_a_gap():
    times_s = np.arange(60) * 1001 / 30000 * 1.2
    plan = resample.plan(times_s, 0, np.arange(60) % 20 != 10, 25)
    values = plan.apply(np.where(np.arange(60) % 20 != 10, times_s, np.nan))
    assert np.allclose(values[plan.observed], plan.timestamps_s[plan.observed], atol=0.05 / 25)
    for missing in times_s[10::20]:
        nearby = np.abs(plan.timestamps_s - missing) < 0.9 / 25
        assert not plan.observed[nearby].any()


def test_a_long_still_is_a_gap():
    times_s = np.concatenate([np.arange(30), 30 + 60 + np.arange(30)]) / 30
    plan = resample.plan(times_s, 0, np.ones(60, dtype=bool), 30)
    assert (~plan.observed).sum() == 60


def test_swapped_frames_are_put_right_and_told():
    clip, person = see(steady(60))
    wrong = np.zeros(len(person.observed), dtype=bool)
    wrong[30:55] = True
    fooled = dataclasses.replace(
        person, landmarks_px=swap_sides(person.landmarks_px, wrong), rough_m=swap_sides(person.rough_m, wrong)
    )
    track, clean = lifted(KNOWN, clip, fooled), lifted(KNOWN, clip, person)
    assert (track.swapped == wrong).all()
    assert not clean.swapped.any()
    assert np.allclose(track.landmarks_m, clean.landmarks_m)
    assert (track.landmarks_px == person.landmarks_px).all()


def test_points_outside_the_picture_are_hardly_believed():
    clip, person = see(steady(30))
    pixels = person.landmarks_px.copy()
    pixels[:, 31] = [400, 800]
    track = lifted(KNOWN, clip, dataclasses.replace(person, landmarks_px=pixels))
    assert (track.confidence[:, 31] < 0.15).all()
    assert (track.confidence[:, 12] > 0.9).all()


def test_the_walker_stands_on_the_floor_of_an_upright_world():
    clip, person = see(steady(30), depth=1.0)
    track = lifted(KNOWN, clip, person)
    feet_m = track.landmarks_m[:, [29, 30, 31, 32], 1]
    assert np.quantile(feet_m.min(axis=1), 0.05) == pytest.approx(min(SOLE_M), abs=0.08)
    assert (track.landmarks_m[:, 0, 1] > feet_m.max(axis=1) + 1).all(), "the nose is above the feet"
    assert (track.landmarks_m[..., 2] < 0).all(), "the camera looks along -Z"
    assert np.allclose(track.world_from_camera[[0, 2], 3], 0)
    assert track.world_from_camera[1, 3] == pytest.approx(1.5, abs=0.15)


def test_the_focal_length_is_given_or_read_or_guessed_aloud(caplog):
    clip, person = see(steady(30))
    caplog.set_level(logging.INFO)
    assert lifted(KNOWN, clip, person).camera_matrix[0, 0] == FOCAL_PX
    wide = lift.Config(field_of_view_deg=90.0)
    assert lifted(wide, clip, person).camera_matrix[0, 0] == pytest.approx(640)
    told = dataclasses.replace(clip, focal_length_px=1100.0)
    assert lifted(lift.Config(), told, person).camera_matrix[0, 0] == 1100.0
    assert not [record for record in caplog.records if "guess" in record.message]
    assert lifted(lift.Config(), clip, person).camera_matrix[0, 0] == 1280.0
    assert len([record for record in caplog.records if "guess" in record.message]) == 1


def test_a_single_frame_is_lifted():
    clip, person = see(np.zeros(1))
    track = lifted(KNOWN, clip, person)
    assert track.rate_hz == 30
    assert error_m(track, walker_m(np.zeros(1))).mean() < 0.1


def test_someone_seen_in_scattered_frames_only_is_refused():
    times_s = np.arange(100) * 1001 / 24000 + 0.01
    clip, person = see(times_s, clip_times_s=times_s)
    scattered = hide(person, np.setdiff1d(np.arange(100), [0, 10, 20, 99]))
    with pytest.raises(InputError, match="4 scattered frames"):
        lifted(KNOWN, clip, scattered)


@pytest.mark.parametrize(
    "wrong",
    [{"height_m": 0.0}, {"metre": 0.0}, {"focal_length_px": -1.0}, {"field_of_view_deg": 180.0}, {"rate_hz": 0},
     {"focal_length_px": 900.0, "field_of_view_deg": 60.0}],
)  # fmt: skip
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        lift.Config(**wrong)


def test_lift_names_the_map_it_reads_and_takes_the_metres_as_they_are_without_it():
    assert [path.name for path in lift.reads(lift.Config())] == ["rough_map.npz", "lifter.safetensors"]
    assert [path.name for path in lift.reads(lift.Config(lifter="linear"))] == ["rough_map.npz"]
    assert lift.reads(KNOWN) == ()
    clip, person = see(steady(30))
    corrected = lifted(dataclasses.replace(KNOWN, lifter="linear"), clip, person)
    assert np.linalg.norm(corrected.landmarks_m - lifted(KNOWN, clip, person).landmarks_m, axis=2).mean() > 0.01


def turning(person: Person, yaw_rad: np.ndarray):
    """What a camera that turns about its vertical sees of the person, and how the background moves."""
    camera_from_level = Rotation.from_rotvec(yaw_rad[:, None] * [0.0, 1.0, 0.0]).as_matrix()
    points_m = walker_m(person.timestamps_s) @ camera_from_level.swapaxes(1, 2)
    pixels = camera.project(points_m, CAMERA)
    look = camera.camera_from_ray(pixels.mean(axis=1), CAMERA)
    rough_m = np.einsum("fji,fpj->fpi", look, rooted(points_m))
    region = np.concatenate([pixels.mean(axis=1), person.region[:, 2:]], axis=1)
    background = np.zeros((len(yaw_rad), 4))
    background[1:, 0] = FOCAL_PX * np.tan(np.diff(yaw_rad))
    return dataclasses.replace(person, landmarks_px=pixels, rough_m=rough_m, region=region), background, points_m


def path_m(track: JointTrack) -> np.ndarray:
    return track.landmarks_m[:, 23:25].mean(axis=1)


def test_how_the_camera_turns_is_taken_out_of_the_path():
    clip, person = see(steady(30), depth=1.0)
    seen, background, _ = turning(person, 0.5 * np.sin(2 * person.timestamps_s))
    level, turned = lifted(KNOWN, clip, person), lifted(KNOWN, clip, seen, background)
    fooled = lifted(dataclasses.replace(KNOWN, camera_turns=False), clip, seen, background)
    walked_m, length_m = (np.linalg.norm(np.diff(path_m(track), axis=0), axis=1) for track in (level, turned))
    assert length_m.sum() == pytest.approx(walked_m.sum(), rel=0.05)
    assert np.linalg.norm(np.diff(path_m(fooled), axis=0), axis=1).sum() > 1.3 * walked_m.sum()
    assert turned.camera_is_known and len(turned.camera_from_steady) == len(turned.observed)


def test_a_turning_cameras_body_lies_on_its_own_pixels():
    clip, person = see(steady(30), depth=1.0)
    seen, background, points_m = turning(person, 0.5 * np.sin(2 * person.timestamps_s))
    track = lifted(KNOWN, clip, seen, background)
    np.testing.assert_allclose(track.landmarks_px, seen.landmarks_px)
    placed = camera.camera_from_world(track.world_from_camera, track.camera_from_steady, len(points_m))
    found_m = np.einsum("fij,fpj->fpi", placed[:, :, :3], track.landmarks_m) + placed[:, None, :, 3]
    away_px = np.linalg.norm(camera.project(found_m, CAMERA) - seen.landmarks_px, axis=-1)
    assert np.median(away_px) < 3


def test_a_background_that_shows_nothing_is_said_and_believed_still(caplog: pytest.LogCaptureFixture):
    clip, person = see(steady(30))
    with caplog.at_level(logging.WARNING):
        track = lifted(KNOWN, clip, person, np.full((len(clip.timestamps_s), 4), np.nan))
    assert "relative to it" in caplog.text
    assert not track.camera_is_known
    np.testing.assert_array_equal(track.landmarks_m, lifted(KNOWN, clip, person).landmarks_m)


def test_a_camera_that_turns_too_far_is_said_and_not_taken_out(caplog: pytest.LogCaptureFixture):
    clip, person = see(steady(30))
    background = np.zeros((len(clip.timestamps_s), 4))
    background[1:, 0] = FOCAL_PX * np.tan(3.0 / len(background))
    with caplog.at_level(logging.WARNING):
        assert not lifted(KNOWN, clip, person, background).camera_is_known
    assert "turns too far" in caplog.text


def in_a_mirror(person):
    """The same person in a mirror that exchanges the picture's left and right."""
    order, width = list(LANDMARK_MIRROR), SIZE_PX[0]
    return dataclasses.replace(
        person,
        region=person.region * [-1, 1, 1, -1] + [width, 0, 0, 0],
        landmarks_px=person.landmarks_px[:, order] * [-1, 1] + [width, 0],
        rough_m=person.rough_m[:, order] * [-1, 1, 1],
        visibility=person.visibility[:, order],
        presence=person.presence[:, order],
    )


@pytest.mark.parametrize("lifter", ["learned", "linear"])
def test_a_mirrored_film_gives_mirrored_landmarks(lifter):
    config = dataclasses.replace(KNOWN, lifter=lifter)
    clip, person = see(steady(30), noise_px=3.0)
    own, twin = (lifted(config, clip, each) for each in (person, in_a_mirror(person)))
    order = list(LANDMARK_MIRROR)
    np.testing.assert_allclose(own.landmarks_m[:, order] * [-1, 1, 1], twin.landmarks_m, atol=2e-3)
    np.testing.assert_allclose(own.sigma_m[:, order], twin.sigma_m, rtol=1e-3)


def test_what_is_not_seen_changes_nothing_and_stays_out():
    config = dataclasses.replace(KNOWN, lifter="learned")
    clip, person = see(steady(30))
    gone = hide(person, slice(20, 26))
    track = lifted(config, clip, gone)
    assert np.isnan(track.landmarks_m[20:26]).all()
    assert np.isnan(track.sigma_m[20:26]).all()
    assert np.isfinite(track.sigma_m[track.observed]).all()


def test_a_film_at_twice_the_rate_is_lifted_alike():
    config = dataclasses.replace(KNOWN, lifter="learned")
    fast, slow = (lifted(config, *see(steady(rate_hz))) for rate_hz in (60, 30))
    assert np.linalg.norm(fast.landmarks_m[::2] - slow.landmarks_m, axis=2).mean() < 0.01


@pytest.mark.parametrize("lifter", ["learned", "linear", "rough"])
def test_deviations_are_longest_along_the_line_of_sight_and_turn_with_the_world(lifter):
    clip, person = see(steady(30))
    level, down = (
        lifted(dataclasses.replace(KNOWN, lifter=lifter, camera_pitch_deg=pitch), clip, person) for pitch in (0.0, 60.0)
    )
    sigma_m = np.nanmean(level.sigma_m[:, BODY], axis=(0, 1))
    assert sigma_m[2] > 1.2 * sigma_m[:2].max()
    assert np.nanmean(np.abs(down.sigma_m - level.sigma_m)) > 0.001
    np.testing.assert_allclose((down.sigma_m**2).sum(axis=2), (level.sigma_m**2).sum(axis=2), rtol=1e-6)


def test_a_landmark_that_cannot_be_trusted_has_a_larger_deviation():
    clip, person = see(steady(30))
    hidden = person.visibility.copy()
    hidden[:, [16, 18, 20, 22]] = 0.02
    config = dataclasses.replace(KNOWN, lifter="learned")
    clear, doubtful = (lifted(config, clip, each) for each in (person, dataclasses.replace(person, visibility=hidden)))
    assert np.nanmean(doubtful.sigma_m[:, 16]) > 1.1 * np.nanmean(clear.sigma_m[:, 16])
