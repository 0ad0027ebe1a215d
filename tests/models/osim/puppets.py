"""Small bodies with enough markers for inverse kinematics, and motions of them."""

import numpy as np

from models.osim.forward import obey_couplers, place_markers
from models.osim.model import Model
from models.osim.reader import read_model
from models.osim.tasks import Tasks
from models.osim.trc import Trial
from tests.models.osim import documents as made
from tests.models.osim.documents import Link

BENT = (made.LINEAR, made.CONSTANT, made.CONSTANT, made.POLYNOMIAL, made.SPLINE, made.CONSTANT)
ARM = {"clamped": "true", "range": "-1.2 1.3", "default_value": "0.2"}
KNEE = {"clamped": "true", "range": "-0.1 1.0"}
LINKS = [
    Link("FreeJoint"),
    Link("BallJoint", settings=ARM, parent="b0"),
    Link("PinJoint", settings=KNEE, parent="b1"),
    Link("CustomJoint", BENT, parent="b0"),
    Link("WeldJoint", parent="b3"),
    Link("UniversalJoint", parent="b4"),
    Link("PinJoint", parent="b5", reverse=True),
]
SPOTS = ("0.2 0.1 0", "-0.1 0.2 0.1", "0 -0.2 0.15", "0.1 0.1 -0.2")
MARKERS = "".join(made.marker(f"m{k}{i}", f"b{k}", spot) for k in range(6) for i, spot in enumerate(SPOTS))


def content(constraints: str = "") -> str:
    return made.version_4(LINKS, constraints, MARKERS)


def puppet(constraints: str = "") -> Model:
    """Seven bodies; the last one bears only the marker `tip`."""
    return read_model(content(constraints))


def motion(model: Model, frames: int, seed: int) -> np.ndarray:
    """A smooth motion inside every range."""
    random = np.random.default_rng(seed)
    time = np.linspace(0, 1, frames)[:, None]
    poses = np.zeros((frames, len(model.coordinates)))
    for k, coordinate in enumerate(model.coordinates):
        lower, upper = max(coordinate.lower, -1.2), min(coordinate.upper, 1.2)
        waves = random.normal(size=3) @ np.sin(np.pi * np.arange(1, 4)[:, None] * time.T + random.uniform(0, 6, (3, 1)))
        poses[:, k] = (lower + upper) / 2 + (upper - lower) * 0.45 * np.tanh(waves)
    return obey_couplers(model, poses)


def film(model: Model, poses: np.ndarray, noise_m: float = 0.0, seed: int = 0) -> Trial:
    """What cameras would see of a motion, 50 frames a second."""
    markers = place_markers(model, poses, model.markers)
    markers = markers + noise_m * np.random.default_rng(seed).normal(size=markers.shape)
    names = tuple(marker.name for marker in model.markers)
    return Trial(names, 50.0, np.arange(len(poses)) / 50, markers)


def weights(model: Model, seed: int = 1) -> Tasks:
    random = np.random.default_rng(seed)
    return Tasks({marker.name: float(random.uniform(0.5, 5)) for marker in model.markers})
