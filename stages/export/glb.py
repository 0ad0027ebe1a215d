"""Encodes a motion as GLB (glTF 2.0): metres, Y up, facing +Z, the body's skin on a skeleton that moves.

At rest the body stands on the floor in its own rest pose, and every joint's axes are the world's, so that a joint's
rotation in the file is that of the motion. The skinned mesh hangs at the root of the scene: a skin ignores what its
node hangs on. A keyframe for every frame, linear between; the first is at 0 s, and the animation's extras tell when
that was in the video.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pygltflib as gltf
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies import body_label, load_body
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages.contracts import Motion
from stages.export.glb_buffer import GlbBuffer
from stages.export.joint_names import JOINT_NAMES, Preset
from stages.export.skin import Skin, skin_at_rest

JOINTS: Final = range(len(SMPL_JOINTS))
MESH_NODE: Final = len(SMPL_JOINTS)
LARGEST_U16: Final = 65534
"""glTF keeps 65535 for restarting a strip."""


def encode(motion: Motion, names: Preset = "humanik", *, with_mesh: bool = True) -> bytes:
    """Write the whole file. Nodes 0 to 23 are the joints in SMPL's order.

    Args:
        names: what the joints are called.
        with_mesh: False leaves skeleton and motion only; the skin object stays, for it is what makes programs take
            the nodes for bones.

    Raises:
        ConfigError, WeightsError, InputError: the motion's body cannot be had, or has other betas.
    """
    body = load_body(motion.body_model)
    skin = skin_at_rest(body, motion.betas)
    buffer = GlbBuffer()
    file = gltf.GLTF2(
        asset=gltf.Asset(
            version="2.0", generator="Kinetrace", copyright=f"Body: {body_label(body.name)}, {body.licence}"
        ),
        scene=0,
        scenes=[gltf.Scene(nodes=[0, MESH_NODE] if with_mesh else [0])],
        nodes=_joint_nodes(skin, JOINT_NAMES[names]),
        skins=[_skin(skin, buffer)],
        animations=[_animation(motion, buffer)],
    )
    if with_mesh:
        file.nodes.append(gltf.Node(name="Body", mesh=0, skin=0))
        file.meshes.append(_mesh(skin, buffer))
        file.materials.append(_material())
    file.accessors, file.bufferViews = buffer.accessors, buffer.views
    file.buffers.append(gltf.Buffer(byteLength=len(buffer.content)))
    file.set_binary_blob(bytes(buffer.content))
    return b"".join(file.save_to_bytes())


def continuous_quaternions(
    rotation: Float[np.ndarray, "frames joints 3 3"],
) -> Float[np.ndarray, "frames joints 4"]:
    """Unit quaternions (x, y, z, w), each on the side of the last one, so that what lies between is the short way."""
    quaternion = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat(canonical=True)
    quaternion = quaternion.reshape(*rotation.shape[:2], 4)
    flips = np.sum(quaternion[1:] * quaternion[:-1], axis=-1) < 0
    sign = 1.0 - 2.0 * (np.cumsum(np.pad(flips, ((1, 0), (0, 0))), axis=0) % 2)
    return quaternion * sign[..., None]


def _joint_nodes(skin: Skin, names: Mapping[str, str]) -> list[gltf.Node]:
    nodes: list[gltf.Node] = []
    for joint, parent in enumerate(SMPL_PARENTS):
        offset_m = skin.joints_m[joint] - (skin.joints_m[parent] if parent >= 0 else 0.0)
        children = [child for child in JOINTS if SMPL_PARENTS[child] == joint]
        nodes.append(gltf.Node(name=names[SMPL_JOINTS[joint]], translation=offset_m.tolist(), children=children))
    return nodes


def _skin(skin: Skin, buffer: GlbBuffer) -> gltf.Skin:
    """Joints bound where they rest; matrices lie column after column."""
    joint_from_world = np.tile(np.eye(4), (len(JOINTS), 1, 1))
    joint_from_world[:, :3, 3] = -skin.joints_m
    matrices = buffer.add(joint_from_world.swapaxes(1, 2).astype("<f4"), gltf.MAT4)
    return gltf.Skin(name="Skeleton", inverseBindMatrices=matrices, joints=list(JOINTS), skeleton=0)


def _mesh(skin: Skin, buffer: GlbBuffer) -> gltf.Mesh:
    corner = skin.faces.reshape(-1)
    attributes = gltf.Attributes(
        POSITION=buffer.add(skin.vertices_m.astype("<f4"), gltf.VEC3, gltf.ARRAY_BUFFER, with_range=True),
        NORMAL=buffer.add(skin.normal.astype("<f4"), gltf.VEC3, gltf.ARRAY_BUFFER),
        JOINTS_0=buffer.add(skin.joint, gltf.VEC4, gltf.ARRAY_BUFFER),
        WEIGHTS_0=buffer.add(skin.weight, gltf.VEC4, gltf.ARRAY_BUFFER, normalized=True),
    )
    kind = "<u2" if corner.max() <= LARGEST_U16 else "<u4"
    indices = buffer.add(corner.astype(kind), gltf.SCALAR, gltf.ELEMENT_ARRAY_BUFFER)
    return gltf.Mesh(name="Body", primitives=[gltf.Primitive(attributes=attributes, indices=indices, material=0)])


def _material() -> gltf.Material:
    colour = gltf.PbrMetallicRoughness(baseColorFactor=[0.6, 0.65, 0.7, 1.0], metallicFactor=0.0, roughnessFactor=0.8)
    return gltf.Material(name="Body", pbrMetallicRoughness=colour, alphaCutoff=None, doubleSided=None)


def _animation(motion: Motion, buffer: GlbBuffer) -> gltf.Animation:
    """Every joint's rotation, and the root's place."""
    time_s = np.arange(len(motion.timestamps_s)) / motion.rate_hz
    quaternion = continuous_quaternions(motion.parent_from_joint).astype("<f4")
    times = buffer.add(time_s.astype("<f4"), gltf.SCALAR, with_range=True)
    outputs = [buffer.add(np.ascontiguousarray(quaternion[:, joint]), gltf.VEC4) for joint in JOINTS]
    outputs.append(buffer.add(motion.joints_m[:, 0].astype("<f4"), gltf.VEC3))
    targets = [gltf.AnimationChannelTarget(node=joint, path="rotation") for joint in JOINTS]
    targets.append(gltf.AnimationChannelTarget(node=0, path="translation"))
    return gltf.Animation(
        name="Motion",
        extras={"start_s": float(motion.timestamps_s[0])},
        samplers=[gltf.AnimationSampler(input=times, output=output, interpolation="LINEAR") for output in outputs],
        channels=[gltf.AnimationChannel(sampler=index, target=target) for index, target in enumerate(targets)],
    )
