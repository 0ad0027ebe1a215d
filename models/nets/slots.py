"""Where a named point enters the network: equal places on the body share a slot, whatever set they belong to."""

from functools import lru_cache
from typing import Final

from models.bodies.markers import mirrored
from models.bodies.points import Inside, Place, Seen
from models.bodies.regressors import point_places
from models.errors import ConfigError

SLOT_SETS: Final = ("smpl24", "blazepose33", "coco17", "body25", "halpe26", "h36m17")
"""The sets that the network was trained on, in the order in which they claim their slots."""

_TRUNK: Final = (
    "pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "neck", "left_collar", "right_collar",
    "left_shoulder", "right_shoulder",
)  # fmt: skip


@lru_cache(maxsize=1)
def slot_places() -> tuple[Place, ...]:
    """The place on the body that each slot stands for."""
    places: list[Place] = []
    for name in SLOT_SETS:
        places += [place for place in point_places(name).values() if place not in places]
    return tuple(places)


@lru_cache(maxsize=64)
def set_slots(set_name: str) -> tuple[int, ...]:
    """The slot of each point of a set, in the set's order.

    Raises:
        ConfigError: no set has this name, or the network has no slot for one of its points.
    """
    places = slot_places()
    own = point_places(set_name)
    if strange := [name for name, place in own.items() if place not in places]:
        problem = f"the network does not know the point {strange[0]!r} of {set_name!r}"
        raise ConfigError(problem, f"choose from {sorted(SLOT_SETS)}")
    return tuple(places.index(place) for place in own.values())


@lru_cache(maxsize=1)
def slot_mirror() -> tuple[int, ...]:
    """The slot of each place's mirror twin."""
    places = slot_places()
    twin = list(range(len(places)))
    for slot, place in enumerate(places):
        other = places.index(mirrored(place))
        if other != slot:
            twin[slot], twin[other] = other, slot
    return tuple(twin)


@lru_cache(maxsize=1)
def trunk_slots() -> tuple[int, ...]:
    """The slots of points that lie within the trunk."""
    return tuple(slot for slot, place in enumerate(slot_places()) if _within_trunk(place))


def _within_trunk(place: Place) -> bool:
    match place:
        case Inside(joints):
            return all(name in _TRUNK for name in joints)
        case Seen(landmark):
            return landmark.endswith(("_hip", "_shoulder"))
        case _:
            return False
