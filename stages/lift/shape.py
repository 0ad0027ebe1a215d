"""What a network makes of the corrected shape of one person's sightings, and how sure it is."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from models.nets.lifter import STEP_S, Answer, Lifter, answer_both
from models.rough_map import rooted
from stages.lift.evidence import Sight


def reshape(sight: Sight, net: Lifter) -> Sight:
    """The sight with the network's shape and its deviations in place of the linear map's.

    Frames lie a fifteenth of a second apart for the network: of a faster film every second, third... frame is one
    film, and these films, begun one frame after the other, share the work.
    """
    stride = max(1, round(STEP_S * sight.rate_hz))
    added_m, sigma_m = (np.full((*sight.shape_m.shape[:2], axes), np.nan) for axes in (3, 2))
    for first in range(min(stride, len(sight.observed))):
        rows = slice(first, None, stride)
        answer = _ask(net, sight.inputs[rows], sight.observed[rows])
        added_m[rows], sigma_m[rows] = answer.added_m.double().numpy(), answer.log_sd.exp().double().numpy()
    shape_m = sight.shape_m + np.einsum("fij,fpj->fpi", sight.camera_from_look, added_m)
    return replace(sight, shape_m=rooted(shape_m), sigma_m=sigma_m)


@torch.no_grad()
def _ask(net: Lifter, inputs: Float[np.ndarray, "frames inputs"], observed: np.ndarray) -> Answer:
    seen = torch.from_numpy(observed)
    return answer_both(net, torch.from_numpy(np.nan_to_num(inputs)).float(), seen)
