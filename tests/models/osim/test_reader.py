"""What a model file must not be: each fault gets its own plain error."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import InputError
from models.osim.document import MAX_DEPTH, parse_xml
from models.osim.reader import load_model, read_model
from tests.models.osim import documents as made
from tests.models.osim.documents import Link

PIN = made.version_4([Link("PinJoint"), Link("PinJoint")], made.coupler("b1_0", "b0_0"))
FLAT = (made.LINEAR,) * 6
CUSTOM = made.version_4([Link("CustomJoint", FLAT)])

FAULTS = {
    "no XML": (PIN[:-30], "no well-formed XML"),
    "nothing": ("", "no well-formed XML"),
    "no model": ('<OpenSimDocument Version="40000"></OpenSimDocument>', "no <Model>"),
    "an old version": (PIN.replace("40000", "20302"), "version '20302'"),
    "a version between": (PIN.replace("40000", "30505"), "version '30505'"),
    "another root": (PIN.replace("OpenSimDocument", "Other"), "<Other> has the version"),
    "a missing body": (
        PIN.replace('<Body name="b1">', '<Body name="b7">'),
        "joint 'j1' lies on 'b1', which is no body",
    ),
    "a loose body": (
        PIN.replace('<Body name="b0">', '<Body name="x"/><Body name="b0">'),
        "no joint holds the bodies x",
    ),
    "two bodies of one name": (PIN.replace('<Body name="b1">', '<Body name="b0">'), "two bodies called 'b0'"),
    "a loop": (
        made.version_4([Link("PinJoint"), Link("PinJoint")]).replace("bodyset/b0", "bodyset/b1"),
        "joint 'j1' closes a loop at body 'b1'",
    ),
    "no ground": (PIN.replace("/ground", "/bodyset/b1"), "'j0', 'j1' do not hang on the ground"),
    "a marker on nothing": (PIN.replace("<Marker", "<Marker name='m'/><Marker"), "marker 'm' lies on ''"),
    "no coordinates": (made.version_4([Link("WeldJoint")]), "no coordinates"),
    "too few coordinates": (
        PIN.replace('<Coordinate name="b0_0"></Coordinate>', ""),
        "0 coordinates, a PinJoint has 1",
    ),
    "an unknown joint": (PIN.replace("PinJoint", "ScapulothoracicJoint"), "no joint known here"),
    "an unknown function": (CUSTOM.replace("LinearFunction", "GCVSpline"), "no function known here"),
    "an empty function": (CUSTOM.replace(made.LINEAR, ""), "has a coordinate and no function"),
    "collinear axes": (CUSTOM.replace("1 0.2 0", "0 0 -5"), "collinear axes, rotation1 and rotation2"),
    "collinear shifts": (CUSTOM.replace("0.1 0 1", "0 1 0"), "collinear axes, translation2 and translation3"),
    "an axis without length": (CUSTOM.replace("0 0 2", "0 0 0"), "rotation1 has no direction"),
    "a strange coordinate": (CUSTOM.replace("<coordinates>b0_0<", "<coordinates>q<"), "'q', which is none"),
    "two drivers": (CUSTOM.replace("<coordinates>b0_0<", "<coordinates>b0_0 b0_1<"), "depends on 2 coordinates"),
    "words for numbers": (CUSTOM.replace(">1 0.2 0", ">1 left 0"), "'1 left 0' for 'axis'"),
    "not a number": (CUSTOM.replace(">1 0.2 0", ">1 nan 0"), "'1 nan 0' for 'axis'"),
    "knots that fall": (
        made.version_4([Link("CustomJoint", (made.SPLINE,) * 6)]).replace("-1 -0.2", "-0.2 -1"),
        "do not increase",
    ),
    "a default out of range": (
        made.version_4([Link("PinJoint", settings={"range": "-1 1", "default_value": "2"})]),
        "default 2 outside its range -1 to 1",
    ),
    "prescribed motion": (made.version_4([Link("PinJoint", settings={"prescribed": "true"})]), "prescribed function"),
    "neither true nor false": (made.version_4([Link("PinJoint", settings={"clamped": "yes"})]), "'yes' for 'clamped'"),
    "another constraint": (made.version_4([Link("PinJoint")], "<WeldConstraint/>"), "no constraint known here"),
    "a coupler of nothing": (PIN.replace("names>b0_0", "names>q"), "names 'q', which is no coordinate"),
    "couplers in a circle": (
        made.version_4(
            [Link("PinJoint"), Link("PinJoint")], made.coupler("b1_0", "b0_0") + made.coupler("b0_0", "b1_0")
        ),
        "form a circle",
    ),
    "a set elsewhere": (PIN.replace("<MarkerSet>", '<MarkerSet file="m.xml">'), "lies in another file"),
}


@pytest.mark.parametrize(("content", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named(content: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read_model(content)


def test_entities_are_refused_before_they_grow() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(InputError, match="document type"):
        parse_xml(bomb)


def test_a_file_outside_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    reaching = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]><x>&a;</x>'
    with pytest.raises(InputError, match="document type"):
        parse_xml(reaching)


def test_depth_is_bounded() -> None:
    parse_xml("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH)
    with pytest.raises(InputError, match="nested deeper"):
        parse_xml("<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1))


def test_errors_of_a_file_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.osim cannot be read"):
        load_model(tmp_path / "nothing.osim")
    (tmp_path / "bad.osim").write_text("<a/>")
    with pytest.raises(InputError, match=r"bad\.osim: <a> has the version ''"):
        load_model(tmp_path / "bad.osim")


@pytest.mark.parametrize("write", [made.version_3, made.version_4])
def test_what_opensim_leaves_out_has_opensims_defaults(write: Callable[[list[Link]], str]) -> None:
    coordinate = read_model(write([Link("PinJoint")])).coordinates[0]
    assert (coordinate.lower, coordinate.upper, coordinate.default) == (-10, 10, 0)
    assert not coordinate.clamped and not coordinate.locked


@pytest.mark.parametrize("write", [made.version_3, made.version_4])
def test_settings_of_a_coordinate_are_read(write: Callable[[list[Link]], str]) -> None:
    settings = {"default_value": "0.5", "range": "-1 2", "clamped": "true", "locked": "true"}
    coordinate = read_model(write([Link("PinJoint", settings=settings)])).coordinates[0]
    assert (coordinate.lower, coordinate.upper, coordinate.default) == (-1, 2, 0.5)
    assert coordinate.clamped and coordinate.locked


def test_a_disabled_constraint_is_passed_over() -> None:
    off_4 = "<WeldConstraint><isEnforced>false</isEnforced></WeldConstraint>"
    off_3 = "<WeldConstraint><isDisabled>true</isDisabled></WeldConstraint>"
    assert not read_model(made.version_4([Link("PinJoint")], off_4)).couplers
    assert not read_model(made.version_3([Link("PinJoint")], off_3)).couplers
