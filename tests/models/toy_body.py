"""A made body of a few hundred points: symmetric, with joints and landmarks where a person has them."""

import roma
import torch
from torch import Tensor

from models.anatomy import ARMS, LEGS
from models.bodies.body import Body
from models.skeletons import LANDMARK_MIRROR, LANDMARKS, SMPL_INDEX, SMPL_MIRROR

_JOINTS = {
    "pelvis": (0, 0.95, 0), "left_hip": (0.08, 0.88, 0), "spine1": (0, 1.06, -0.02), "left_knee": (0.1, 0.5, 0.005),
    "spine2": (0, 1.18, -0.03), "left_ankle": (0.1, 0.08, -0.03), "spine3": (0, 1.26, -0.02),
    "left_foot": (0.12, 0.02, 0.1), "neck": (0, 1.45, -0.03), "left_collar": (0.08, 1.38, -0.02),
    "head": (0, 1.53, 0.01), "left_shoulder": (0.18, 1.4, -0.03), "left_elbow": (0.45, 1.4, -0.035),
    "left_wrist": (0.7, 1.4, -0.03), "left_hand": (0.79, 1.39, -0.02),
}  # fmt: skip
_LANDMARKS = {
    "nose": (0, 1.57, 0.12), "left_eye_inner": (0.015, 1.61, 0.1), "left_eye": (0.03, 1.61, 0.1),
    "left_eye_outer": (0.045, 1.61, 0.09), "left_ear": (0.075, 1.58, 0.01), "mouth_left": (0.025, 1.53, 0.1),
    "left_shoulder": (0.17, 1.42, -0.01), "left_elbow": (0.45, 1.41, -0.05), "left_wrist": (0.7, 1.41, -0.03),
    "left_pinky": (0.79, 1.395, -0.06), "left_index": (0.8, 1.395, 0.0), "left_thumb": (0.75, 1.39, 0.04),
    "left_hip": (0.1, 0.9, 0.02), "left_knee": (0.1, 0.5, 0.04), "left_ankle": (0.11, 0.08, -0.03),
    "left_heel": (0.1, 0.02, -0.08), "left_foot_index": (0.13, 0.02, 0.14),
}  # fmt: skip
_SKIN = {
    "shoulder": ("left_shoulder", 0.6, "left_collar"), "elbow": ("left_shoulder", 0.6, "left_elbow"),
    "wrist": ("left_elbow", 0.5, "left_wrist"), "hip": ("left_hip", 0.4, "pelvis"),
    "knee": ("left_hip", 0.5, "left_knee"), "ankle": ("left_knee", 0.4, "left_ankle"),
}  # fmt: skip
_CLOUD = torch.tensor([[x, y, z] for x in (-0.02, 0.02) for y in (-0.02, 0.02) for z in (-0.02, 0.02)])


def _mirrored(points: dict[str, tuple[float, ...]], mirror: tuple[int, ...]) -> Tensor:
    placed = torch.full((len(mirror), 3), torch.nan)
    names = SMPL_INDEX if len(mirror) == 24 else {name: i for i, name in enumerate(LANDMARKS)}
    for name, point in points.items():
        placed[mirror[names[name]]] = torch.tensor(point) * torch.tensor([-1.0, 1.0, 1.0])
        placed[names[name]] = torch.tensor(point)
    return placed


def _landmark_skin() -> tuple[Tensor, Tensor]:
    joint = torch.full((33, 4), SMPL_INDEX["head"])
    weight = torch.tensor([1.0, 0, 0, 0]).repeat(33, 1)
    hung = {"heel": "ankle", "foot_index": "ankle", "pinky": "wrist", "index": "wrist", "thumb": "wrist"}
    for row, name in enumerate(LANDMARKS[11:], start=11):
        side, part = name.split("_", 1)
        first, share, second = _SKIN.get(part, (f"left_{hung.get(part)}", 1.0, "left_hand"))
        joint[row, :2] = torch.tensor([SMPL_INDEX[j.replace("left", side)] for j in (first, second)])
        weight[row, :2] = torch.tensor([share, 1 - share])
    return joint, weight


def toy_body(dtype: torch.dtype = torch.float64, *, landmarks_at_joints: bool = False) -> Body:
    """Eight points about each joint and one for each landmark; most landmarks lie off the joints.

    Args:
        landmarks_at_joints: put the limbs' landmarks on the joints themselves, where no skin blurs them.
    """
    joints, landmarks = _mirrored(_JOINTS, SMPL_MIRROR), _mirrored(_LANDMARKS, LANDMARK_MIRROR)
    landmark_joint, landmark_weight = _landmark_skin()
    if landmarks_at_joints:
        for row, name in enumerate(LANDMARKS):
            if name in SMPL_INDEX:
                landmarks[row] = joints[SMPL_INDEX[name]]
                landmark_joint[row, 0] = SMPL_INDEX[name]
                landmark_weight[row] = torch.tensor([1.0, 0, 0, 0])
    template = torch.cat([(joints[:, None] + _CLOUD).flatten(0, 1), landmarks])
    x, y, z = template.unbind(-1)
    zero = torch.zeros_like(x)
    ways = [template, torch.stack([zero, y.clamp_max(0.9), zero], -1), torch.stack([x, zero, zero], -1)]
    ways += [torch.stack([x * torch.cos(k * y), torch.cos(k * x * x), z * torch.sin(k * y)], -1) for k in range(1, 8)]
    owner = torch.arange(24).repeat_interleave(8)[:, None].repeat(1, 4)
    return Body(
        name="toy", sha256="0" * 64, licence="none",
        template_m=template.to(dtype),
        shape_m=(torch.stack(ways, dim=-1) * torch.tensor([0.04, 0.03, 0.03] + [0.004] * 7)).to(dtype),
        faces=torch.zeros(1, 3, dtype=torch.int64),
        joint_regressor=torch.cat([torch.eye(24).repeat_interleave(8, 1) / 8, torch.zeros(24, 33)], 1).to(dtype),
        skin_joint=torch.cat([owner, landmark_joint]),
        skin_weight=torch.cat([torch.tensor([1.0, 0, 0, 0]).repeat(192, 1), landmark_weight]).to(dtype),
        landmark_vertex=torch.arange(192, 225)[:, None],
        landmark_weight=torch.ones(33, 1, dtype=dtype),
        landmark_joint=landmark_joint[:, 0],
        named_vertices={},
    )  # fmt: skip


def plausible_pose(frames: int, seed: int) -> Tensor:
    """Random rotations a person could do, (frames, 24, 3, 3): joints turn by tens of degrees, hinges only bend."""
    random = torch.Generator().manual_seed(seed)
    turn = torch.randn(frames, 24, 3, generator=random, dtype=torch.float64) * 0.3
    for name in ("spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar"):
        turn[:, SMPL_INDEX[name]] *= 0.3
    for name in ("left_foot", "right_foot", "left_hand", "right_hand"):
        turn[:, SMPL_INDEX[name]] = 0
    for limb in (*LEGS, *ARMS):
        bend = torch.rand(frames, generator=random, dtype=torch.float64) * 1.6 + 0.2
        turn[:, limb.lower] = bend[:, None] * torch.tensor(limb.hinge, dtype=torch.float64)
    turn[:, 0] *= 3
    for shoulder, down in zip(ARMS, (-1.0, 1.0), strict=True):
        turn[:, shoulder.upper, 2] += down * 0.8
    return roma.rotvec_to_rotmat(turn)
