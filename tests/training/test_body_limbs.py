"""Modes of limb lengths, on the joints of a made body: each moves its own measure, alike on both sides."""

import numpy as np
import pytest

from models.skeletons import SMPL_INDEX, SMPL_MIRROR
from tests.models.toy_body import toy_body
from training.body_limbs import LIMBS, make_limb_modes

JOINTS_M = toy_body().rest_joint_template_m.numpy()
MODES_M = make_limb_modes(JOINTS_M, np.eye(24), JOINTS_M)
WIDTHS = {"shoulder width": "shoulder", "hip width": "hip"}


def length_m(name: str, joints_m: np.ndarray) -> float:
    """The measure that a mode is named for."""
    ends = (LIMBS[name].start, LIMBS[name].end)
    if name in WIDTHS:
        ends = (f"left_{WIDTHS[name]}", f"right_{WIDTHS[name]}")
    return float(np.linalg.norm(joints_m[SMPL_INDEX[ends[0]]] - joints_m[SMPL_INDEX[ends[1]]]))


@pytest.mark.parametrize("name", LIMBS)
def test_a_mode_lengthens_its_measure_by_its_share_and_leaves_the_others(name: str) -> None:
    longer_m = JOINTS_M + MODES_M[..., list(LIMBS).index(name)]
    for other in LIMBS:
        share = LIMBS[name].unit if other == name else 0.0
        # The trunk rises straight up, which on a leaning one is a little less than along it.
        assert length_m(other, longer_m) / length_m(other, JOINTS_M) == pytest.approx(1 + share, abs=2e-3)


def test_modes_are_their_own_mirror_images() -> None:
    mirrored = MODES_M[list(SMPL_MIRROR)] * np.array([-1.0, 1, 1])[:, None]
    np.testing.assert_allclose(mirrored, MODES_M, atol=1e-7)


def test_the_pelvis_stays_where_it_is() -> None:
    np.testing.assert_allclose(MODES_M[0], 0, atol=1e-12)


def test_skin_along_a_bone_stretches_evenly_and_moves_wholly_beyond_it() -> None:
    elbow, wrist = JOINTS_M[SMPL_INDEX["left_elbow"]], JOINTS_M[SMPL_INDEX["left_wrist"]]
    skin_m = np.array([elbow, (elbow + wrist) / 2, wrist, wrist + np.array([0.05, 0, 0])])
    weight = np.zeros((4, 24))
    weight[:3, SMPL_INDEX["left_elbow"]] = weight[3, SMPL_INDEX["left_wrist"]] = 1
    moved_m = make_limb_modes(skin_m, weight, JOINTS_M)[..., list(LIMBS).index("forearm")]
    bone_m = LIMBS["forearm"].unit * (wrist - elbow)
    np.testing.assert_allclose(moved_m, np.outer([0, 0.5, 1, 1], bone_m), atol=1e-12)


def test_points_between_two_joints_move_between_them() -> None:
    knee = JOINTS_M[SMPL_INDEX["left_knee"]]
    weight = np.zeros((1, 24))
    weight[0, [SMPL_INDEX["left_hip"], SMPL_INDEX["left_knee"]]] = 0.5
    moved_m = make_limb_modes(knee[None], weight, JOINTS_M)[0, :, list(LIMBS).index("thigh")]
    np.testing.assert_allclose(moved_m, MODES_M[SMPL_INDEX["left_knee"], :, list(LIMBS).index("thigh")], atol=1e-12)
