"""How well limb mode does on captured motion: `python -m training.check_limbs --mocap MOCAP/test`.

Errors of elbows and knees from the paths of wrists and ankles alone, with and without the future; of the end and of
elbow or knee five and ten frames ahead. Beside each stands its floor. All on the mean body; the takes' own frames.
"""

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies import load_body
from models.kinematics import world_from_joints
from models.limbs import LIMB_JOINTS, LimbName, LimbPath, limb_bones, predict_limb, solve_limb
from models.nets.limb_net import HORIZONS, LimbGuess, reach_end
from models.rig import Rig, make_rig
from models.skeletons import SMPL_PARENTS
from training.limb_tracks import MIRROR, as_left
from training.mocap import TrueMotion, read_truth

RATE_HZ: Final = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Take:
    """A limb's true way in its trunk's frame: where elbow or knee and wrist or ankle are, and how the bones turn."""

    limb: LimbName
    motion: TrueMotion
    bend_m: Float[Tensor, "frames 3"]
    end_m: Float[Tensor, "frames 3"]
    turns: Float[Tensor, "frames 2 3 3"]


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    body = load_body("free")
    rig = make_rig(body, torch.zeros(body.beta_count), "smpl24")
    motions = read_truth(arguments.mocap)
    for kind in ("arm", "leg"):
        takes = list(_takes(rig, motions, kind))
        usual = usual_pose(takes)
        every = [(take, errors_of(rig, take, usual)) for take in takes]
        log.info("%s: %d frames, mm, mean (median)", kind, sum(len(take.end_m) for take in takes))
        _print("all", [errors for _, errors in every])
        for subject in sorted({take.motion.subject for take in takes}):
            _print(subject, [errors for take, errors in every if take.motion.subject == subject])


def errors_of(rig: Rig, take: Take, usual: Float[Tensor, "2 3 3"]) -> dict[str, Tensor]:
    """Distances in millimetres, turns in degrees, one number per frame."""
    path = LimbPath(take.end_m, torch.ones(len(take.end_m), dtype=torch.bool), RATE_HZ)
    offline, causal = solve_limb(rig, take.limb, path), solve_limb(rig, take.limb, path, causal=True)
    errors = {
        "bend": _apart(offline.bend_m, take.bend_m),
        "bend, causal": _apart(causal.bend_m, take.bend_m),
        "bend, usual pose": _apart(_usual_bend(rig, take, usual), take.bend_m),
        "end": _apart(offline.end_m, take.end_m),
    }
    if take.motion.whole:
        errors["upper deg"] = roma.rotmat_geodesic_distance(offline.trunk_from_upper, take.turns[:, 0]).rad2deg()
        errors["lower deg"] = roma.rotmat_geodesic_distance(offline.trunk_from_lower, take.turns[:, 1]).rad2deg()
    ahead = predict_limb(rig, take.limb, path)
    for row, horizon in enumerate(HORIZONS):
        now, later = slice(1, -horizon), slice(1 + horizon, None)
        still_m, speed_m = take.end_m[now], take.end_m[now] - take.end_m[:-1][: len(take.end_m) - 1 - horizon]
        errors |= {
            f"end +{horizon}": _apart(ahead.end_m[now, row], take.end_m[later]),
            f"end +{horizon}, steady": _apart(still_m + horizon * speed_m, take.end_m[later]),
            f"end +{horizon}, still": _apart(still_m, take.end_m[later]),
            f"bend +{horizon}": _apart(ahead.bend_m[now, row], take.bend_m[later]),
            f"bend +{horizon}, still": _apart(take.bend_m[now], take.bend_m[later]),
        }
    return errors


def usual_pose(takes: Sequence[Take]) -> Float[Tensor, "2 3 3"]:
    """The mean turns of all takes, as left limbs: a floor that already knows the data."""
    turns = [_mirrored(take.turns) if take.limb.startswith("right") else take.turns for take in takes]
    mean: Tensor = roma.special_procrustes(torch.cat(turns).mean(0))  # pyright: ignore[reportAssignmentType]
    return mean


def _usual_bend(rig: Rig, take: Take, usual: Float[Tensor, "2 3 3"]) -> Float[Tensor, "frames 3"]:
    turns = _mirrored(usual) if take.limb.startswith("right") else usual
    frames = len(take.end_m)
    guess = LimbGuess(take.end_m[:, None], *(turn.expand(frames, 1, 3, 3) for turn in turns))
    _, bend_m = reach_end(guess, *(bone.expand(frames, 3) for bone in limb_bones(rig, take.limb)))
    return bend_m[:, 0]


def _takes(rig: Rig, motions: Sequence[TrueMotion], kind: str) -> Iterator[Take]:
    for motion in motions:
        world = world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint).float())
        for limb in LIMB_JOINTS:
            if limb.endswith(kind):
                turns = as_left(world, limb)[:, :2]
                turns = _mirrored(turns) if limb.startswith("right") else turns
                upper_m, lower_m = limb_bones(rig, limb)
                bend_m = turns[:, 0] @ upper_m
                yield Take(limb, motion, bend_m, bend_m + turns[:, 1] @ lower_m, turns)


def _mirrored(turns: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    return MIRROR[:, None] * MIRROR * turns


def _apart(found_m: Tensor, true_m: Tensor) -> Tensor:
    return 1000 * (found_m - true_m).norm(dim=-1)


def _print(name: str, errors: Sequence[dict[str, Tensor]]) -> None:
    keys = list(errors[0] | errors[-1])
    joined = {key: torch.cat([each[key] for each in errors if key in each]) for key in keys}
    words = (f"{key} {float(value.mean()):.1f} ({float(value.median()):.1f})" for key, value in joined.items())
    log.info("  %s: %s", name, "; ".join(words))


if __name__ == "__main__":
    main()
