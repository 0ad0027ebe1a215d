"""The constants of the families that are known, so that a clip's truth does not depend on the clips beside it.

`python -m training.mocap_families DIR` finds them in the shards of a folder (the training split) and writes them to
mocap_families.json. A family that is not known, or whose joints are others, is measured from the clips at hand.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.mocap_clips import MocapClip, read_clips
from training.mocap_rest import FamilyRest, Segment, family_rest
from training.true_motion import mean_rest_joints_m

KNOWN: Final = Path(__file__).with_suffix(".json")


def rest_of(clips: Sequence[MocapClip], rest_joints_m: np.ndarray) -> FamilyRest:
    """The constants of a family, known or measured; raises as family_rest."""
    known = _known().get(clips[0].family)
    if known is not None and tuple(known["joints"]) == clips[0].joints:
        return _unpacked(known)
    return family_rest(clips, rest_joints_m)


@cache
def _known() -> Mapping[str, Any]:
    return json.loads(KNOWN.read_text(encoding="utf-8"))


def _packed(joints: tuple[str, ...], rest: FamilyRest) -> dict[str, Any]:
    def row(segment: Segment) -> list[Any]:
        return [joints[segment.joint], *np.round(segment.source_from_ours, 6).ravel().tolist()]

    return {
        "joints": joints,
        "spine": [row(segment) for segment in rest.spine],
        "neck": [row(segment) for segment in rest.neck],
        "limbs": {name: row(segment) for name, segment in rest.limbs.items()},
    }


def _unpacked(known: Mapping[str, Any]) -> FamilyRest:
    def segment(row: list[Any]) -> Segment:
        left, _, right = np.linalg.svd(np.array(row[1:], dtype=float).reshape(3, 3))
        return Segment(known["joints"].index(row[0]), left @ right)

    return FamilyRest(
        tuple(segment(row) for row in known["spine"]),
        tuple(segment(row) for row in known["neck"]),
        {name: segment(row) for name, row in known["limbs"].items()},
    )


def _measure(folder: Path) -> None:
    found = {
        family: _packed(clips[0].joints, family_rest(clips, mean_rest_joints_m()))
        for family, clips in ((name, tuple(group)) for name, group in groupby(read_clips(folder), lambda c: c.family))
    }
    lines = [f"{json.dumps(name)}: {json.dumps(family)}" for name, family in found.items()]
    KNOWN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    _measure(Path(sys.argv[1]))
