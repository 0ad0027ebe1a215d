"""What is written is read: by us as the same model, by OpenSim with the same poses."""

from pathlib import Path

import numpy as np
import opensim
import pytest

from models.osim import scaling
from models.osim.forward import place_bodies, place_markers, rigid
from models.osim.full_body import full_body
from models.osim.geometry import bones
from models.osim.reader import read_model
from models.osim.writer import write_model
from tests.models.osim import documents as made
from tests.models.osim import oracle, puppets
from tests.models.osim.documents import Link
from tests.models.osim.test_forward import CHAINS, MIXED
from tests.models.osim.test_ik import COUPLED

SETTINGS = {"default_value": "0.3", "range": "-1 2", "clamped": "true", "locked": "true"}
DOCUMENTS = {
    **{name: made.version_3(links) for name, links in CHAINS.items()},
    "settings": made.version_4([Link("PinJoint", settings=SETTINGS), Link("CustomJoint", MIXED)]),
    "coupled": puppets.content(COUPLED),
}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_written_model_is_the_model_that_was_read(content: str, tmp_path: Path) -> None:
    model = read_model(content)
    written = write_model(model)
    again = read_model(written)
    assert (again.bodies, again.markers) == (model.bodies, model.markers)
    assert again.coordinates == model.coordinates
    assert [(c.dependent, c.independent) for c in again.couplers] == [
        (c.dependent, c.independent) for c in model.couplers
    ]
    poses = np.random.default_rng(1).uniform(-1, 1, (5, len(model.coordinates)))
    _, origins, markers = oracle.place(oracle.open_model(written, tmp_path), poses)
    for reader in (model, again):
        assert np.abs(place_bodies(reader, poses).origin_m[:, 1:] - origins).max() < 1e-12
        assert np.abs(place_markers(reader, poses, reader.markers) - markers).max() < 1e-12


def test_a_scaled_model_is_written_as_it_is(tmp_path: Path) -> None:
    model = scaling.scale(puppets.puppet(COUPLED), {"b0": (1.3, 0.8, 1.1), "b3": (0.7, 0.9, 1.6)})
    poses = puppets.motion(model, 5, 2)
    theirs = oracle.open_model(write_model(model), tmp_path)
    _, origins, _ = oracle.place(theirs, poses)
    assert np.abs(place_bodies(model, poses).origin_m[:, 1:] - origins).max() < 1e-12
    assert [b.getMass() for b in theirs.getBodySet()] == pytest.approx([b.mass_kg for b in model.bodies])


def test_names_that_mean_something_in_xml_come_back() -> None:
    model = read_model(made.version_4([Link("PinJoint")]).replace('name="tip"', 'name="a &lt; &amp; &quot;b"'))
    assert read_model(write_model(model)).markers[0].name == 'a < & "b'


def test_opensim_opens_what_is_written_without_a_word(tmp_path: Path) -> None:
    path, log = tmp_path / "made.osim", tmp_path / "opensim.log"
    path.write_text(write_model(puppets.puppet(COUPLED)))
    opensim.Logger.removeFileSink()  # OpenSim opens one of its own in the working folder
    opensim.Logger.addFileSink(str(log))
    opensim.Logger.setLevelString("info")
    opensim.Model(str(path)).initSystem()
    opensim.Logger.setLevelString("off")
    opensim.Logger.removeFileSink()
    lines = log.read_text().splitlines()
    assert any("Loaded model made" in line for line in lines)
    said = [line for line in lines if "[warning]" in line or "[error]" in line]
    assert said == []


def test_every_body_is_drawn_from_its_joint_to_the_next(tmp_path: Path) -> None:
    theirs = oracle.open_model(write_model(puppets.puppet()), tmp_path)
    theirs.initSystem()
    drawn = list(theirs.getComponentsList())
    names = [piece.getName() for piece in drawn if piece.getConcreteClassName() == "Ellipsoid"]
    assert len(names) >= theirs.getNumBodies()
    assert not [piece for piece in drawn if piece.getConcreteClassName() == "Mesh"]


def test_a_bone_reaches_from_joint_to_joint() -> None:
    model = full_body("thorax")
    (upper_arm,) = bones(model)["humerus_r"]
    turn, centre = rigid(upper_arm.frame)
    elbow = next(joint for joint in model.joints if joint.name == "elbow_r").parent.translation_m
    assert centre + turn @ (0, upper_arm.radii_m[1], 0) == pytest.approx(elbow)
    assert centre - turn @ (0, upper_arm.radii_m[1], 0) == pytest.approx((0, 0, 0))
