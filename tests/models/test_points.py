"""Named points hang on the body: where their names say, at every shape and in every pose."""

from dataclasses import replace

import pytest
import roma
import torch
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import (
    Body,
    pose_joints,
    pose_landmarks,
    rest_joints,
    rest_vertices,
)
from models.bodies.markers import RAJAGOPAL_2016
from models.bodies.points import OnSkin, Vertex, hang
from models.bodies.regressors import point_names, point_sets, pose_points
from models.errors import ConfigError, InputError
from models.skeletons import SMPL_INDEX, mirror_order
from tests.models.toy_body import plausible_pose, toy_body

FLOAT = torch.float64
PUBLISHED = {
    "smpl24": 24, "smpl24_mid_hip": 24, "blazepose33": 33, "coco17": 17, "body25": 25, "halpe26": 26, "h36m17": 17,
    "rajagopal2016": 66, "full_body": 84,
}  # fmt: skip
MIRRORED = torch.tensor([-1.0, 1, 1], dtype=FLOAT)


@pytest.fixture(scope="module")
def free() -> Body:
    return load_body("free").to("cpu", FLOAT)


def _rest(body: Body, set_name: str) -> dict[str, Tensor]:
    points = pose_points(
        body, set_name, body.template_m.new_zeros(body.beta_count), _upright(), torch.zeros(3, dtype=FLOAT)
    )
    return dict(zip(point_names(set_name), points, strict=True))


def _upright() -> Tensor:
    return torch.eye(3, dtype=FLOAT).expand(24, 3, 3)


def _posed(body: Body, frames: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(2)
    betas = torch.randn(frames, body.beta_count, dtype=FLOAT)
    return betas, plausible_pose(frames, 3), torch.randn(frames, 3, dtype=FLOAT)


def test_every_set_has_the_names_of_its_publication(free: Body) -> None:
    assert {name: len(point_names(name)) for name in point_sets()} == PUBLISHED
    assert all(len(set(point_names(name))) == count for name, count in PUBLISHED.items())
    assert point_names("coco17")[:6] == ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder")
    assert point_names("body25")[7:11] == ("LWrist", "MidHip", "RHip", "RKnee")
    assert point_names("halpe26")[16:21] == ("RAnkle", "Head", "Neck", "Hip", "LBigToe")
    assert point_names("h36m17")[7:12] == ("Spine", "Thorax", "Neck/Nose", "Head", "LShoulder")
    assert {"RASI", "C7", "LFAsuperior", "R_tibial_plateau"} <= set(point_names("rajagopal2016"))


@pytest.mark.parametrize("set_name", PUBLISHED)
def test_points_go_where_the_body_goes(free: Body, set_name: str) -> None:
    betas, pose, trans = _posed(free)
    turn, step = roma.random_rotmat(dtype=FLOAT), torch.randn(3, dtype=FLOAT)
    turned = torch.cat([(turn @ pose[:, 0])[:, None], pose[:, 1:]], dim=1)
    pelvis = (rest_joints(free, betas)[:, 0] + trans)[:, None]
    before = pose_points(free, set_name, betas, pose, trans)
    after = pose_points(free, set_name, betas, turned, trans + step)
    torch.testing.assert_close(after - pelvis - step, (before - pelvis) @ turn.T, atol=1e-5, rtol=0)


@pytest.mark.parametrize("set_name", PUBLISHED)
def test_many_frames_of_one_shape_equal_each_alone(free: Body, set_name: str) -> None:
    betas, pose, trans = _posed(free)
    many = pose_points(free, set_name, betas[0], pose, trans)
    for frame in range(4):
        torch.testing.assert_close(many[frame], pose_points(free, set_name, betas[0], pose[frame], trans[frame]))


def test_joints_and_landmarks_are_the_body_s_own(free: Body) -> None:
    posed = _posed(free)
    torch.testing.assert_close(pose_points(free, "smpl24", *posed), pose_joints(free, *posed))
    torch.testing.assert_close(pose_points(free, "blazepose33", *posed), pose_landmarks(free, *posed))


@pytest.mark.parametrize("set_name", PUBLISHED)
def test_left_and_right_points_are_mirror_images(free: Body, set_name: str) -> None:
    rest = _rest(free, set_name)
    twins = {name: _twin(name, rest) for name in rest if name not in ("CLAV", "L2")}
    assert sum(name != twin for name, twin in twins.items()) >= 2 * (len(rest) // 3)
    for name, twin in twins.items():
        torch.testing.assert_close(rest[twin], rest[name] * MIRRORED, atol=1e-5, rtol=0)


def _twin(name: str, names: dict[str, Tensor]) -> str:
    spelled = tuple(names)
    words = spelled[mirror_order(spelled)[spelled.index(name)]] if "_" in name and name[0] in "lrm" else name
    other = {"L": "R", "R": "L"}.get(name[0], "") + name[1:]
    return other if other in names else words


def test_a_marker_on_the_skin_is_carried_by_one_triangle(free: Body) -> None:
    places = RAJAGOPAL_2016.values()
    points = hang(free, list(places))
    faces = {tuple(sorted(face)) for face in free.faces.tolist()}
    for place, share in zip(places, points.of_vertex, strict=True):
        corners = points.vertex[share != 0]
        assert isinstance(place, OnSkin) == (len(corners) > 0)
        if isinstance(place, OnSkin):
            assert share.min() >= 0 and abs(share.sum() - 1) < 1e-12
            assert any(set(corners.tolist()) <= set(face) for face in faces)


def test_markers_lie_where_their_names_say(free: Body) -> None:
    at = _rest(free, "rajagopal2016")
    x, y, z = (lambda name: at[name][0], lambda name: at[name][1], lambda name: at[name][2])
    assert y("LACR") > y("LSJC") + 0.02 and abs(x("LACR") - x("LSJC")) < 0.06
    assert z("LASH") > z("LSJC") > z("LPSH")
    assert z("CLAV") > z("C7") + 0.08 and y("C7") > y("CLAV")
    assert z("LASI") > z("LHJC") > z("LPSI") and x("LASI") > x("LHJC") > x("LPSI") > 0
    assert x("LLFC") > x("LKJC") > x("LMFC") and x("LLMAL") > x("LAJC") > x("LMMAL")
    assert y("LLEL") > y("LEJC") > y("LMEL") and z("LFAradius") > z("LFAulna")
    assert z("LTH2") > z("LTH1") and z("LTB2") > z("LTB1")
    assert x("LTH1") > at["LHJC"][0] and y("LTH1") > y("LTH2") > y("LTH3") > y("LLFC")
    assert z("LTOE") > z("LMT5") > z("LAJC") > z("LCAL") and x("LMT5") > x("LTOE")
    lowest = rest_vertices(free, free.template_m.new_zeros(free.beta_count))[:, 1].min()
    assert all(0.005 < y(name) - lowest < 0.08 for name in ("LCAL", "LTOE", "LMT5"))


def test_inter_asis_distance_is_that_of_grown_ups(free: Body) -> None:
    at = _rest(free, "rajagopal2016")
    assert 0.2 < (at["LASI"] - at["RASI"]).norm() < 0.3


def test_a_marker_on_the_shin_keeps_its_distance_from_knee_and_ankle_when_the_knee_bends(free: Body) -> None:
    zero, trans = free.template_m.new_zeros(free.beta_count), torch.zeros(3, dtype=FLOAT)
    bent = _upright().clone()
    bent[SMPL_INDEX["left_knee"]] = roma.rotvec_to_rotmat(torch.tensor([1.5, 0, 0], dtype=FLOAT))
    at = dict(zip(point_names("rajagopal2016"), pose_points(free, "rajagopal2016", zero, bent, trans), strict=True))
    rest = _rest(free, "rajagopal2016")
    for joint in ("LKJC", "LAJC"):
        now, before = (at["LTB2"] - at[joint]).norm(), (rest["LTB2"] - rest[joint]).norm()
        assert abs(now - before) < 0.01
    assert (at["LTB2"] - rest["LTB2"]).norm() > 0.2


def test_points_are_gradients_away_from_the_pose(free: Body) -> None:
    betas, pose, trans = (part[:1].requires_grad_() for part in _posed(free))
    pose_points(free, "rajagopal2016", betas, pose, trans).square().sum().backward()
    assert all(part.grad is not None and part.grad.abs().max() > 0 for part in (betas, pose, trans))


def test_a_ray_ends_on_the_face_of_a_cube() -> None:
    body = _cube()
    corner = Vertex("corner")
    points = hang(body, [OnSkin({"pelvis": 1.0}, (1.0, 0.0, 0.0), (0.0, 0.2, -0.3)), corner])
    placed = points.of_vertex @ body.template_m[points.vertex]
    torch.testing.assert_close(placed, torch.tensor([[0.5, 0.2, -0.3], [0.5, 0.5, 0.5]], dtype=FLOAT))


def test_a_ray_through_an_edge_or_a_corner_finds_the_skin_too() -> None:
    body = _cube()
    for way in ((1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (1.0, 1.0, 1.0)):
        points = hang(body, [OnSkin({"pelvis": 1.0}, way)])
        placed = (points.of_vertex @ body.template_m[points.vertex])[0]
        torch.testing.assert_close(placed, torch.tensor(way, dtype=FLOAT) / 2)


def test_of_two_skins_about_a_place_the_nearer_counts() -> None:
    body = _cube()
    near_m, far_m, faces = body.template_m, 2 * body.template_m, torch.cat([body.faces, body.faces + 8])
    for corners in (torch.cat([near_m, far_m]), torch.cat([far_m, near_m])):
        points = hang(_with_skin(corners, faces), [OnSkin({"pelvis": 1.0}, (1.0, 0.0, 0.0), (0.0, 0.1, 0.2))])
        placed = points.of_vertex @ corners[points.vertex]
        torch.testing.assert_close(placed, torch.tensor([[0.5, 0.1, 0.2]], dtype=FLOAT))


def test_a_joint_outside_the_skin_is_told() -> None:
    with pytest.raises(InputError, match=r"no skin lies from \[3.0, 0.0, 0.0\] toward .*joints lie inside its skin"):
        hang(_cube(), [OnSkin({"pelvis": 1.0}, (1.0, 0.0, 0.0), (3.0, 0.0, 0.0))])


def test_unknown_sets_and_vertices_list_the_known_ones(free: Body) -> None:
    with pytest.raises(ConfigError, match=r"no set of points called 'coco18'.*coco17"):
        point_names("coco18")
    with pytest.raises(InputError, match=r"no vertex called 'tail'.*nose"):
        hang(free, [Vertex("tail")])


def _cube() -> Body:
    """The toy with a cube of edge 1 for its skin; its pelvis is in the middle."""
    corners = torch.tensor([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=FLOAT) / 2
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [face for a, b, c, d in sides for face in ((a, b, c), (a, c, d))]
    return _with_skin(corners, torch.tensor(faces))


def _with_skin(corners: Tensor, faces: Tensor) -> Body:
    toy, count = toy_body(), len(corners)
    return replace(
        toy,
        template_m=corners,
        shape_m=torch.zeros(count, 3, toy.beta_count, dtype=FLOAT),
        faces=faces,
        joint_regressor=torch.full((24, count), 1 / count, dtype=FLOAT),
        skin_joint=torch.zeros(count, 4, dtype=torch.int64),
        skin_weight=torch.full((count, 4), 0.25, dtype=FLOAT),
        named_vertices={"corner": 7},
    )
