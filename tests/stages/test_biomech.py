"""Biomech: the model follows the body, turns with no world, keeps its limits, and says where it could not follow."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.errors import ConfigError, InputError, WeightsError
from models.osim.forward import place_bodies, place_markers
from models.osim.full_body import full_body
from models.osim.full_body_markers import JOINT_MARKERS
from models.osim.reader import read_model
from models.osim.scaling import scale
from models.osim.writer import write_model
from models.skeletons import SMPL_INDEX
from stages import biomech
from stages.biomech import Config
from stages.contracts import Biomechanics, Motion
from tests.stages.toy_motion import make_body_motion
from tests.stages.toy_walk import make_walk

WALK = make_walk()
TOPOLOGIES = ("full_body", "standard")


@pytest.fixture(scope="module")
def followed() -> dict[str, Biomechanics]:
    return {name: biomech.run(Config(model=name), WALK) for name in TOPOLOGIES}


def column(result: Biomechanics, name: str) -> np.ndarray:
    return result.coordinates[:, result.coordinate_names.tolist().index(name)]


def test_joint_centres_stay_with_those_of_the_body(followed: dict[str, Biomechanics]) -> None:
    result = followed["full_body"]
    names = result.marker_names.tolist()
    wanted = WALK.joints_m[:, [SMPL_INDEX[joint] for joint in JOINT_MARKERS.values()]] @ result.ground_from_world.T
    away_m = np.linalg.norm(result.model_markers_m[:, [names.index(name) for name in JOINT_MARKERS]] - wanted, axis=2)
    assert away_m.mean() < 0.005 and np.percentile(away_m, 95) < 0.012
    assert not result.doubtful.any()


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_limits_are_never_broken_and_coordinates_do_not_jump(name: str, followed: dict[str, Biomechanics]) -> None:
    result = followed[name]
    for values, coordinate in zip(result.coordinates.T, full_body(biomech_topology(name)).coordinates, strict=True):
        assert not coordinate.clamped or (coordinate.lower <= values.min() and values.max() <= coordinate.upper)
        assert coordinate.motion != "rotational" or np.abs(np.diff(values)).max() < 0.5


def biomech_topology(name: str) -> str:
    return {"full_body": "thorax", "standard": "standard"}[name]


def test_what_the_body_bends_the_model_bends(followed: dict[str, Biomechanics]) -> None:
    seconds = WALK.timestamps_s - WALK.timestamps_s[0]
    bent_deg = 30 - 25 * np.cos(2 * np.pi * seconds)
    knee_deg = np.degrees(column(followed["full_body"], "knee_angle_r"))
    assert np.abs(knee_deg - bent_deg).mean() < 3
    hip_deg = np.degrees(column(followed["full_body"], "hip_flexion_r"))
    assert np.corrcoef(hip_deg, np.sin(2 * np.pi * seconds))[0, 1] > 0.99


@pytest.mark.parametrize("heading_deg", [70.0, 180.0])
def test_coordinates_do_not_know_how_the_world_is_turned(heading_deg: float, followed: dict[str, Biomechanics]) -> None:
    turned = biomech.run(Config(), make_walk(heading_deg=heading_deg))
    assert np.allclose(turned.coordinates, followed["full_body"].coordinates, atol=1e-3)
    assert np.allclose(turned.markers_m, followed["full_body"].markers_m, atol=1e-3)


def test_the_person_goes_toward_x(followed: dict[str, Biomechanics]) -> None:
    result = followed["full_body"]
    assert np.ptp(column(result, "pelvis_tx")) == pytest.approx(1.2 * 89 / 30, abs=0.02)
    assert np.ptp(column(result, "pelvis_tz")) < 0.02
    assert np.abs(column(result, "pelvis_rotation")).max() < 0.05
    assert np.allclose(result.ground_from_world @ result.ground_from_world.T, np.eye(3))


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_factors_take_the_generic_model_to_the_scaled_one(name: str, followed: dict[str, Biomechanics]) -> None:
    result = followed[name]
    generic, scaled = read_model(result.generic_xml), read_model(result.model_xml)
    factors = {
        body: tuple(row) for body, row in zip(result.body_names.tolist(), result.scale_factors.tolist(), strict=True)
    }
    ours = scale(generic, factors)
    pose = result.coordinates[7]
    assert np.allclose(place_bodies(ours, pose).origin_m, place_bodies(scaled, pose).origin_m, atol=1e-12)
    assert np.allclose(place_markers(ours, pose, ours.markers), place_markers(scaled, pose, scaled.markers), atol=1e-12)
    assert [marker.name for marker in scaled.markers] == result.marker_names.tolist()


def test_the_standard_bodies_come_first_among_the_factors(followed: dict[str, Biomechanics]) -> None:
    standard = [body.name for body in full_body("standard").bodies]
    assert followed["full_body"].body_names.tolist()[: len(standard)] == standard
    assert len(set(followed["full_body"].body_names.tolist())) == len(full_body("thorax").bodies)


def test_markers_of_the_model_are_where_forward_kinematics_puts_them(followed: dict[str, Biomechanics]) -> None:
    result = followed["full_body"]
    model = read_model(result.model_xml)
    assert np.allclose(place_markers(model, result.coordinates, model.markers), result.model_markers_m, atol=1e-12)


def test_mass_is_what_was_given_or_follows_from_the_height(followed: dict[str, Biomechanics]) -> None:
    assumed = followed["full_body"]
    assert assumed.mass_is_assumed and assumed.mass_kg == pytest.approx(22 * assumed.height_m**2)
    given = biomech.run(Config(mass_kg=81.5), head(WALK, 3))
    assert not given.mass_is_assumed and given.mass_kg == 81.5
    assert sum(body.mass_kg for body in read_model(given.model_xml).bodies) == pytest.approx(81.5)


def head(motion: Motion, frames: int) -> Motion:
    per_frame = ("timestamps_s", "observed", "parent_from_joint", "trans_m", "confidence", "joints_m", "landmarks_m")
    return replace(motion, **{name: getattr(motion, name)[:frames] for name in per_frame})


def test_a_coordinate_is_as_sure_as_the_least_sure_joint_that_shows_it() -> None:
    start = head(WALK, 4)
    sure = np.ones((4, 24))
    sure[1, SMPL_INDEX["right_ankle"]] = 0.3
    result = biomech.run(Config(), replace(start, confidence=sure, observed=np.array([True, True, True, False])))
    assert result.coordinate_confidence[3].max() == 0
    confidence = dict(zip(result.coordinate_names.tolist(), result.coordinate_confidence.T, strict=True))
    assert confidence["knee_angle_r"].tolist() == [1, 0.3, 1, 0]
    assert confidence["knee_angle_l"].tolist() == confidence["arm_flex_r"].tolist() == [1, 1, 1, 0]


def test_a_knee_that_bends_forward_is_doubtful(caplog: pytest.LogCaptureFixture) -> None:
    rotation = np.tile(np.eye(3), (12, 24, 1, 1))
    rotation[6:, SMPL_INDEX["right_knee"]] = Rotation.from_euler("x", -80, degrees=True).as_matrix()
    result = biomech.run(Config(), make_body_motion(rotation))
    assert result.doubtful.tolist() == [False] * 6 + [True] * 6
    assert "6 of 12 frames are doubtful" in caplog.text


def test_a_users_model_is_followed_as_our_own(tmp_path: Path, followed: dict[str, Biomechanics]) -> None:
    path = tmp_path / "mine.osim"
    path.write_text(write_model(full_body("standard")))
    config = Config(model=str(path))
    assert biomech.reads(config) == (path,) and biomech.reads(Config()) == ()
    result = biomech.run(config, WALK)
    assert np.allclose(result.coordinates, followed["standard"].coordinates, atol=1e-4)


def test_a_users_model_may_stand_and_turn_anywhere(tmp_path: Path) -> None:
    own = full_body("standard")
    root = own.joints[0]
    narrow = tuple(replace(c, lower=-0.3, upper=1.0) for c in root.coordinates)
    path = tmp_path / "narrow.osim"
    path.write_text(write_model(replace(own, joints=(replace(root, coordinates=narrow), *own.joints[1:]))))
    result = biomech.run(Config(model=str(path)), make_walk(1.5))
    assert not result.doubtful.any() and np.ptp(column(result, "pelvis_tx")) > 1.5


def test_models_that_cannot_follow_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model called 'fullbody'"):
        biomech.run(Config(model="fullbody"), WALK)
    with pytest.raises(InputError, match="cannot be read"):
        biomech.run(Config(model=str(tmp_path / "nothing.osim")), WALK)
    strange = tmp_path / "strange.osim"
    strange.write_text(write_model(full_body("standard")).replace("femur", "thigh"))
    with pytest.raises(InputError, match="femur"):
        biomech.run(Config(model=str(strange)), WALK)


def test_a_motion_of_another_body_is_refused() -> None:
    with pytest.raises(WeightsError, match="other bytes"):
        biomech.run(Config(), replace(WALK, body_sha256="0" * 64))
