"""When heels and toes stand, told by a small network that learned it from what one camera makes of people."""

from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from safetensors.numpy import load_file

from models.contact_features import contact_features
from models.contacts import runs_with
from models.weights import find_weights

WEIGHTS: Final = "contact_net.safetensors"
LAND: Final = 0.5
LEAVE: Final = 0.35
"""A contact begins where its probability is at least LAND and reaches both ways as far as it is at least LEAVE."""

Layers = tuple[tuple[np.ndarray, np.ndarray], ...]


def find_contacts(
    landmarks_m: Float[np.ndarray, "frames 33 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    camera_m: Float[np.ndarray, "3"],
) -> Bool[np.ndarray, "frames 2 2"]:
    """Which of heel and toe of the left and the right foot stand; arguments as contact_features."""
    probability = contact_probability(landmarks_m, timestamps_s, camera_m)
    stays, lands = probability >= LEAVE, probability >= LAND
    flat = zip(stays.reshape(len(stays), 4).T, lands.reshape(len(stays), 4).T, strict=True)
    return np.stack([runs_with(stay, land) for stay, land in flat], axis=1).reshape(stays.shape)


def contact_probability(
    landmarks_m: Float[np.ndarray, "frames 33 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    camera_m: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "frames 2 2"]:
    """How likely heel and toe of the left and the right foot stand: the mean of both ways through time."""
    layers = _load()
    logits = [_answer(layers, features) for features in contact_features(landmarks_m, timestamps_s, camera_m)]
    return 1 / (1 + np.exp(-(logits[0] + logits[1]) / 2))


def _answer(layers: Layers, features: np.ndarray) -> np.ndarray:
    for weight, bias in layers[:-1]:
        features = np.maximum(features @ weight.T + bias, 0.0)
    weight, bias = layers[-1]
    return features @ weight.T + bias


@cache
def _load() -> Layers:
    arrays = load_file(find_weights(WEIGHTS).path)
    count = len(arrays) // 2
    named = [(arrays[f"{n}.weight"], arrays[f"{n}.bias"]) for n in range(count)]
    return tuple((weight.astype(np.float64), bias.astype(np.float64)) for weight, bias in named)
