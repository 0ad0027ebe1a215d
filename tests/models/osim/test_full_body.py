"""The own models: their joints, names and masses, and what OpenSim makes of them."""

from pathlib import Path
from typing import Final, get_args

import numpy as np
import opensim
import pytest

from models.osim.forward import obey_couplers, place_bodies, place_markers
from models.osim.full_body import full_body
from models.osim.full_body_masses import MASS_KG
from models.osim.full_body_trunk import Topology
from models.osim.model import Model
from models.osim.writer import write_model
from tests.models.osim import oracle

TOPOLOGIES = get_args(Topology)
STANDARD_BODIES: Final = """
pelvis femur_r tibia_r patella_r talus_r calcn_r toes_r femur_l tibia_l patella_l talus_l calcn_l
toes_l torso humerus_r ulna_r radius_r hand_r humerus_l ulna_l radius_l hand_l
"""


@pytest.fixture(params=TOPOLOGIES)
def model(request: pytest.FixtureRequest) -> Model:
    return full_body(request.param)


def within_ranges(model: Model, count: int) -> np.ndarray:
    """Random poses; angles and lengths without a range of their own stay within three radians and metres."""
    lower, upper = (np.clip([getattr(c, end) for c in model.coordinates], -3, 3) for end in ("lower", "upper"))
    return np.random.default_rng(1).uniform(lower, upper, (count, len(model.coordinates)))


def test_opensim_places_the_own_models_as_we_do(model: Model, tmp_path: Path) -> None:
    poses = within_ranges(model, 20)
    turns, origins, markers = oracle.place(oracle.open_model(write_model(model), tmp_path), poses)
    placed = place_bodies(model, poses)
    assert np.abs(placed.ground_from_body[:, 1:] - turns).max() < 1e-12
    assert np.abs(placed.origin_m[:, 1:] - origins).max() < 1e-12
    assert np.abs(place_markers(model, poses, model.markers) - markers).max() < 1e-12


def test_the_topologies_have_the_coordinates_and_bodies_that_they_promise() -> None:
    thorax, standard = full_body("thorax"), full_body("standard")
    assert [body.name for body in standard.bodies] == STANDARD_BODIES.split()
    assert {body.name for body in thorax.bodies} == {
        *STANDARD_BODIES.split(),
        "lumbar",
        "head",
        "clavicle_r",
        "clavicle_l",
    }
    assert {c.name for c in standard.coordinates} < {c.name for c in thorax.coordinates}
    for model, count in ((thorax, 47), (standard, 37)):
        assert [c.dependent for c in model.couplers] == ["knee_angle_r_beta", "knee_angle_l_beta"]
        assert len(model.coordinates) - len(model.couplers) == count
    assert {c.name for c in standard.coordinates if c.locked} == {
        f"{name}_{side}" for name in ("wrist_flex", "wrist_dev") for side in "rl"
    }
    assert not any(c.locked for c in thorax.coordinates)


def test_both_sides_are_mirror_images(model: Model) -> None:
    pose = np.zeros(len(model.coordinates))
    for index, coordinate in enumerate(model.coordinates):
        if coordinate.name[-2:] in ("_r", "_l"):
            pose[index] = 0.1 + 0.02 * (sum(map(ord, coordinate.name[:-2])) % 7)
    placed = place_bodies(model, obey_couplers(model, pose))
    for name, index in model.body_index.items():
        if name.endswith("_r"):
            mirror = np.diag([1.0, 1.0, -1.0])
            other = model.body_index[f"{name[:-2]}_l"]
            assert placed.origin_m[index] @ mirror == pytest.approx(placed.origin_m[other], abs=1e-4)
            turn = mirror @ placed.ground_from_body[index] @ mirror
            assert turn == pytest.approx(placed.ground_from_body[other], abs=1e-4)


@pytest.mark.parametrize(
    ("coordinate", "body", "moves"),
    [
        ("hip_flexion", "tibia", "forward"),
        ("hip_adduction", "tibia", "inward"),
        ("knee_angle", "talus", "backward"),
        ("ankle_angle", "toes", "up"),
        ("arm_flex", "ulna", "forward"),
        ("arm_add", "ulna", "inward"),
        ("elbow_flex", "hand", "forward"),
    ],
)
@pytest.mark.parametrize("side", ["r", "l"])
def test_signs_are_those_of_the_published_model(
    coordinate: str, body: str, moves: str, side: str, model: Model
) -> None:
    way = {"forward": (1, 0, 0), "backward": (-1, 0, 0), "up": (0, 1, 0), "inward": (0, 0, -1 if side == "r" else 1)}
    index = model.body_index[f"{body}_{side}"]
    pose = np.zeros((2, len(model.coordinates)))
    pose[1, model.coordinate_index[f"{coordinate}_{side}"]] = 0.3
    before, after = place_bodies(model, pose).origin_m[:, index]
    assert (after - before) @ way[moves] > 0.9 * np.linalg.norm(after - before) * 0.9


@pytest.mark.parametrize("side", ["r", "l"])
def test_pronation_turns_a_forward_palm_inward(side: str, model: Model) -> None:
    pose = np.zeros(len(model.coordinates))
    pose[model.coordinate_index[f"pro_sup_{side}"]] = np.pi / 2
    palm = place_bodies(model, pose).ground_from_body[model.body_index[f"hand_{side}"]] @ (1, 0, 0)
    assert palm @ (0, 0, -1 if side == "r" else 1) > 0.9


def test_masses_sum_up_and_every_inertia_is_that_of_matter(model: Model, tmp_path: Path) -> None:
    theirs = oracle.open_model(write_model(model), tmp_path)
    assert theirs.getTotalMass(theirs.initSystem()) == pytest.approx(MASS_KG)
    for body in model.bodies:
        xx, yy, zz, *products = body.inertia_kgm2
        assert body.mass_kg > 0 and min(xx, yy, zz) > 0 and not any(products)
        assert 2 * max(xx, yy, zz) <= xx + yy + zz


def test_the_centre_of_mass_of_a_standing_adult_lies_in_the_pelvis(model: Model, tmp_path: Path) -> None:
    theirs = oracle.open_model(write_model(model), tmp_path)
    state = theirs.initSystem()
    centre = theirs.calcMassCenterPosition(state)
    pelvis = theirs.getBodySet().get("pelvis").getPositionInGround(state)
    assert abs(centre.get(1) - pelvis.get(1)) < 0.1
    assert abs(centre.get(2)) < 1e-9


def test_opensim_opens_the_own_models_without_a_warning(model: Model, tmp_path: Path) -> None:
    path, log = tmp_path / "made.osim", tmp_path / "opensim.log"
    path.write_text(write_model(model))
    opensim.Logger.removeFileSink()
    opensim.Logger.addFileSink(str(log))
    opensim.Logger.setLevelString("info")
    opensim.Model(str(path)).initSystem()
    opensim.Logger.setLevelString("off")
    opensim.Logger.removeFileSink()
    lines = log.read_text().splitlines()
    assert any(f"Loaded model {model.name}" in line for line in lines)
    assert [line for line in lines if not line.startswith("[info]") and "[info]" not in line] == []
