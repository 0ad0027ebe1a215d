"""Forward kinematics against OpenSim, joint by joint and function by function."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.osim.document import parse_xml
from models.osim.forward import obey_couplers, place_bodies, place_markers
from models.osim.functions import evaluate, read_function
from models.osim.reader import read_model
from tests.models.osim import documents as made
from tests.models.osim import oracle
from tests.models.osim.documents import Link

MIXED = (made.LINEAR, made.SPLINE, made.CONSTANT, made.POLYNOMIAL, made.BROKEN_LINE, made.MULTIPLIED)
KINDS = [kind for kind in made.COUNTS if kind not in {"WeldJoint", "CustomJoint"}]
CHAINS = {
    **{kind: [Link(kind)] for kind in KINDS},
    "weld": [Link("PinJoint"), Link("WeldJoint")],
    "custom": [Link("CustomJoint", MIXED), Link("CustomJoint", MIXED[::-1])],
    "coordinates out of order": [Link("CustomJoint", (made.CONSTANT, made.LINEAR, made.LINEAR, *MIXED[3:]))],
    "short splines": [Link("CustomJoint", (made.SPLINE_OF_TWO, made.SPLINE_OF_THREE) * 3)],
    "reversed": [Link("CustomJoint", MIXED, reverse=True), Link("FreeJoint", reverse=True), Link("PinJoint")],
    "branches": [Link("FreeJoint"), Link("BallJoint"), Link("PinJoint", parent="b0"), Link("PinJoint", parent="b1")],
}


@pytest.mark.parametrize("write", [made.version_3, made.version_4])
@pytest.mark.parametrize("links", CHAINS.values(), ids=CHAINS.keys())
def test_bodies_and_markers_lie_where_opensim_puts_them(
    links: list[Link], write: Callable[[list[Link]], str], tmp_path: Path
) -> None:
    content = write(links)
    model, theirs = read_model(content), oracle.open_model(content, tmp_path)
    poses = np.random.default_rng(1).uniform(-1.6, 2.6, (20, len(model.coordinates)))
    turns, origins, markers = oracle.place(theirs, poses)
    placed = place_bodies(model, poses)
    assert np.abs(placed.ground_from_body[:, 1:] - turns).max() < 1e-12
    assert np.abs(placed.origin_m[:, 1:] - origins).max() < 1e-12
    assert np.abs(place_markers(model, poses, model.markers) - markers).max() < 1e-12
    names = [coordinate.getName() for coordinate in theirs.getCoordinateSet()]
    assert [coordinate.name for coordinate in model.coordinates] == names
    motions = [oracle.MOTIONS[coordinate.getMotionType()] for coordinate in theirs.getCoordinateSet()]
    assert [coordinate.motion for coordinate in model.coordinates] == motions


@pytest.mark.parametrize("batch", [(), (4,), (2, 3), (0,)])
def test_batch_axes_stand_in_front(batch: tuple[int, ...]) -> None:
    model = read_model(made.version_4(CHAINS["branches"]))
    poses = np.random.default_rng(2).normal(size=(*batch, len(model.coordinates)))
    markers = place_markers(model, poses, model.markers)
    assert markers.shape == (*batch, 1, 3)
    flat = poses.reshape(-1, poses.shape[-1])
    one_by_one = [place_markers(model, pose, model.markers) for pose in flat]
    assert np.allclose(markers.reshape(-1, 1, 3), np.array(one_by_one).reshape(-1, 1, 3), atol=1e-15)


def test_coupled_coordinates_follow_as_in_opensim(tmp_path: Path) -> None:
    couplers = made.coupler("b2_0", "b1_0", made.SPLINE, -0.5) + made.coupler("b1_0", "b0_0")
    content = made.version_4([Link("PinJoint"), Link("PinJoint"), Link("PinJoint")], couplers)
    model, theirs = read_model(content), oracle.open_model(content, tmp_path)
    state = theirs.initSystem()
    theirs.getCoordinateSet().get(0).setValue(state, 0.7, False)
    theirs.assemble(state, theirs.getCoordinateSet().get(0), 1e8)
    followed = [theirs.getCoordinateSet().get(k).getValue(state) for k in range(3)]
    assert np.allclose(obey_couplers(model, np.array(followed)), followed, atol=1e-6)
    assert abs(followed[2]) > 0.01


@pytest.mark.parametrize("element", [*MIXED, made.SPLINE_OF_TWO, made.SPLINE_OF_THREE])
def test_a_slope_is_the_limit_of_differences(element: str) -> None:
    function, step = read_function(parse_xml(element)), 1e-6
    x = np.linspace(-2, 3, 101) + 0.0137
    difference = (evaluate(function, x + step)[0] - evaluate(function, x - step)[0]) / (2 * step)
    assert np.allclose(evaluate(function, x)[1], difference, atol=1e-6)
