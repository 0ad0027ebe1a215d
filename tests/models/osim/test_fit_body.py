"""A model scaled to a body: joints where the body has them, markers on its skin, feet at zero."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import opensim
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import Body, rest_joints
from models.bodies.regressors import point_names, pose_points
from models.errors import InputError
from models.osim import scaling
from models.osim.fit_body import FORWARD_UP_RIGHT, Fitted, factors_for, fit_body, joint_points, rest_pose
from models.osim.forward import place_bodies, place_markers
from models.osim.full_body import full_body
from models.osim.full_body_markers import JOINT_MARKERS
from models.osim.full_body_places import PLACES_MM
from models.osim.full_body_trunk import Topology
from models.osim.model import Model
from models.osim.reader import load_model
from models.osim.setups import Scaling, write_scale_setup
from models.osim.writer import write_model
from models.skeletons import SMPL_INDEX
from tests.models.osim import oracle
from tests.models.osim.puppets import puppet
from training.place_markers import places_mm

TOPOLOGIES = get_args(Topology)
MASS_KG = 68.0


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("free")


def at_rest(body: Body, betas: torch.Tensor) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    joints = rest_joints(body, betas).double().numpy()
    skin = pose_points(body, "full_body", betas, torch.eye(3).expand(24, 3, 3), torch.zeros(3)).double().numpy()
    markers = dict(zip(point_names("full_body"), skin, strict=True))
    return joints, markers | {name: joints[SMPL_INDEX[joint]] for name, joint in JOINT_MARKERS.items()}


def person(body: Body, seed: int, topology: Topology = "thorax") -> tuple[Fitted, np.ndarray, Mapping[str, np.ndarray]]:
    betas = torch.randn(body.beta_count, generator=torch.Generator().manual_seed(seed))
    joints, markers = at_rest(body, betas)
    return fit_body(full_body(topology), joints, markers, MASS_KG), joints, markers


@pytest.mark.parametrize("seed", range(5))
def test_joints_at_rest_lie_where_the_body_has_them(seed: int, body: Body) -> None:
    fitted, joints, _ = person(body, seed)
    points = joint_points(fitted.model)
    placed = place_markers(fitted.model, fitted.rest_pose, tuple(points.values()))
    wanted = joints[[SMPL_INDEX[name] for name in points]] @ FORWARD_UP_RIGHT.T
    apart = np.linalg.norm(placed - wanted, axis=1)
    assert apart.mean() < 0.007 and apart.max() < 0.015


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_markers_lie_on_the_skin_of_the_body_at_rest(topology: Topology, body: Body) -> None:
    fitted, _, markers = person(body, 1, topology)
    placed = place_markers(fitted.model, fitted.rest_pose, fitted.model.markers)
    wanted = np.array([markers[marker.name] for marker in fitted.model.markers]) @ FORWARD_UP_RIGHT.T
    assert np.abs(placed - wanted).max() < 1e-12


def test_feet_are_at_zero_and_flat_when_the_body_is_at_rest(body: Body) -> None:
    fitted, _, _ = person(body, 2)
    model = fitted.model
    for name in ("ankle_angle", "subtalar_angle", "mtp_angle", "pelvis_tilt", "lumbar_extension", "neck_rotation"):
        sides = [c.name for c in model.coordinates if c.name.startswith(name)]
        assert fitted.rest_pose[[model.coordinate_index[side] for side in sides]] == pytest.approx(0, abs=2e-3)
    soles = place_bodies(model, fitted.rest_pose).ground_from_body[[model.body_index[f"calcn_{s}"] for s in "rl"]]
    assert (soles[:, 1, 1] > np.cos(np.radians(3))).all()


def test_the_factors_that_made_a_person_come_back() -> None:
    generic = full_body("thorax")
    sizes = {"femur": 1.1, "tibia": 0.9, "humerus": 1.2, "ulna": 0.8, "radius": 0.8, "clavicle": 1.05, "calcn": 1.1}
    sizes |= {"talus": 1.1, "toes": 1.1}
    made = {f"{name}_{side}": (size,) * 3 for name, size in sizes.items() for side in "rl"}
    made |= {"pelvis": (1.1,) * 3, "torso": (0.9,) * 3, "lumbar": (1.1,) * 3}
    bigger = scaling.scale(generic, made)
    pose = rest_pose(generic, joints_of(generic, generic.default_pose))
    found = factors_for(generic, joints_of(bigger, pose))
    for name, factor in made.items():
        assert found[name] == pytest.approx(factor, abs=1e-3)


def test_a_spine_out_of_proportion_is_not_turned_inside_out(body: Body) -> None:
    joints, _ = at_rest(body, torch.zeros(body.beta_count))
    joints = joints + np.where(np.arange(24)[:, None] == SMPL_INDEX["spine3"], (0.0, 0.0, 0.2), 0.0)
    fitted = fit_body(full_body("thorax"), joints, {}, MASS_KG)
    assert min(min(factor) for factor in fitted.factors.values()) > 0.3


def joints_of(model: Model, pose: np.ndarray) -> Mapping[str, np.ndarray]:
    points = joint_points(model)
    return dict(zip(points, place_markers(model, pose, tuple(points.values())), strict=True))


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_opensims_scale_tool_makes_the_same_bodies_of_our_factors(
    topology: Topology, body: Body, tmp_path: Path
) -> None:
    generic = full_body(topology)
    fitted, _, _ = person(body, 3, topology)
    (tmp_path / "generic.osim").write_text(write_model(generic))
    told = Scaling("generic.osim", "scaled.osim", fitted.factors, MASS_KG, 1.7)
    (tmp_path / "setup.xml").write_text(write_scale_setup("person", told))
    opensim.ScaleTool(str(tmp_path / "setup.xml")).run()  # says False where markers are not placed
    theirs = load_model(tmp_path / "scaled.osim")
    poses = np.random.default_rng(4).uniform(-1, 1, (20, len(generic.coordinates)))
    assert np.abs(place_bodies(fitted.model, poses).origin_m - place_bodies(theirs, poses).origin_m).max() < 1e-6
    masses = [one.mass_kg for one in theirs.bodies]
    assert [one.mass_kg for one in fitted.model.bodies] == pytest.approx(masses)
    assert sum(masses) == pytest.approx(MASS_KG)
    standard = [one.name for one in full_body("standard").bodies]
    assert [*fitted.factors][:22] == standard and set(fitted.factors) == {one.name for one in generic.bodies}


def test_opensim_opens_a_fitted_model_and_finds_its_joints_where_we_do(body: Body, tmp_path: Path) -> None:
    fitted, _, _ = person(body, 4)
    points = joint_points(fitted.model)
    marked = replace(fitted.model, markers=tuple(points.values()))
    poses = np.random.default_rng(5).uniform(-1, 1, (5, len(marked.coordinates)))
    _, _, theirs = oracle.place(oracle.open_model(write_model(marked), tmp_path), poses)
    assert np.abs(place_markers(marked, poses, marked.markers) - theirs).max() < 1e-12


def test_a_body_without_skin_points_keeps_the_scaled_places(body: Body) -> None:
    joints, _ = at_rest(body, torch.zeros(body.beta_count))
    fitted = fit_body(full_body("thorax"), joints, {}, MASS_KG)
    scaled = scaling.scale(full_body("thorax"), fitted.factors)
    assert [m.location_m for m in fitted.model.markers] == [m.location_m for m in scaled.markers]


def test_a_model_of_other_bodies_is_refused(body: Body) -> None:
    joints, _ = at_rest(body, torch.zeros(body.beta_count))
    with pytest.raises(InputError, match=re.escape("model 'made' has no bodies called pelvis, femur_r")):
        fit_body(puppet(), joints, {}, MASS_KG)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_generic_adults_markers_are_the_free_bodys(topology: Topology, body: Body) -> None:
    made = places_mm(body, topology)
    assert set(made) == set(PLACES_MM[topology])
    # a body that is built anew may move its skin a little; then write the table again
    assert np.abs(np.array([*made.values()]) - [PLACES_MM[topology][name] for name in made]).max() < 10
