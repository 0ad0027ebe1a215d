"""The free body is a symmetric grown-up in a T-pose, and an independent program poses it alike."""

import time

import pytest
import roma
import torch
from torch import Tensor

from benchmark.body import smplx_twin
from models import bodies
from models.bodies import body_file, load_body
from models.bodies.body import Body, pose_joints, pose_vertices, rest_joints, rest_landmarks, rest_vertices
from models.bodies.free_betas import FREE_BETAS, RANGE
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR, SMPL_INDEX, SMPL_MIRROR

FLOAT = torch.float64
MIRRORED = torch.tensor([-1.0, 1, 1], dtype=FLOAT)


@pytest.fixture(scope="module")
def free() -> Body:
    return load_body("free").to("cpu", FLOAT)


@pytest.fixture(scope="module")
def betas(free: Body) -> Tensor:
    return torch.randn(5, free.beta_count, dtype=FLOAT, generator=torch.Generator().manual_seed(1))


def test_smplx_poses_the_same_skin_and_joints(free: Body, betas: Tensor) -> None:
    torch.manual_seed(2)
    turns, trans = torch.randn(5, 24, 3, dtype=FLOAT), torch.randn(5, 3, dtype=FLOAT)
    theirs = smplx_twin(free)(betas=betas, global_orient=turns[:, :1], body_pose=turns[:, 1:], transl=trans)
    pose = roma.rotvec_to_rotmat(turns)
    torch.testing.assert_close(pose_vertices(free, betas, pose, trans), theirs.vertices, atol=1e-6, rtol=0)
    torch.testing.assert_close(pose_joints(free, betas, pose, trans), theirs.joints[:, :24], atol=1e-6, rtol=0)


def test_every_shape_is_its_own_mirror_image(free: Body, betas: Tensor) -> None:
    skin, mirror_image = rest_vertices(free, betas), rest_vertices(free, betas) * MIRRORED
    distance, twin = torch.cdist(free.template_m, free.template_m * MIRRORED).min(dim=1)
    assert distance.max() < 1e-6
    torch.testing.assert_close(skin[:, twin], mirror_image, atol=1e-5, rtol=0)


def test_left_and_right_joints_and_landmarks_are_mirror_images(free: Body, betas: Tensor) -> None:
    for points, mirror in ((rest_joints, SMPL_MIRROR), (rest_landmarks, LANDMARK_MIRROR)):
        here = points(free, betas)
        torch.testing.assert_close(here[:, list(mirror)], here * MIRRORED, atol=1e-5, rtol=0)
    carrier = free.landmark_joint
    assert torch.equal(carrier[list(LANDMARK_MIRROR)], torch.tensor(SMPL_MIRROR)[carrier])


def test_faces_look_outward_and_hold_a_grown_up(free: Body) -> None:
    corner = free.template_m[free.faces]
    litres = 1e3 * torch.linalg.det(corner).sum() / 6
    assert 45 < litres < 100
    stature_m = free.template_m[:, 1].max() - free.template_m[:, 1].min()
    assert 1.6 < stature_m < 1.8


def test_rest_is_a_t_pose_that_faces_z_with_the_left_hand_at_x(free: Body) -> None:
    joint = dict(zip(SMPL_INDEX, rest_joints(free, torch.zeros(free.beta_count, dtype=FLOAT)), strict=True))
    for bone, along in (
        (("left_shoulder", "left_elbow"), (1, 0, 0)),
        (("left_elbow", "left_wrist"), (1, 0, 0)),
        (("left_hip", "left_knee"), (0, -1, 0)),
        (("left_knee", "left_ankle"), (0, -1, 0)),
        (("pelvis", "head"), (0, 1, 0)),
    ):
        direction = torch.nn.functional.normalize(joint[bone[1]] - joint[bone[0]], dim=0)
        assert direction @ torch.tensor(along, dtype=FLOAT) > 0.998, bone
    assert joint["left_foot"][2] > joint["left_ankle"][2] + 0.1


def test_landmarks_lie_where_their_names_say(free: Body) -> None:
    zero = torch.zeros(free.beta_count, dtype=FLOAT)
    joints, landmarks = rest_joints(free, zero), rest_landmarks(free, zero)
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        away = landmarks[LANDMARK_INDEX[f"left_{part}"]] - joints[SMPL_INDEX[f"left_{part}"]]
        assert away.norm() < 0.06, part
    at = {name: landmarks[index] for name, index in LANDMARK_INDEX.items()}
    assert at["nose"][2] > at["left_ear"][2] + 0.05
    assert at["left_eye"][1] > at["mouth_left"][1] + 0.03
    assert at["left_heel"][2] + 0.15 < at["left_foot_index"][2]
    assert at["left_thumb"][2] > at["left_pinky"][2]


def test_shares_are_positive_and_sum_to_one(free: Body) -> None:
    for share in (free.skin_weight, free.landmark_weight):
        assert (share >= 0).all()
        torch.testing.assert_close(share.sum(1), torch.ones(len(share), dtype=FLOAT), atol=1e-6, rtol=0)
    torch.testing.assert_close(free.joint_regressor.sum(1), torch.ones(24, dtype=FLOAT), atol=1e-5, rtol=0)


def test_a_larger_first_beta_is_a_taller_person(free: Body) -> None:
    tall = torch.zeros(2, free.beta_count, dtype=FLOAT)
    tall[1, 0] = 1
    heights = rest_vertices(free, tall)[..., 1]
    stature = heights.amax(1) - heights.amin(1)
    assert 0.03 < stature[1] - stature[0] < 0.15


def test_the_file_is_small_and_loads_at_once() -> None:
    assert body_file("free").stat().st_size < 2e6
    seconds: list[float] = []
    for _ in range(3):
        bodies._read_own.cache_clear()
        start = time.perf_counter()
        load_body("free")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.2


def _distances(body: Body, betas: Tensor) -> Tensor:
    pairs = [beta.pair for beta in FREE_BETAS if beta.pair]
    ends, starts = ([SMPL_INDEX[name] for name in side] for side in zip(*pairs, strict=True))
    joints_m = rest_joints(body, betas)
    return (joints_m[..., ends, :] - joints_m[..., starts, :]).norm(dim=-1)


def test_each_limb_beta_moves_its_own_length_as_documented_and_no_other(free: Body) -> None:
    assert len(FREE_BETAS) == free.beta_count
    limbs = [index for index, beta in enumerate(FREE_BETAS) if beta.pair]
    units = torch.eye(free.beta_count, dtype=FLOAT)[limbs]
    gained_m = _distances(free, units) - _distances(free, torch.zeros_like(units))
    documented_m = torch.tensor([FREE_BETAS[index].unit_m for index in limbs], dtype=FLOAT)
    torch.testing.assert_close(gained_m.diagonal(), documented_m, atol=2e-4, rtol=0)
    assert (gained_m - gained_m.diagonal().diag()).abs().max() < 1e-3


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_limb_beta_bends_no_bone_and_turns_no_triangle_over(free: Body, sign: float) -> None:
    rest_m = free.template_m[free.faces]
    normal = torch.linalg.cross(rest_m[:, 1] - rest_m[:, 0], rest_m[:, 2] - rest_m[:, 0])
    for index, beta in enumerate(FREE_BETAS):
        betas = torch.zeros(free.beta_count, dtype=FLOAT)
        betas[index] = sign * RANGE
        if beta.pair is None:
            continue
        now_m = rest_vertices(free, betas)[free.faces]
        turned = torch.linalg.cross(now_m[:, 1] - now_m[:, 0], now_m[:, 2] - now_m[:, 0])
        assert ((normal * turned).sum(-1) > 0).all(), beta.name
        joints = dict(zip(SMPL_INDEX, rest_joints(free, betas), strict=True))
        for end, start, along in (("left_elbow", "left_shoulder", (1, 0, 0)), ("left_ankle", "left_knee", (0, -1, 0))):
            bone = torch.nn.functional.normalize(joints[end] - joints[start], dim=0)
            assert bone @ torch.tensor(along, dtype=FLOAT) > 0.998, beta.name


def test_joints_lie_at_the_heights_that_surveys_give(free: Body) -> None:
    zero = torch.zeros(free.beta_count, dtype=FLOAT)
    skin_m = rest_vertices(free, zero)[:, 1]
    share = (rest_joints(free, zero)[:, 1] - skin_m.min()) / (skin_m.max() - skin_m.min())
    # Lateral femoral epicondyle and lateral malleolus of ANSUR II (Gordon et al. 2014), mean of men and women.
    for joint, height in (("left_knee", 0.283), ("left_ankle", 0.040)):
        assert abs(share[SMPL_INDEX[joint]] - height) < 0.006, joint
    span_m = free.template_m[:, 0].max() - free.template_m[:, 0].min()
    assert abs(span_m / (skin_m.max() - skin_m.min()) - 1.026) < 0.01
