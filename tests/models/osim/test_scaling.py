"""Scaling against OpenSim's own, on small models."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest

from models.errors import InputError
from models.osim import scaling
from models.osim.forward import place_bodies, place_markers
from models.osim.model import Body, Model
from models.osim.reader import load_model, read_model
from models.osim.scale_setup import factors_of, read_scale_setup, run_setup
from models.osim.scaling import Measurement
from models.osim.tasks import even_tasks
from models.osim.trc import Trial, write_trc
from tests.models.osim import documents as made
from tests.models.osim import oracle, puppets
from tests.models.osim.documents import Link

FACTORS = {"b0": (1.3, 0.8, 1.1), "b1": (0.7, 0.9, 1.6), "b3": (1.2, 1.2, 1.2), "b5": (1.0, 2.0, 0.5)}
OBLIQUE = (made.LINEAR, made.CONSTANT, made.SPLINE, made.LINEAR, made.CONSTANT, made.MULTIPLIED)
BROKEN = (made.CONSTANT, made.LINEAR, made.LINEAR, made.POLYNOMIAL, made.BROKEN_LINE, made.SPLINE)
CUSTOM = [Link("CustomJoint", OBLIQUE), Link("CustomJoint", BROKEN), Link("CustomJoint", OBLIQUE, reverse=True)]
ALONG = {"1 0 0.1": "1 0 0", "0 3 0": "0 1 0", "0.1 0 1": "0 0 -1"}
"""OpenSim scales shifts along oblique axes by more than the factors say."""
CUSTOM_MARKERS = "".join(made.marker(f"m{k}", f"b{k}", "0.3 0.2 -0.1") for k in range(3))


def aligned(content: str) -> str:
    for oblique, straight in ALONG.items():
        content = content.replace(f"<axis>{oblique}</axis>", f"<axis>{straight}</axis>")
    return content


@pytest.mark.parametrize("keep_shares", [True, False])
@pytest.mark.parametrize("custom", [True, False])
def test_bodies_markers_and_masses_scale_as_in_opensim(custom: bool, keep_shares: bool, tmp_path: Path) -> None:
    content = aligned(made.version_4(CUSTOM, markers=CUSTOM_MARKERS) if custom else puppets.content())
    generic, theirs = read_model(content), oracle.open_model(content, tmp_path)
    factors = {name: factor for name, factor in FACTORS.items() if name in generic.body_index}
    ours = scaling.scale(generic, factors)
    ours = scaling.weigh_as_before(ours, generic, 70.0) if keep_shares else scaling.weigh(ours, 70.0)
    wanted = opensim.ScaleSet()
    for name, factor in factors.items():
        one = opensim.Scale()
        one.setSegmentName(name)
        one.setScaleFactors(opensim.Vec3(*factor))
        one.setApply(True)
        wanted.cloneAndAppend(one)
    theirs.scale(theirs.initSystem(), wanted, keep_shares, 70.0)
    theirs.printToXML(str(tmp_path / "scaled.osim"))
    theirs = opensim.Model(str(tmp_path / "scaled.osim"))  # the scaled model in memory keeps old functions
    poses = np.random.default_rng(1).uniform(-1, 1, (10, len(generic.coordinates)))
    _, origins, markers = oracle.place(theirs, poses)
    assert np.abs(place_bodies(ours, poses).origin_m[:, 1:] - origins).max() < 1e-7
    assert np.abs(place_markers(ours, poses, ours.markers) - markers).max() < 1e-7
    masses = [body.getMass() for body in theirs.getBodySet()]
    assert np.allclose([body.mass_kg for body in ours.bodies], masses, rtol=1e-7)


def test_factors_of_one_change_nothing() -> None:
    model = read_model(made.version_4(CUSTOM))
    same = scaling.scale(model, dict.fromkeys(("b0", "b1", "b2"), (1.0, 1.0, 1.0)))
    poses = np.random.default_rng(5).uniform(-1, 1, (4, len(model.coordinates)))
    assert np.allclose(place_bodies(same, poses).origin_m, place_bodies(model, poses).origin_m, atol=1e-14)


def test_a_stretched_cloud_of_points_has_the_stretched_inertia() -> None:
    random, factor = np.random.default_rng(2), (0.5, 1.5, 2.0)
    points, weight = random.normal(size=(50, 3)), random.uniform(1, 2, 50)

    def body_of(points: np.ndarray, weight: np.ndarray) -> Body:
        centre = weight @ points / weight.sum()
        about = points - centre
        tensor = (
            weight[:, None, None] * ((about**2).sum(1)[:, None, None] * np.eye(3) - about[:, :, None] * about[:, None])
        ).sum(0)
        six = (tensor[0, 0], tensor[1, 1], tensor[2, 2], tensor[0, 1], tensor[0, 2], tensor[1, 2])
        return Body("b0", float(weight.sum()), tuple(map(float, centre)), tuple(map(float, six)))

    model = read_model(made.version_4([Link("PinJoint")]))
    stretched = scaling.scale(replace(model, bodies=(body_of(points, weight),)), {"b0": factor}).bodies[0]
    direct = body_of(points * factor, weight * np.prod(factor))
    assert stretched.mass_kg == pytest.approx(direct.mass_kg)
    assert stretched.mass_centre_m == pytest.approx(direct.mass_centre_m)
    assert stretched.inertia_kgm2 == pytest.approx(direct.inertia_kgm2)


def test_measured_factors_are_the_factors_that_made_the_person() -> None:
    model = puppets.puppet()
    person = scaling.scale(model, {"b0": (1.2, 1.2, 1.2), "b3": (0.8, 0.8, 0.8)})
    trial = puppets.film(person, puppets.motion(person, 4, 1))
    trial.markers_m[1, 0] = np.nan
    pairs = (("m00", "m01"), ("m01", "m02"))
    found = scaling.measure(
        model,
        trial,
        [Measurement("trunk", pairs, (("b0", (0, 1, 2)),)), Measurement("arm", (("m30", "m32"),), (("b3", (1,)),))],
    )
    assert found == {"b0": pytest.approx((1.2, 1.2, 1.2)), "b3": pytest.approx((1.0, 0.8, 1.0))}


def test_markers_move_to_where_they_were_seen() -> None:
    model = puppets.puppet()
    person = replace(
        model, markers=tuple(replace(m, location_m=tuple(x + 0.01 for x in m.location_m)) for m in model.markers)
    )
    trial = puppets.film(person, np.tile(puppets.motion(person, 3, 2)[1], (4, 1)), 0.001)
    placed, pose = scaling.place_where_seen(model, trial, even_tasks(model))
    mean = scaling.mean_frame(trial)
    assert np.allclose(place_markers(placed, pose, placed.markers), mean.markers_m[0], atol=1e-12)
    fixed = replace(model, markers=(replace(model.markers[0], fixed=True), *model.markers[1:]))
    kept = scaling.place_where_seen(fixed, trial, even_tasks(model))[0].markers
    assert kept[0].location_m == model.markers[0].location_m and kept[1].location_m != model.markers[1].location_m


SETUP = """<OpenSimDocument Version="40000"><ScaleTool name="subject"><mass>62</mass>
<GenericModelMaker><model_file>made.osim</model_file><marker_set_file>Unassigned</marker_set_file></GenericModelMaker>
<ModelScaler><apply>true</apply><scaling_order>measurements manualScale</scaling_order><MeasurementSet><objects>
<Measurement name="trunk"><apply>true</apply><MarkerPairSet><objects>
<MarkerPair><markers>m00 m01</markers></MarkerPair><MarkerPair><markers>m01 m02</markers></MarkerPair></objects>
</MarkerPairSet><BodyScaleSet><objects><BodyScale name="b0"><axes>X Y Z</axes></BodyScale>
<BodyScale name="b1"><axes>Y</axes></BodyScale></objects></BodyScaleSet></Measurement>
<Measurement name="off"><apply>false</apply></Measurement></objects></MeasurementSet><ScaleSet><objects>
<Scale><scales>0.8 0.9 1.2</scales><segment>b3</segment><apply>true</apply></Scale>
<Scale><scales>9 9 9</scales><segment>b5</segment><apply>false</apply></Scale></objects></ScaleSet>
<marker_file>markers.trc</marker_file><time_range>0.02 0.06</time_range>
<preserve_mass_distribution>true</preserve_mass_distribution><output_model_file>scaled.osim</output_model_file>
</ModelScaler><MarkerPlacer><apply>true</apply><IKTaskSet><objects>TASKS</objects></IKTaskSet>
<marker_file>markers.trc</marker_file><time_range>0 0.08</time_range>
<output_model_file>placed.osim</output_model_file></MarkerPlacer></ScaleTool></OpenSimDocument>"""
TASKS = "".join(f'<IKMarkerTask name="m{k}{i}"><weight>2</weight></IKMarkerTask>' for k in range(6) for i in range(4))


def still_trial(model: Model) -> Trial:
    """A person in one pose, seen with a little noise."""
    person = scaling.scale(model, {"b0": (1.1, 1.1, 1.1), "b3": (0.8, 0.9, 1.2)})
    pose = 0.4 * puppets.motion(person, 3, 3)[1] + 0.2
    return puppets.film(person, np.tile(pose, (5, 1)), 0.002)


def test_a_setup_does_what_the_scale_tool_does(tmp_path: Path) -> None:
    model = read_model(aligned(puppets.content()))
    trial = still_trial(model)
    (tmp_path / "made.osim").write_text(aligned(puppets.content()))
    (tmp_path / "markers.trc").write_text(write_trc(trial, "markers.trc"))
    (tmp_path / "setup.xml").write_text(SETUP.replace("TASKS", TASKS))
    assert opensim.ScaleTool(str(tmp_path / "setup.xml")).run()
    setup = read_scale_setup(SETUP.replace("TASKS", TASKS), model)
    ours, theirs = run_setup(model, trial, replace(setup, static_tasks=None)), load_model(tmp_path / "scaled.osim")
    poses = puppets.motion(model, 20, 4)
    assert np.abs(place_bodies(ours, poses).origin_m - place_bodies(theirs, poses).origin_m).max() < 1e-8
    assert [m.location_m for m in ours.markers] == [pytest.approx(m.location_m, abs=1e-8) for m in theirs.markers]
    assert [b.mass_kg for b in ours.bodies] == pytest.approx([b.mass_kg for b in theirs.bodies])
    placed = {m.name: m.location_m for m in run_setup(model, trial, setup).markers}
    # the placer's solver stops at OpenSim's default accuracy, a millimetre or so from the minimum
    for marker in load_model(tmp_path / "placed.osim").markers:
        assert placed[marker.name] == pytest.approx(marker.location_m, abs=2e-3)


def test_a_hand_written_factor_replaces_a_measured_one_and_order_counts() -> None:
    model = puppets.puppet()
    trial = still_trial(model)
    by_hand = SETUP.replace("<segment>b3", "<segment>b0").replace("TASKS", TASKS)
    assert factors_of(model, trial, read_scale_setup(by_hand, model))["b0"] == (0.8, 0.9, 1.2)
    turned = by_hand.replace("measurements manualScale", "manualScale measurements")
    assert factors_of(model, trial, read_scale_setup(turned, model))["b0"] == pytest.approx((1.1, 1.1, 1.1), abs=0.02)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ModelScaler", "Other", "no <ScaleTool> with a <ModelScaler>"),
        ("measurements manualScale", "guess", "<scaling_order> names 'guess'"),
        ("m00 m01", "m00", "<Measurement name='trunk'> does not consist of pairs of markers"),
        ("X Y Z", "X W", "has the axes 'X W'"),
        ("0.8 0.9 1.2", "0.8 0.9", "'0.8 0.9' for 'scales'"),
        ("m00 m01", "m00 knee", "the trial has no marker 'knee'"),
        ('name="b0"', 'name="b9"', "a factor is for 'b9', which is no body"),
        ("0.8 0.9 1.2", "0.8 0 1.2", "the factors of 'b3' are (0.8, 0.0, 1.2)"),
        ("0 0.08", "7 8", "the static trial has no frames"),
    ],
)
def test_a_fault_is_named(old: str, new: str, words: str) -> None:
    model = puppets.puppet()
    with pytest.raises(InputError, match=re.escape(words)):
        run_setup(model, still_trial(model), read_scale_setup(SETUP.replace("TASKS", TASKS).replace(old, new), model))


def test_a_mass_is_positive() -> None:
    with pytest.raises(InputError, match=r"a model of 7 kg cannot weigh -3 kg"):
        scaling.weigh(puppets.puppet(), -3.0)
