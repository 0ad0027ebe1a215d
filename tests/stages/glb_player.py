"""A small player of GLB files that shares no code with what writes them: the standard's text in numpy."""

import json
import struct
from dataclasses import dataclass

import numpy as np

WIDTH = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
DTYPE = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}


@dataclass(frozen=True)
class Glb:
    """The two chunks of a file."""

    tree: dict
    binary: bytes

    def accessor(self, index: int) -> np.ndarray:
        """The numbers of an accessor as they lie in the file."""
        about = self.tree["accessors"][index]
        view = self.tree["bufferViews"][about["bufferView"]]
        start = view.get("byteOffset", 0) + about.get("byteOffset", 0)
        count = about["count"] * WIDTH[about["type"]]
        values = np.frombuffer(self.binary, DTYPE[about["componentType"]], count, start)
        assert values.nbytes <= view["byteLength"]
        return values if about["type"] == "SCALAR" else values.reshape(about["count"], -1)

    def named(self, name: str) -> int:
        """Index of the node."""
        return [node["name"] for node in self.tree["nodes"]].index(name)

    @property
    def attributes(self) -> dict:
        """Accessors of the only mesh."""
        return self.tree["meshes"][0]["primitives"][0]["attributes"]

    @property
    def times_s(self) -> np.ndarray:
        """Key times, which all samplers share."""
        (times,) = {sampler["input"] for sampler in self.tree["animations"][0]["samplers"]}
        return self.accessor(times).astype(float)


def read_glb(content: bytes) -> Glb:
    """Take a file apart."""
    magic, version, length, json_length, json_kind = struct.unpack_from("<4sIII4s", content)
    assert (magic, version, length, json_kind) == (b"glTF", 2, len(content), b"JSON")
    binary_length, binary_kind = struct.unpack_from("<I4s", content, 20 + json_length)
    assert binary_kind == b"BIN\0" and 28 + json_length + binary_length == length
    assert json_length % 4 == 0 and binary_length % 4 == 0
    return Glb(json.loads(content[20 : 20 + json_length]), content[28 + json_length :])


def node_matrices(glb: Glb, time_s: float | None) -> np.ndarray:
    """World matrix (nodes 4 4) of every node at a time of the animation, or at rest."""
    pose = [{key: node[key] for key in ("translation", "rotation") if key in node} for node in glb.tree["nodes"]]
    animation = glb.tree["animations"][0]
    for channel in animation["channels"] if time_s is not None else []:
        sampler = animation["samplers"][channel["sampler"]]
        assert sampler["interpolation"] == "LINEAR"
        path = channel["target"]["path"]
        values = glb.accessor(sampler["output"]).astype(float)
        pose[channel["target"]["node"]][path] = _sample(glb.accessor(sampler["input"]), values, time_s, path)
    world = np.full((len(pose), 4, 4), np.nan)

    def place(node: int, above: np.ndarray) -> None:
        world[node] = above @ _matrix(**pose[node])
        for child in glb.tree["nodes"][node].get("children", []):
            place(child, world[node])

    for root in glb.tree["scenes"][glb.tree["scene"]]["nodes"]:
        place(root, np.eye(4))
    return world


def skinned_vertices_m(glb: Glb, time_s: float | None) -> np.ndarray:
    """The mesh (vertices 3) at a time of the animation, or at rest."""
    (skin,) = glb.tree["skins"]
    bind = glb.accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).swapaxes(1, 2)
    moved = node_matrices(glb, time_s)[skin["joints"]] @ bind
    position = glb.accessor(glb.attributes["POSITION"]).astype(float)
    weight = glb.accessor(glb.attributes["WEIGHTS_0"]) / 255
    blended = np.einsum("vk,vkij->vij", weight, moved[glb.accessor(glb.attributes["JOINTS_0"])])
    return np.einsum("vij,vj->vi", blended[:, :3, :3], position) + blended[:, :3, 3]


def _sample(times: np.ndarray, values: np.ndarray, time_s: float, path: str) -> np.ndarray:
    after = int(np.clip(np.searchsorted(times, time_s), 1, max(len(times) - 1, 1))) if len(times) > 1 else 0
    if after == 0:
        return values[0]
    share = np.clip((time_s - times[after - 1]) / (times[after] - times[after - 1]), 0, 1)
    start, end = values[after - 1], values[after]
    if path != "rotation":
        return start + share * (end - start)
    angle = np.arccos(np.clip(start @ end, -1, 1))
    if angle < 1e-6:
        return start + share * (end - start)
    return (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)


def _matrix(translation=(0.0, 0.0, 0.0), rotation=(0.0, 0.0, 0.0, 1.0)) -> np.ndarray:
    x, y, z, w = np.asarray(rotation) / np.linalg.norm(rotation)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = translation
    return matrix
