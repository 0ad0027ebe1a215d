"""Do the pieces of the detector keep their laws, and does it find drawn people in every frame, always alike?"""

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from scipy.special import expit

from models.errors import WeightsError
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR
from stages import detect
from stages.detect import blazepose, networks, newcomers, regions
from stages.detect.appearance import look
from stages.detect.blazepose import BlazePose
from stages.detect.claims import one_reading_each, strangers
from stages.detect.follow import follow
from stages.detect.lookback import look_back
from stages.detect.mirror import Way, both_ways, filled, ways
from stages.detect.newcomers import Search, seat
from stages.detect.reading import CropReading, Reading, refine_by_heat
from stages.detect.scene import Followed, Scene
from stages.detect.second_pass import Frame
from stages.detect.steady import Sample, region_at, steady_regions
from stages.detect.two_pass import thin_out
from tests.stages.doll import JOINTS, add_doll, backdrop

UPRIGHT = np.array([[180.0, 240.0, 400.0, 0.0]])


@pytest.fixture(scope="module")
def models() -> BlazePose:
    return blazepose.load()


@pytest.fixture(scope="module")
def doll() -> np.ndarray:
    return add_doll(backdrop(480, 360), 180, 240, 320)


def read(models: BlazePose, picture: np.ndarray, region: np.ndarray, *, mirrored: bool = False) -> Reading:
    return blazepose.read_landmarks(models.landmarks, blazepose.cut_crops(picture, region), region, mirrored=mirrored)


def some_readings(count: int, seed: int = 0) -> Reading:
    draw = np.random.default_rng(seed)
    return Reading(
        landmarks_px=draw.normal(300, 100, (count, 33, 2)),
        rough_m=draw.normal(0, 0.3, (count, 33, 3)),
        visibility=draw.random((count, 33)),
        presence=draw.random((count, 33)),
        score=np.ones(count),
        next_region=np.tile([300.0, 300.0, 400.0, 0.0], (count, 1)),
    )


# Networks


def test_a_network_without_its_mask_gives_the_same_landmarks_to_the_bit(doll: np.ndarray, models: BlazePose) -> None:
    crop = blazepose.cut_crops(doll, UPRIGHT)[0].astype(np.float32) / 255
    whole = Interpreter(model_path=str(networks.network_files()[1]), num_threads=1)
    whole.allocate_tensors()
    whole.set_tensor(whole.get_input_details()[0]["index"], crop[None])
    whole.invoke()
    ours = models.landmarks(crop)
    assert len(ours) == 4
    for detail in whole.get_output_details():
        if detail["name"] in ours:
            np.testing.assert_array_equal(ours[detail["name"]], whole.get_tensor(detail["index"])[0])


def test_another_version_of_a_network_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "pose.tflite"
    other.write_bytes(b"another")
    monkeypatch.setattr(networks, "network_files", lambda: (other, other))
    with pytest.raises(WeightsError, match=r"sha256 .* Install mediapipe==0\.10\.14"):
        networks.load_network(networks.LANDMARKS, ("another",))


def test_a_missing_network_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(networks, "network_files", lambda: (tmp_path / "gone", tmp_path / "gone"))
    with pytest.raises(WeightsError, match="gone is missing"):
        networks.load_network(networks.LANDMARKS, ("gone",))


def test_without_mediapipe_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="Install mediapipe"):
        detect.reads(detect.Config())


# Regions


def test_the_middle_of_every_cut_pixel_shows_its_own_place_in_the_picture() -> None:
    y, x = np.mgrid[:200, :200]
    picture = np.stack([x, y, 0 * x], axis=-1).astype(np.uint8)
    region = np.array([100.0, 90.0, 64.0, 0.7])
    small = regions.cut(picture, region, 32)
    centre = (np.stack(np.meshgrid(np.arange(32), np.arange(32)), axis=-1).reshape(1, -1, 2) + 0.5) / 32
    expected = regions.picture_from_crop(centre, region[None])[0] - 0.5
    np.testing.assert_allclose(small.reshape(-1, 3)[:, :2], expected, atol=0.6)


def test_a_person_above_his_hips_is_upright_and_one_to_the_right_lies_clockwise() -> None:
    hip = np.zeros((3, 2))
    rim = np.array([[0.0, -10.0], [10.0, 0.0], [0.0, 10.0]])
    region = regions.region_about(hip, rim)
    np.testing.assert_allclose(region[:, 3], [0, np.pi / 2, np.pi])
    np.testing.assert_allclose(region[:, 2], 25.0)


def test_a_region_turned_with_the_person_sees_his_head_at_its_top() -> None:
    region = regions.region_about(np.array([[50.0, 60.0]]), np.array([[80.0, 20.0]]))
    top = np.array([[[0.5, 0.5 - 0.5 / regions.MARGIN]]])
    np.testing.assert_allclose(regions.picture_from_crop(top, region), [[[80.0, 20.0]]])


def test_merging_boxes_equals_its_slow_twin() -> None:
    draw = np.random.default_rng(1)
    corner = draw.uniform(0, 1, (60, 2))
    box = np.concatenate([corner, corner + draw.uniform(0.2, 0.5, (60, 2))], axis=1)
    points, score = draw.random((60, 4, 2)), draw.random(60)
    merged, best = regions.merge_overlapping(box, points, score, 0.3)

    def overlap(a: np.ndarray, b: np.ndarray) -> float:
        width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
        height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
        area = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
        return width * height / (sum(area) - width * height)

    waiting, slow = sorted(range(60), key=lambda index: -score[index]), []
    while waiting:
        group = [index for index in waiting if overlap(box[index], box[waiting[0]]) > 0.3]
        slow.append((sum(score[i] * points[i] for i in group) / sum(score[i] for i in group), score[waiting[0]]))
        waiting = [index for index in waiting if index not in group]
    np.testing.assert_allclose(merged, [point for point, _ in slow])
    np.testing.assert_allclose(best, [value for _, value in slow])


# Landmarks


def test_anchors_equal_their_slow_twin() -> None:
    slow = [
        ((column + 0.5) / cells, (row + 0.5) / cells)
        for cells, boxes in ((28, 2), (14, 2), (7, 6))
        for row in range(cells)
        for column in range(cells)
        for _ in range(boxes)
    ]
    np.testing.assert_allclose(blazepose.anchors(), slow)
    assert len(slow) == 2254


def test_refining_by_heat_equals_its_slow_twin() -> None:
    draw = np.random.default_rng(2)
    unit = draw.uniform(-0.1, 1.1, (3, 39, 2))
    heat = draw.normal(-2, 1.5, (3, 64, 64, 39)).astype(np.float32)
    heat[0] -= 20
    slow = unit.copy()
    for b, k in np.ndindex(3, 39):
        column, row = (int(value * 64) for value in unit[b, k])
        if not (0 <= unit[b, k, 0] * 64 < 64 and 0 <= unit[b, k, 1] * 64 < 64):
            continue
        total, at, best = 0.0, np.zeros(2), 0.0
        for y in range(max(row - 3, 0), min(row + 4, 64)):
            for x in range(max(column - 3, 0), min(column + 4, 64)):
                warmth = expit(float(heat[b, y, x, k]))
                total, at, best = total + warmth, at + warmth * np.array([x, y]), max(best, warmth)
        if best >= 0.5:
            slow[b, k] = at / total / 64
    fast = refine_by_heat(unit, heat)
    np.testing.assert_allclose(fast, slow, atol=1e-12)
    np.testing.assert_array_equal(fast[0], unit[0])
    assert np.any(fast != unit)


def test_a_drawn_person_is_found_with_his_joints_where_they_were_drawn(models: BlazePose, doll: np.ndarray) -> None:
    found, score = blazepose.find_people(models, doll, 0.5)
    assert len(found) == 1
    assert score[0] > 0.9
    reading = read(models, doll, read(models, doll, found).next_region, mirrored=True)
    assert reading.score[0] > 0.99
    for name, (u, v) in JOINTS.items():
        for sign, side in ((1, "left"), (-1, "right")):
            drawn = [180 + sign * u * 320, 240 + v * 320]
            point = reading.landmarks_px[0, LANDMARK_INDEX[name.replace("left", side)]]
            assert np.linalg.norm(point - drawn) < 0.06 * 320, (name, side, point, drawn)


def test_rough_metres_stand_upright_about_the_mid_hip_and_face_the_camera(models: BlazePose, doll: np.ndarray) -> None:
    rough_m = read(models, doll, UPRIGHT, mirrored=True).rough_m[0]
    np.testing.assert_allclose(rough_m[23:25].mean(axis=0), 0, atol=1e-12)
    nose, left, right = (rough_m[LANDMARK_INDEX[name]] for name in ("nose", "left_ankle", "right_ankle"))
    assert nose[1] < -0.4 < 0.5 < left[1]
    assert left[0] > right[0]
    assert nose[2] < -0.05


def test_a_mirrored_picture_gives_mirrored_landmarks(models: BlazePose) -> None:
    picture = add_doll(backdrop(480, 360), 190, 235, 300)
    region = np.array([[187.0, 240.0, 410.0, 0.1]])
    twin_region = region * [-1, 1, 1, -1] + [360, 0, 0, 0]
    one = read(models, picture, region, mirrored=True)
    twin = read(models, np.ascontiguousarray(picture[:, ::-1]), twin_region, mirrored=True)
    mirror = np.array(LANDMARK_MIRROR)
    np.testing.assert_allclose((twin.landmarks_px * [-1, 1] + [360, 0])[:, mirror], one.landmarks_px, atol=0.3)
    np.testing.assert_allclose((twin.rough_m * [-1, 1, 1])[:, mirror], one.rough_m, atol=0.003)
    np.testing.assert_allclose(twin.visibility[:, mirror], one.visibility, atol=0.01)


def test_a_picture_read_without_its_mirror_image_does_not_keep_that_law(models: BlazePose, doll: np.ndarray) -> None:
    one = read(models, doll, UPRIGHT)
    twin = read(models, np.ascontiguousarray(doll[:, ::-1]), UPRIGHT)
    mirrored_back = (twin.landmarks_px * [-1, 1] + [360, 0])[:, np.array(LANDMARK_MIRROR)]
    assert np.abs(mirrored_back - one.landmarks_px).max() > 1.0


def test_regions_read_together_equal_each_read_alone(models: BlazePose, doll: np.ndarray) -> None:
    region = np.concatenate([UPRIGHT, UPRIGHT + np.array([5, -3, 20, 0.1])])
    together = read(models, doll, region, mirrored=True)
    alone = [read(models, doll, one[None], mirrored=True) for one in region]
    for field in dataclasses.fields(Reading):
        expected = np.concatenate([getattr(one, field.name) for one in alone])
        np.testing.assert_array_equal(getattr(together, field.name), expected)


def test_no_regions_give_no_readings(models: BlazePose, doll: np.ndarray) -> None:
    reading = read(models, doll, np.zeros((0, 4)), mirrored=True)
    assert reading.landmarks_px.shape == (0, 33, 2)
    assert reading.next_region.shape == (0, 4)


def test_a_reading_that_takes_left_legs_for_right_is_turned_before_averaging() -> None:
    draw = np.random.default_rng(3)
    honest = CropReading(
        unit=draw.random((1, 39, 2)),
        rough_m=draw.normal(size=(1, 39, 3)),
        visibility=draw.random((1, 39)),
        presence=draw.random((1, 39)),
        score=np.ones(1),
    )
    order = np.arange(39)
    order[23:33] = np.array(LANDMARK_MIRROR)[23:33]
    names = ("unit", "rough_m", "visibility", "presence")
    confused = replace(honest, **{name: getattr(honest, name)[:, order] for name in names})
    mended = confused.with_sides_of(honest)
    for name in names:
        np.testing.assert_array_equal(getattr(mended, name), getattr(honest, name))


# Following


def test_a_region_that_moves_evenly_is_met_without_lag() -> None:
    slope = np.array([100.0, -50.0, 0.0, 2.0])
    samples = [Sample(0, t, np.array([0, 0, 300, 2.5]) + slope * t) for t in np.arange(0, 1, 0.07)]
    for time_s in (0.3, 0.42, 0.5):
        region = region_at(samples, time_s, 0.2)
        expected = np.array([0, 0, 300, 2.5]) + slope * time_s
        np.testing.assert_allclose(region[:3], expected[:3])
        np.testing.assert_allclose(np.exp(1j * region[3]), np.exp(1j * expected[3]))


def test_a_region_that_shakes_is_held_steady() -> None:
    draw = np.random.default_rng(4)
    shaken = [Sample(0, t, np.array([0, 0, 300, 0]) + draw.normal(0, 10, 4) * [1, 1, 1, 0]) for t in np.arange(60) / 30]
    centre = np.array([region_at(shaken, t, 0.2)[:2] for t in np.arange(10, 50) / 30])
    assert centre.std() < 5


def test_nobody_is_looked_for_long_before_he_came_long_after_he_left_or_in_a_long_gap() -> None:
    samples = [Sample(7, t, UPRIGHT[0]) for t in (1.0, 1.1, 2.0, 2.1)]
    seen = {0.9: [], 0.95: [7], 1.0: [7], 1.05: [7], 1.15: [7], 1.5: [], 2.05: [7], 2.15: [7], 2.2: []}
    assert {time_s: list(steady_regions(samples, time_s, 0.2, 0.07)) for time_s in seen} == seen
    assert not steady_regions(samples, 0.95, 0.2, 0.0)


@pytest.mark.parametrize(("video_hz", "expected_hz"), [(24, 24), (30, 30), (33, 33), (50, 25), (60, 30), (240, 30)])
def test_a_rate_of_thirty_takes_every_frame_or_every_other_or_more(video_hz: int, expected_hz: int) -> None:
    chosen = thin_out(np.arange(10 * video_hz) / video_hz, 30.0)
    assert len(chosen) == pytest.approx(10 * expected_hz, rel=0.35)
    assert {0, 10 * video_hz - 1} <= chosen


def test_of_two_readings_of_one_person_the_less_surprising_stays() -> None:
    reading = some_readings(3)
    same = replace(reading, landmarks_px=np.stack([reading.landmarks_px[0]] * 2 + [reading.landmarks_px[2]]))
    began = np.array([[380.0, 300, 400, 0], [310.0, 300, 400, 0], [300.0, 300, 400, 0]])
    kept = one_reading_each(began, same, np.array([True, True, True]))
    assert kept.tolist() == [False, True, True]
    assert one_reading_each(began, same, np.array([True, False, False])).tolist() == [True, False, False]


def test_somebody_lost_is_himself_again_within_the_patience_and_let_go_after_it(
    models: BlazePose, doll: np.ndarray
) -> None:
    config = detect.Config(patience_s=1.0)
    scene = follow(models, Scene(), doll, 0.0, config)
    assert [person.region_index for person in scene.people] == [0]
    empty = backdrop(480, 360)
    scene = follow(models, scene, empty, 0.1, config)
    assert [person.seen_s for person in scene.people] == [0.0]
    back = follow(models, scene, doll, 0.9, config)
    assert [(person.region_index, person.seen_s) for person in back.people] == [(0, 0.9)]
    gone = follow(models, scene, empty, 1.1, config)
    assert gone.people == ()
    anew = follow(models, gone, doll, 1.3, config)
    assert [person.region_index for person in anew.people] == [1]


def test_a_reading_that_looks_like_somebody_who_is_missing_is_not_taken_for_another() -> None:
    reading = some_readings(2)
    people = [Followed(index, UPRIGHT[0], np.zeros(4), 0.0, np.full(54, float(index))) for index in range(2)]
    both = np.ones(2, bool)
    as_they_are = np.array([[0.05] * 54, [1.0] * 54])
    assert not strangers(people, reading, as_they_are, both, alone=False).any()
    exchanged = as_they_are[::-1]
    assert not strangers(
        people, reading, exchanged, both, alone=True
    ).any()  # each is seen somewhere, so nobody is a stranger
    one = np.array([True, False])
    assert strangers(people, reading, exchanged, one, alone=True).tolist() == [True, False]
    assert strangers(people, reading, as_they_are - 0.4, both, alone=False).all()


def test_a_second_view_of_somebody_known_is_no_newcomer_and_finds_him_when_he_is_missing() -> None:
    known = Followed(0, UPRIGHT[0], np.array([100.0, 80, 260, 400]), seen_s=1.0)
    lying = Followed(1, np.array([180.0, 140, 250, 1.5]), np.array([110.0, 90, 250, 200]), seen_s=1.0)
    beside = replace(lying, box=np.array([200.0, 90, 500, 300]))
    scene, config = Scene((known,), next_index=1), detect.Config()
    assert seat(scene, lying, config).people == (known,)
    assert [person.region_index for person in seat(scene, beside, config).people] == [0, 1]
    assert seat(scene, beside, replace(config, max_people=1)).people == (known,)
    (back,) = seat(scene, replace(lying, seen_s=1.1), config).people
    assert (back.region_index, back.seen_s) == (0, 1.1)


def test_somebody_found_before_another_is_new_when_he_looks_otherwise() -> None:
    red, blue = np.zeros(54), np.full(54, 0.5)
    known = Followed(0, UPRIGHT[0], np.array([100.0, 80, 260, 400]), 1.0, red)
    before_him = Followed(1, np.array([260.0, 240, 300, 0]), np.array([150.0, 90, 255, 300]), 1.0, blue)
    scene, config = Scene((known,), next_index=1), detect.Config()
    assert len(seat(scene, before_him, config).people) == 2
    assert len(seat(scene, replace(before_him, looks=red), config).people) == 1


def test_of_two_lost_the_one_found_is_whom_he_looks_like() -> None:
    region, box = UPRIGHT[0], np.array([100.0, 80, 260, 400])
    lost = tuple(Followed(index, region, box, 1.0, np.full(54, 0.1 * index)) for index in range(2))
    found = Followed(2, region, box, 1.5, np.full(54, 0.12))
    people = seat(Scene(lost, next_index=2), found, detect.Config()).people
    assert [(person.region_index, person.seen_s) for person in people] == [(0, 1.0), (1, 1.5)]
    stranger = seat(Scene(lost, next_index=2), replace(found, looks=np.full(54, 0.9)), detect.Config()).people
    assert [person.region_index for person in stranger] == [0, 1, 2]


def frame(time_s: float, picture: np.ndarray) -> Frame:
    return Frame(0, time_s, follow=True, way=Way.PLAIN, shot=0, picture=picture)


def test_who_was_found_is_followed_back_to_where_he_comes_from(models: BlazePose, doll: np.ndarray) -> None:
    empty = backdrop(480, 360)
    came = [frame(0.1, add_doll(empty, 160, 240, 320)), frame(0.0, add_doll(empty, 140, 240, 320))]
    reading = read(models, doll, UPRIGHT)
    looks = look(doll, reading.landmarks_px, reading.visibility)[0]
    person = Followed(4, reading.next_region[0], np.array([100.0, 80, 260, 400]), 0.2, looks)
    back = look_back(models, person, [*came, frame(-0.1, empty)], [], detect.Config())
    assert [(sample.region_index, sample.time_s) for sample in back] == [(4, 0.1), (4, 0.0)]
    np.testing.assert_allclose([sample.region[0] for sample in back], [160, 140], atol=8)
    other = [Sample(5, 0.0, back[1].region)]
    assert len(look_back(models, person, came, other, detect.Config())) == 1
    himself = [Sample(4, 0.1, back[0].region)]
    assert not look_back(models, person, came, himself, detect.Config())
    stranger = replace(person, looks=looks + 0.5)
    assert not look_back(models, stranger, came, [], detect.Config())


def searched(time_s: float, picture: np.ndarray) -> Search:
    square = np.array([[180.0, 240.0, 480.0, 0.0]])
    return Search(picture, np.zeros(picture.shape[:2], bool), time_s, square)


def test_a_place_where_nobody_was_is_left_alone_for_a_while_longer_each_time(
    models: BlazePose, doll: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_px = list[float]()
    monkeypatch.setattr(newcomers, "find_people", lambda *_: (UPRIGHT, np.ones(1)))
    unsure = detect.Config(min_newcomer_score=0.99999999)

    def read_and_count(models: BlazePose, picture: np.ndarray, regions: np.ndarray) -> Reading:
        read_px.extend(regions[:, 0])
        return blazepose.read_picture(models, picture, regions)

    monkeypatch.setattr(newcomers, "read_picture", read_and_count)
    scene, counts = Scene(), list[int]()
    for time_s in (0.0, 0.1, 0.25, 0.4, 0.5, 0.7):
        before = len(read_px)
        scene = newcomers.welcome(models, scene, searched(time_s, doll), unsure)
        counts.append(len(read_px) - before)
    assert [count > 0 for count in counts] == [True, False, True, False, False, True]
    assert not scene.people
    sure = newcomers.welcome(models, replace(scene, doubts=()), searched(0.8, doll), detect.Config())
    assert [person.region_index for person in sure.people] == [0]
    assert not sure.doubts


def test_what_is_hardly_seen_anywhere_is_nobody_new(
    models: BlazePose, doll: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bush(models: BlazePose, picture: np.ndarray, regions: np.ndarray) -> Reading:
        reading = blazepose.read_picture(models, picture, regions)
        return replace(reading, visibility=np.full_like(reading.visibility, 0.5))

    monkeypatch.setattr(newcomers, "read_picture", bush)
    scene = newcomers.welcome(models, Scene(), searched(0.0, doll), detect.Config())
    assert not scene.people


# Reading in turn


def test_frames_are_read_plain_and_mirrored_in_turn_and_fast_ones_every_other() -> None:
    plain, mirrored, both, skipped = Way.PLAIN, Way.MIRRORED, Way.BOTH, Way.SKIPPED
    assert ways(np.arange(4) / 30, 45.0, mirrored=True) == [plain, mirrored, plain, mirrored]
    assert ways(np.arange(6) / 60, 45.0, mirrored=True) == [plain, skipped, mirrored, skipped, plain, plain]
    assert ways(np.arange(3) / 12, 45.0, mirrored=True) == [both] * 3
    assert ways(np.arange(3) / 30, 45.0, mirrored=False) == [plain] * 3
    assert ways(np.zeros(1), 45.0, mirrored=True) == [both]


def in_turn(time_s: np.ndarray, error: float = 5.0) -> tuple[Reading, Reading, np.ndarray]:
    """Readings of one who moves evenly, an error that changes sign with the mirror image on them; without it; ways."""
    still, count = some_readings(1), len(time_s)
    true = still.at(np.zeros(count, int))
    true = replace(true, landmarks_px=true.landmarks_px + 40 * time_s[:, None, None])
    way = np.array([Way.PLAIN, Way.MIRRORED] * count)[:count].astype(int)
    sign = np.where(way == Way.PLAIN, error, -error)[:, None, None]
    return replace(true, landmarks_px=true.landmarks_px + sign, rough_m=true.rough_m + sign / 100), true, way


def squares(count: int) -> np.ndarray:
    return np.tile(UPRIGHT, (count, 1))


def exchanged(reading: Reading, rows: list[int]) -> Reading:
    """Left and right exchanged in some rows."""
    turned = reading.at(np.arange(len(reading.score)))
    for name in ("landmarks_px", "rough_m", "visibility", "presence"):
        getattr(turned, name)[rows] = getattr(reading, name)[rows][:, list(LANDMARK_MIRROR)]
    return turned


def test_errors_that_change_sign_with_the_mirror_image_vanish_for_one_who_moves_evenly() -> None:
    time_s = np.arange(9) / 30
    read, true, way = in_turn(time_s)
    found = both_ways(read, squares(9), way, time_s, np.zeros(9, int))
    np.testing.assert_allclose(found.landmarks_px, true.landmarks_px, atol=1e-9)
    np.testing.assert_allclose(found.rough_m, true.rough_m, atol=1e-9)


def test_people_and_moments_far_apart_say_nothing_about_each_other() -> None:
    time_s = np.array([0.0, 0.03, 0.0, 1.0])
    read, _, _ = in_turn(time_s)
    way, person = np.array([Way.PLAIN, Way.PLAIN, Way.MIRRORED, Way.MIRRORED]), np.array([0, 0, 1, 0])
    found = both_ways(read, squares(4), way, time_s, person)
    np.testing.assert_array_equal(found.landmarks_px, read.landmarks_px)


def test_a_mirrored_reading_that_takes_left_legs_for_right_is_turned_before_averaging() -> None:
    time_s = np.arange(5) / 30
    read, true, way = in_turn(time_s, error=0.0)
    legs, landmarks_px = slice(23, 33), read.landmarks_px.copy()
    landmarks_px[1, legs] = landmarks_px[1, list(LANDMARK_MIRROR)][legs]
    found = both_ways(replace(read, landmarks_px=landmarks_px), squares(5), way, time_s, np.zeros(5, int))
    np.testing.assert_allclose(found.landmarks_px, true.landmarks_px, atol=1e-9)


@pytest.mark.parametrize("mirrored_too", [False, True])
def test_where_plain_readings_exchange_sides_nothing_lies_between_both_beliefs(*, mirrored_too: bool) -> None:
    time_s = np.arange(13) / 30
    read, true, way = in_turn(time_s, error=0.0)
    plain = [4, 6, 8]
    found = both_ways(
        exchanged(read, [4, 5, 6, 7, 8] if mirrored_too else plain), squares(13), way, time_s, np.zeros(13, int)
    )
    swapped = exchanged(true, list(range(13)))
    sides = [
        {"kept": np.allclose(found.landmarks_px[row], true.landmarks_px[row], atol=1),
         "exchanged": np.allclose(found.landmarks_px[row], swapped.landmarks_px[row], atol=1)}
        for row in range(13)
    ]  # fmt: skip
    assert all(side["kept"] != side["exchanged"] for side in sides)
    assert [row for row, side in enumerate(sides) if side["exchanged"]][:5] == [4, 5, 6, 7, 8]
    assert sum(side["exchanged"] for side in sides) <= 6


def test_what_was_skipped_between_contradicting_readings_is_as_the_nearer_one() -> None:
    time_s = np.array([0.0, 0.04])
    read = some_readings(1).at(np.zeros(2, int))
    torn = exchanged(read, [1])
    at_s, nobody = np.array([0.01, 0.03]), np.zeros(2, int)
    _, _, between = filled(torn, squares(2), time_s, nobody, at_s, nobody)
    np.testing.assert_allclose(between.landmarks_px, torn.landmarks_px)


def test_what_was_skipped_lies_on_a_line_between_near_readings_of_the_same_person() -> None:
    time_s = np.array([0.0, 0.0, 0.04, 0.04, 0.5])
    read, true, _ = in_turn(time_s, error=0.0)
    person = np.array([0, 1, 0, 1, 0])
    at_s, whose = np.array([0.01, 0.02, 0.2, 0.6, 0.02]), np.array([0, 1, 0, 0, 2])
    found, before, between = filled(read, squares(5), time_s, person, at_s, whose)
    assert found.tolist() == [True, True, False, False, False]
    assert before.tolist() == [0, 1]
    expected = true.landmarks_px[:2] + 40 * at_s[:2, None, None]
    np.testing.assert_allclose(between.landmarks_px, expected)


# The stage
