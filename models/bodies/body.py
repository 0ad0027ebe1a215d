"""A body is a pure function of shape, pose and translation: joints, skin and landmarks in metres.

The parameters have SMPL's format (Loper et al. 2015): 24 joints, linear shape, pose correctives, linear blend skinning
with four joints a vertex. Rest is a T-pose that faces +Z with Y up and the left hand at +X.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from models.bodies.skinning import Skin, move_skin
from models.errors import InputError
from models.kinematics import bone_offsets, place_joints, world_from_joints
from models.skeletons import SMPL_PARENTS


@dataclass(frozen=True, eq=False)
class Body:
    """What is constant about a body model.

    Attributes:
        name: what a configuration calls it.
        sha256: of the file it was read from.
        licence: of that file.
        template_m: skin of the mean shape at rest.
        shape_m: movement of the skin for one unit of each beta.
        faces: triangles, counter-clockwise seen from outside.
        joint_regressor: each joint is this weighted sum of the rest skin; rows sum to 1, some weights are negative.
        skin_joint: the four joints that move a vertex.
        skin_weight: and their shares, which sum to 1.
        landmark_vertex: the points of the rest skin whose mean is one of the detector's 33 landmarks at rest.
        landmark_weight: and their shares, which sum to 1.
        landmark_joint: the one joint that carries each landmark. The skin about a bent elbow caves in; the detector
            sees a joint inside the limb, at a constant distance from the next.
        named_vertices: vertex index by name (smplx's `vertex_ids`).
        corrective_vertex, corrective_joint, corrective_m: how the skin at rest answers the pose, see Skin; none by
            default.
        skinned_by: another program that poses the skin, from flat batches of betas, poses and translations; own
            skinning without it.
    """

    name: str
    sha256: str
    licence: str
    template_m: Float[Tensor, "vertices 3"]
    shape_m: Float[Tensor, "vertices 3 betas"]
    faces: Int64[Tensor, "faces 3"]
    joint_regressor: Float[Tensor, "24 vertices"]
    skin_joint: Int64[Tensor, "vertices 4"]
    skin_weight: Float[Tensor, "vertices 4"]
    landmark_vertex: Int64[Tensor, "33 points"]
    landmark_weight: Float[Tensor, "33 points"]
    landmark_joint: Int64[Tensor, "33"]
    named_vertices: Mapping[str, int]
    corrective_vertex: Int64[Tensor, " correctives"] = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    corrective_joint: Int64[Tensor, " correctives"] = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    corrective_m: Float[Tensor, "correctives 3 9"] = field(default_factory=lambda: torch.zeros(0, 3, 9))
    skinned_by: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None

    @property
    def beta_count(self) -> int:
        """How many numbers describe a shape."""
        return self.shape_m.shape[-1]

    @cached_property
    def rest_joint_template_m(self) -> Float[Tensor, "24 3"]:
        """Joints of the mean shape."""
        return self.joint_regressor @ self.template_m

    @cached_property
    def rest_joint_shape_m(self) -> Float[Tensor, "24 3 betas"]:
        """Movement of the joints for one unit of each beta."""
        return torch.einsum("jv,vcb->jcb", self.joint_regressor, self.shape_m)

    @cached_property
    def skin(self) -> Skin:
        """What moves with the joints."""
        return Skin(
            template_m=self.template_m,
            shape_m=self.shape_m,
            joint=self.skin_joint,
            weight=self.skin_weight,
            corrective_vertex=self.corrective_vertex,
            corrective_joint=self.corrective_joint,
            corrective_m=self.corrective_m,
        )

    @property
    def skin_matrix(self) -> Float[Tensor, "vertices 24"]:
        """The skinning weights as a dense matrix."""
        return self.skin.matrix

    @cached_property
    def landmark_template_m(self) -> Float[Tensor, "33 3"]:
        """Landmarks of the mean shape at rest."""
        return (self.landmark_weight[..., None] * self.template_m[self.landmark_vertex]).sum(1)

    @cached_property
    def landmark_shape_m(self) -> Float[Tensor, "33 3 betas"]:
        """Movement of the landmarks at rest for one unit of each beta."""
        return (self.landmark_weight[..., None, None] * self.shape_m[self.landmark_vertex]).sum(1)

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Body":
        """The same body elsewhere; indices stay int64."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), Tensor)}
        return replace(
            self, **{name: t.to(device, dtype if t.is_floating_point() else t.dtype) for name, t in tensors.items()}
        )


def rest_vertices(body: Body, betas: Float[Tensor, "*batch betas"]) -> Float[Tensor, "*batch vertices 3"]:
    """The skin at rest.

    Raises:
        InputError: the number of betas is not the body's; nothing is cut off or filled up.
    """
    _require_betas(body, betas)
    return _shaped(body.template_m, body.shape_m, betas)


def rest_joints(body: Body, betas: Float[Tensor, "*batch betas"]) -> Float[Tensor, "*batch 24 3"]:
    """The joints at rest; raises as rest_vertices."""
    _require_betas(body, betas)
    return _shaped(body.rest_joint_template_m, body.rest_joint_shape_m, betas)


def rest_landmarks(body: Body, betas: Float[Tensor, "*batch betas"]) -> Float[Tensor, "*batch 33 3"]:
    """The detector's 33 landmarks at rest; raises as rest_vertices."""
    _require_betas(body, betas)
    return _shaped(body.landmark_template_m, body.landmark_shape_m, betas)


def pose_joints(
    body: Body,
    betas: Float[Tensor, "*#batch betas"],
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    trans_m: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch 24 3"]:
    """The joints of a posed body in the world.

    Args:
        betas: shape; one for all or one for each of the batch.
        parent_from_joint: rotation matrices in SMPL's order; the root's is world_from_pelvis.
        trans_m: pelvis = trans_m + rest pelvis of these betas, as in SMPL.
    """
    rest_m = rest_joints(body, betas)
    return _posed_joints(rest_m, world_from_joints(SMPL_PARENTS, parent_from_joint), trans_m)


def pose_vertices(
    body: Body,
    betas: Float[Tensor, "*#batch betas"],
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    trans_m: Float[Tensor, "*batch 3"],
    vertices: Int64[Tensor, " chosen"] | None = None,
) -> Float[Tensor, "*batch chosen 3"]:
    """The skin of a posed body in the world: pose correctives, then linear blend skinning.

    Args:
        vertices: indices of the vertices that are wanted; all by default.
        Others as in pose_joints.
    """
    _require_betas(body, betas)
    if body.skinned_by is not None:
        return _skinned_elsewhere(body.skinned_by, betas, parent_from_joint, trans_m, vertices)
    skin = body.skin if vertices is None else body.skin.only(vertices)
    return move_skin(skin, betas, parent_from_joint, world_from_rest(body, betas, parent_from_joint, trans_m))


def world_from_rest(
    body: Body,
    betas: Float[Tensor, "*#batch betas"],
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    trans_m: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch 24 3 4"]:
    """What takes a point that one joint alone carries from rest to its place in the world; arguments as in pose_joints.

    The left three columns turn, the last one shifts.
    """
    rest_m = rest_joints(body, betas)
    world_from_joint = world_from_joints(SMPL_PARENTS, parent_from_joint)
    joints_m = _posed_joints(rest_m, world_from_joint, trans_m)
    shift_m = joints_m - (world_from_joint @ rest_m[..., None])[..., 0]
    return torch.cat([world_from_joint, shift_m[..., None]], dim=-1)


def pose_landmarks(
    body: Body,
    betas: Float[Tensor, "*#batch betas"],
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    trans_m: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch 33 3"]:
    """The detector's 33 landmarks of a posed body in the world; arguments as in pose_joints."""
    rest_m = rest_joints(body, betas)
    world_from_joint = world_from_joints(SMPL_PARENTS, parent_from_joint)
    joints_m = _posed_joints(rest_m, world_from_joint, trans_m)
    carrier = body.landmark_joint
    arm_m = rest_landmarks(body, betas) - rest_m[..., carrier, :]
    return joints_m[..., carrier, :] + (world_from_joint[..., carrier, :, :] @ arm_m[..., None])[..., 0]


def _skinned_elsewhere(
    skinned_by: Callable[[Tensor, Tensor, Tensor], Tensor],
    betas: Tensor,
    parent_from_joint: Tensor,
    trans_m: Tensor,
    vertices: Tensor | None,
) -> Tensor:
    batch = trans_m.shape[:-1]
    each = betas.expand(*batch, betas.shape[-1]).reshape(-1, betas.shape[-1])
    skin_m = skinned_by(each, parent_from_joint.reshape(-1, *parent_from_joint.shape[-3:]), trans_m.reshape(-1, 3))
    skin_m = skin_m if vertices is None else skin_m[:, vertices]
    return skin_m.reshape(*batch, *skin_m.shape[1:])


def _posed_joints(rest_m: Tensor, world_from_joint: Tensor, trans_m: Tensor) -> Tensor:
    root_m = rest_m[..., 0, :] + trans_m
    return place_joints(SMPL_PARENTS, bone_offsets(SMPL_PARENTS, rest_m), root_m, world_from_joint)


def _shaped(mean_m: Tensor, shape_m: Tensor, betas: Tensor) -> Tensor:
    moved_m = betas @ shape_m.flatten(0, 1).T
    return mean_m + moved_m.unflatten(-1, mean_m.shape)


def _require_betas(body: Body, betas: Tensor) -> None:
    if betas.shape[-1] != body.beta_count:
        raise InputError(
            f"body {body.name!r} has {body.beta_count} betas, but {betas.shape[-1]} were given",
            f"give {body.beta_count}; betas never carry over between bodies",
        )
