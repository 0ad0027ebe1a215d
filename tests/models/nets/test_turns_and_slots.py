"""Six numbers are rotations, chains can be undone, and every slot has one twin."""

import roma
import torch

from models.bodies.markers import mirrored
from models.kinematics import world_from_joints
from models.nets.directions import all_bends, all_ways, bend_mirror, directions, table_of, way_mirror
from models.nets.slots import SLOT_SETS, set_slots, slot_mirror, slot_places, trunk_slots
from models.nets.turns import from_six, local_from_world, to_six, world_from_local
from models.skeletons import SMPL_PARENTS


def test_six_numbers_of_a_rotation_give_it_back() -> None:
    turns = roma.random_rotmat(100)
    assert torch.allclose(from_six(to_six(turns)), turns, atol=1e-6)


def test_any_six_numbers_are_a_rotation() -> None:
    turns = from_six(torch.randn(100, 6))
    assert torch.allclose(turns @ turns.mT, torch.eye(3).expand(100, 3, 3), atol=1e-5)
    assert torch.allclose(torch.linalg.det(turns), torch.ones(100), atol=1e-5)


def test_levels_chain_as_joints_one_by_one_do() -> None:
    local = roma.random_rotmat((5, 24))
    world = world_from_local(local)
    assert torch.allclose(world, world_from_joints(SMPL_PARENTS, local), atol=1e-5)
    assert torch.allclose(local_from_world(world), local, atol=1e-5)


def test_equal_places_share_a_slot_and_every_slot_has_one_twin() -> None:
    places, twin = slot_places(), slot_mirror()
    assert len(set(map(repr, places))) == len(places)
    assert [twin[twin[slot]] for slot in range(len(places))] == list(range(len(places)))
    assert all(mirrored(places[slot]) in (places[twin[slot]], places[slot]) for slot in range(len(places)))
    assert set(set_slots("coco17")) < set(set_slots("halpe26"))
    assert {twin[slot] for slot in trunk_slots()} == set(trunk_slots())


def test_every_set_is_as_much_left_as_right() -> None:
    for name in SLOT_SETS:
        slots = set(set_slots(name))
        assert {slot_mirror()[slot] for slot in slots} == slots, name


def test_directions_and_bends_have_twins_between_twin_slots() -> None:
    ways, bends, twin = all_ways(), all_bends(), slot_mirror()
    assert len(set(ways)) == len(ways)
    for number, other in enumerate(way_mirror()):
        assert tuple(twin[slot] for slot in ways[number]) == ways[other]
    for number, other in enumerate(bend_mirror()):
        assert tuple(way_mirror()[way] for way in bends[number]) == bends[other]


def test_a_set_has_the_directions_between_its_own_points() -> None:
    slots = set_slots("coco17")
    table = table_of(slots)
    points_m = torch.randn(4, 17, 3)
    ways, _ = directions(table, points_m, torch.ones(4, 17))
    for row, number in enumerate(table.way):
        start, end = (points_m[:, slots.index(slot)] for slot in all_ways()[number])
        assert torch.allclose(ways[:, row], torch.nn.functional.normalize(end - start, dim=-1), atol=1e-4)


def test_a_missing_point_has_no_directions() -> None:
    table = table_of(set_slots("coco17"))
    ways, bends = directions(table, torch.randn(17, 3), torch.zeros(17))
    assert not ways.any()
    assert not bends.any()
