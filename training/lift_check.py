"""How good a lifter is on people it has not learned from: places, angles, and whether it knows how far it is off."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from benchmark.metrics import included_angles_deg
from models.nets.lifter import Lifter, answer_both
from models.rough_map import RoughMap
from training.lift_data import Lesson, believe_longer_side, film, prepare
from training.lift_loss import rooted_shape
from training.sightings import Snippets

WITHIN: Final = 1.6449
"""Deviations within which nine tenths of a normal distribution lie."""
CHUNK: Final = 64


@dataclass(frozen=True, eq=False)
class Checked:
    """Shapes of all frames that count, about the mid-hip, in the axes of the look: mapped, found, true."""

    base_m: Float[np.ndarray, "frames 33 3"]
    shape_m: Float[np.ndarray, "frames 33 3"]
    sd_m: Float[np.ndarray, "frames 33 3"]
    truth_m: Float[np.ndarray, "frames 33 3"]


def exam(snippets: Snippets, rough_map: RoughMap) -> Lesson:
    """Every snippet undisturbed, every other one for somebody who was not told the focal length."""
    films = [film(snippets, number) for number in range(len(snippets))]
    return prepare([believe_longer_side(each) if n % 2 else each for n, each in enumerate(films)], rough_map)


@torch.no_grad()
def sit(net: Lifter, lesson: Lesson) -> Checked:
    """What a network says of an exam."""
    parts: list[tuple[Tensor, Tensor]] = []
    for rows in torch.arange(len(lesson.inputs)).split(CHUNK):
        answer = answer_both(net, lesson.inputs[rows], lesson.seen[rows])
        parts.append((rooted_shape(lesson.base_m[rows], answer), answer.log_sd.exp()[..., [0, 0, 1]]))
    shape_m, sd_m = (torch.cat(side)[lesson.found].double().numpy() for side in zip(*parts, strict=True))
    base_m, truth_m = (side[lesson.found].double().numpy() for side in (lesson.base_m, lesson.truth_m))
    return Checked(base_m, shape_m, sd_m, truth_m)


def figures(checked: Checked) -> dict[str, float]:
    """Millimetres, degrees, and the share of body landmarks' coordinates inside the 90 % interval."""
    found_m, truth_m = checked.shape_m, checked.truth_m
    found_deg, true_deg = included_angles_deg(found_m), included_angles_deg(truth_m)
    off_deg = {key: float(np.sqrt(np.mean((found_deg[key] - true_deg[key]) ** 2))) for key in true_deg}
    inside: Bool[np.ndarray, "frames 22 3"] = np.abs(found_m - truth_m)[:, 11:] < WITHIN * checked.sd_m[:, 11:]
    return {
        "mpjpe22_mm": 1e3 * float(np.linalg.norm(found_m - truth_m, axis=2)[:, 11:].mean()),
        **{
            f"{joint}_deg": (off_deg[joint, "left"] + off_deg[joint, "right"]) / 2 for joint in ("knee", "hip", "elbow")
        },
        "inside_percent": 100 * float(inside.mean()),
    }
