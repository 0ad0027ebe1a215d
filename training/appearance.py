"""Dresses a body: seeded colours of skin, hair, face and clothes, so that a detector takes it for a person."""

import colorsys
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from models.bodies.body import Body
from models.skeletons import SMPL_INDEX

Colour = Float[np.ndarray, " 3"]
Where = Bool[np.ndarray, " vertices"]

PALE: Final = np.array([236.0, 196.0, 168.0])
DARK: Final = np.array([98.0, 64.0, 46.0])
HAIRS: Final = np.array([[34, 28, 26], [66, 46, 32], [104, 72, 44], [168, 138, 92], [120, 116, 112]], dtype=float)
WHITE_OF_EYE: Final = np.array([236.0, 234.0, 230.0])
IRIS: Final = np.array([46.0, 34.0, 28.0])
SLEEVES: Final = (0.55, 0.75, 1.8)
"""Where sleeves end: 0 at the shoulder, 1 at the elbow, 2 at the wrist."""
HEMS: Final = (0.9, 1.85, 1.9)
"""Where trousers end: 0 at the hip, 1 at the knee, 2 at the ankle."""


@dataclass(frozen=True, eq=False)
class _Person:
    """The body at rest with its shape, and the words to speak of its parts."""

    skin_m: Float[np.ndarray, "vertices 3"]
    joints_m: Float[np.ndarray, "24 3"]
    owner: Int[np.ndarray, " vertices"]
    named: dict[str, int]

    def joint_m(self, name: str) -> Float[np.ndarray, " 3"]:
        return self.joints_m[SMPL_INDEX[name]]

    def point_m(self, name: str) -> Float[np.ndarray, " 3"]:
        return self.skin_m[self.named[name]]

    def moved_by(self, *names: str) -> Where:
        return np.isin(self.owner, [SMPL_INDEX[name] for name in names])

    def near(self, name: str, radius_m: float) -> Where:
        return np.linalg.norm(self.skin_m - self.point_m(name), axis=-1) < radius_m


def dress(body: Body, rest_m: Float[np.ndarray, "vertices 3"], seed: int) -> Float[np.ndarray, "vertices 3"]:
    """Colours 0..255 for every vertex.

    Args:
        rest_m: the body's skin at rest, with its shape.
        seed: the same seed gives the same clothes on every body.
    """
    random = np.random.default_rng(seed)
    person = _Person(
        rest_m,
        body.joint_regressor.numpy() @ rest_m,
        body.skin_matrix.numpy().argmax(axis=1),
        dict(body.named_vertices),
    )
    skin = (PALE + (DARK - PALE) * random.uniform()) * random.uniform(0.92, 1.04)
    hair = HAIRS[random.integers(len(HAIRS))] * random.uniform(0.8, 1.15)
    colours = np.tile(skin, (len(rest_m), 1))
    colours[_trousers(person, random.choice(HEMS))] = _cloth(random, (0.15, 0.6))
    colours[_shirt(person, random.choice(SLEEVES))] = _cloth(random, (0.45, 0.95))
    colours[_shoes(person)] = _cloth(random, (0.1, 0.9))
    colours[_hair(person, random.uniform(-0.06, 0.03))] = hair
    colours[_brows(person)] = hair * 0.8
    colours[_lips(person)] = skin * (0.86, 0.62, 0.62)
    part = _connected_parts(body)
    for eye in ("leye", "reye"):
        eyeball = part == part[person.named[eye]]
        colours[eyeball] = WHITE_OF_EYE
        colours[eyeball & person.near(eye, 0.0075)] = IRIS
    return np.clip(colours * random.normal(1, 0.015, (len(colours), 1)), 0, 255)


def _connected_parts(body: Body) -> Int[np.ndarray, " vertices"]:
    """A number for each vertex, equal where faces connect them: the eyeballs are parts of their own."""
    faces = body.faces.numpy()
    ends = (faces.ravel(), np.roll(faces, 1, axis=1).ravel())
    count = len(body.template_m)
    graph = coo_matrix((np.ones(faces.size), ends), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(int)


def _cloth(random: np.random.Generator, brightness: tuple[float, float]) -> Colour:
    colour = colorsys.hsv_to_rgb(random.uniform(), random.beta(1.2, 2), random.uniform(*brightness))
    return np.array(colour) * 255


def _trousers(person: _Person, hem: float) -> Where:
    hip, knee, ankle = (person.joint_m(f"left_{part}")[1] for part in ("hip", "knee", "ankle"))
    hem_m = np.interp(hem, (0, 1, 2), (hip, knee, ankle))
    legs = person.moved_by(
        "pelvis", *(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle"))
    )
    return legs & (person.skin_m[:, 1] > hem_m)


def _shirt(person: _Person, sleeve: float) -> Where:
    shoulder, elbow, wrist = (person.joint_m(f"left_{part}")[0] for part in ("shoulder", "elbow", "wrist"))
    end_m = np.interp(sleeve, (0, 1, 2), (shoulder, elbow, wrist))
    parts = ("collar", "shoulder", "elbow", "wrist")
    trunk = person.moved_by(
        "pelvis", "spine1", "spine2", "spine3", *(f"{s}_{p}" for s in ("left", "right") for p in parts)
    )
    waist_m = np.interp(0.15, (0, 1), (person.joint_m("pelvis")[1], person.joint_m("spine1")[1]))
    return trunk & (np.abs(person.skin_m[:, 0]) < end_m) & (person.skin_m[:, 1] > waist_m)


def _shoes(person: _Person) -> Where:
    feet = person.moved_by(*(f"{side}_{part}" for side in ("left", "right") for part in ("ankle", "foot")))
    return feet & (person.skin_m[:, 1] < person.joint_m("left_ankle")[1] + 0.015)


def _hair(person: _Person, length_m: float) -> Where:
    eye_m, ear_m = person.point_m("leye"), person.point_m("lear")
    behind_m = ear_m[2] - person.skin_m[:, 2]
    line_m = np.interp(behind_m, (-0.09, -0.02, 0.0, 0.012), (0.062, 0.05, 0.02, length_m))
    return person.moved_by("head", "neck") & (person.skin_m[:, 1] > eye_m[1] + line_m)


def _brows(person: _Person) -> Where:
    eye_m = person.point_m("leye")
    across, above, ahead = (
        np.abs(np.abs(person.skin_m[:, 0]) - eye_m[0]),
        person.skin_m[:, 1] - eye_m[1],
        person.skin_m[:, 2],
    )
    return person.moved_by("head") & (across < 0.017) & (np.abs(above - 0.021) < 0.0045) & (ahead > eye_m[2] - 0.03)


def _lips(person: _Person) -> Where:
    nose_m = person.point_m("nose")
    below, ahead = nose_m[1] - person.skin_m[:, 1], person.skin_m[:, 2] - nose_m[2]
    return (
        person.moved_by("head")
        & (np.abs(below - 0.038) < 0.008)
        & (np.abs(person.skin_m[:, 0]) < 0.025)
        & (ahead > -0.045)
    )
