"""A GLB plays the motion's joints and skin in a player that shares no code with the writer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from benchmark.body import without_correctives
from models.bodies import load_body
from models.bodies.body import pose_vertices, rest_vertices
from models.errors import ConfigError, InputError
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages.export import glb
from stages.export.joint_names import JOINT_NAMES
from stages.export.skin import eight_bit_weights, vertex_normals
from tests.stages import toy_motion
from tests.stages.glb_player import Glb, node_matrices, read_glb, skinned_vertices_m

FRAMES = 90
HUMANIK = JOINT_NAMES["humanik"]


@pytest.fixture(scope="module")
def motion():
    return toy_motion.make_body_motion(toy_motion.smooth_rotations(FRAMES), toy_motion.smooth_roots_m(FRAMES))


@pytest.fixture(scope="module")
def content(motion) -> bytes:
    return glb.encode(motion)


@pytest.fixture(scope="module")
def read(content) -> Glb:
    return read_glb(content)


def joints_m(read: Glb, time_s: float | None, names=HUMANIK) -> np.ndarray:
    world = node_matrices(read, time_s)
    return world[[read.named(names[name]) for name in SMPL_JOINTS], :3, 3]


def outputs(read: Glb, path: str) -> dict[int, np.ndarray]:
    animation = read.tree["animations"][0]
    return {
        channel["target"]["node"]: read.accessor(animation["samplers"][channel["sampler"]]["output"])
        for channel in animation["channels"]
        if channel["target"]["path"] == path
    }


def test_joints_are_where_the_motion_has_them(read, motion):
    np.testing.assert_allclose(read.times_s, np.arange(FRAMES) / 30, atol=1e-6)
    for frame, time_s in enumerate(read.times_s):
        np.testing.assert_allclose(joints_m(read, time_s), motion.joints_m[frame], atol=2e-4)


def test_the_animation_tells_when_it_began_in_the_video(read, motion):
    assert read.tree["animations"][0]["extras"] == {"start_s": motion.timestamps_s[0]}


def test_the_skin_is_where_the_body_has_it_but_for_correctives_and_weights_of_eight_bits(read, motion):
    body = without_correctives(load_body("free").to("cpu", torch.float64))
    for frame in (0, 40, 89):
        pose = [torch.from_numpy(array[frame]) for array in (motion.parent_from_joint, motion.trans_m)]
        expected_m = pose_vertices(body, torch.from_numpy(motion.betas), *pose).numpy()
        error_m = np.linalg.norm(skinned_vertices_m(read, read.times_s[frame]) - expected_m, axis=1)
        assert error_m.max() < 3e-3 and error_m.mean() < 3e-4


def test_between_two_frames_everything_goes_the_short_way():
    rotation = toy_motion.smooth_rotations(FRAMES)
    made = toy_motion.make_body_motion(rotation)
    player = read_glb(glb.encode(made))
    for frame in range(0, FRAMES - 1, 7):
        halfway = (
            Rotation.from_matrix(rotation[frame])
            * (Rotation.from_matrix(rotation[frame]).inv() * Rotation.from_matrix(rotation[frame + 1])) ** 0.5
        )
        world = node_matrices(player, (frame + 0.5) / 30)
        found = np.array(
            [world[j, :3, :3] if p < 0 else world[p, :3, :3].T @ world[j, :3, :3] for j, p in enumerate(SMPL_PARENTS)]
        )
        np.testing.assert_allclose(found, halfway.as_matrix(), atol=1e-4)


def test_at_rest_the_body_stands_on_the_floor_and_faces_z(read, motion):
    rest_m = joints_m(read, None)
    skin_m = skinned_vertices_m(read, None)
    np.testing.assert_allclose(skin_m, read.accessor(read.attributes["POSITION"]), atol=1e-6)
    assert abs(skin_m[:, 1].min()) < 1e-6
    assert 0.7 < rest_m[0, 1] < 1.2
    place = dict(zip(SMPL_JOINTS, rest_m, strict=True))
    assert place["left_wrist"][0] > 0.5 and place["right_wrist"][0] < -0.5
    assert place["left_foot"][2] > place["left_ankle"][2] + 0.05
    body = load_body("free").to("cpu", torch.float64)
    shaped_m = rest_vertices(body, torch.from_numpy(motion.betas)).numpy()
    np.testing.assert_allclose(skin_m - skin_m.mean(0), shaped_m - shaped_m.mean(0), atol=1e-6)


def test_the_mesh_hangs_at_the_root_of_the_scene_and_the_joints_beside_it(read):
    roots = read.tree["scenes"][0]["nodes"]
    assert [read.tree["nodes"][node]["name"] for node in roots] == ["Hips", "Body"]
    assert set(read.tree["nodes"][roots[1]]) == {"name", "mesh", "skin"}


def test_weights_sum_up_and_name_each_joint_once(read):
    joint = read.accessor(read.attributes["JOINTS_0"])
    weight = read.accessor(read.attributes["WEIGHTS_0"])
    assert joint.dtype == weight.dtype == np.uint8
    assert read.tree["accessors"][read.attributes["WEIGHTS_0"]]["normalized"] is True
    assert (weight.sum(axis=1, dtype=int) == 255).all()
    assert not joint[weight == 0].any()
    assert all(len(set(row[w > 0])) == (w > 0).sum() for row, w in zip(joint, weight, strict=True))


def test_quaternions_are_of_unit_length_and_stay_on_one_side(read):
    for values in outputs(read, "rotation").values():
        np.testing.assert_allclose(np.linalg.norm(values.astype(float), axis=1), 1, atol=1e-6)
        assert (np.sum(values[1:] * values[:-1], axis=1) > 0).all()


def test_only_the_root_travels(read):
    assert len(outputs(read, "rotation")) == 24
    assert list(outputs(read, "translation")) == [read.named("Hips")]


def test_ranges_are_those_of_the_numbers(read):
    ranged = {index for index, about in enumerate(read.tree["accessors"]) if "min" in about}
    assert ranged == {read.attributes["POSITION"], read.tree["animations"][0]["samplers"][0]["input"]}
    for index in ranged:
        about, values = read.tree["accessors"][index], np.atleast_2d(read.accessor(index).T).T
        assert about["min"] == values.min(0).tolist() and about["max"] == values.max(0).tolist()


def test_normals_point_outwards(read):
    normal = read.accessor(read.attributes["NORMAL"]).astype(float)
    position = read.accessor(read.attributes["POSITION"])
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-6)
    assert normal[position[:, 1].argmax(), 1] > 0.5 and normal[position[:, 1].argmin(), 1] < -0.5
    assert normal[position[:, 0].argmax(), 0] > 0.5 and normal[position[:, 0].argmin(), 0] < -0.5


def test_normals_of_a_ball_are_its_radii():
    steps = np.stack(np.meshgrid([-1.0, 0, 1], [-1.0, 0, 1], [-1.0, 0, 1]), -1).reshape(-1, 3)
    corner = np.array([point for point in steps if abs(point).sum() == 1])
    faces = np.array(
        [face for face in np.ndindex(6, 6, 6) if abs(np.linalg.det(corner[list(face)]) - 1) < 1e-9], dtype=int
    )
    np.testing.assert_allclose(vertex_normals(corner, faces), corner, atol=1e-12)


def test_rounded_weights_are_off_by_less_than_one():
    share = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 500)
    wide = np.zeros((500, 24))
    place = np.array([np.random.default_rng(row).permutation(24)[:4] for row in range(500)])
    np.put_along_axis(wide, place, share, axis=1)
    joint, weight = eight_bit_weights(wide)
    assert (np.diff(weight.astype(int), axis=1) <= 0).all()
    found = np.zeros_like(wide)
    for row, (joints, weights) in enumerate(zip(joint, weight, strict=True)):
        np.add.at(found[row], joints, weights)
    assert np.abs(found - 255 * wide).max() < 1


def test_indices_take_two_bytes_where_they_fit(read):
    about = read.tree["accessors"][read.tree["meshes"][0]["primitives"][0]["indices"]]
    assert about["componentType"] == 5123
    np.testing.assert_array_equal(
        read.accessor(read.tree["meshes"][0]["primitives"][0]["indices"]).reshape(-1, 3), load_body("free").faces
    )


def test_a_skeleton_alone_moves_alike_and_is_still_a_skeleton(read, motion):
    bare = read_glb(glb.encode(motion, with_mesh=False))
    assert not {"meshes", "materials"} & set(bare.tree) and len(bare.tree["nodes"]) == 24
    assert bare.tree["skins"][0]["joints"] == list(range(24))
    assert len(bare.binary) < 90 * 25 * 16 + 5000
    for time_s in read.times_s[::20]:
        np.testing.assert_array_equal(joints_m(bare, time_s), joints_m(read, time_s))


@pytest.mark.parametrize("preset", JOINT_NAMES)
def test_every_preset_names_the_nodes(preset, motion):
    player = read_glb(glb.encode(motion, preset, with_mesh=False))
    np.testing.assert_allclose(joints_m(player, 1.0, JOINT_NAMES[preset]), motion.joints_m[30], atol=2e-4)


def test_one_frame_is_a_motion(motion):
    made = toy_motion.make_body_motion(toy_motion.random_rotations(1))
    np.testing.assert_allclose(joints_m(read_glb(glb.encode(made)), 0.0), made.joints_m[0], atol=2e-4)


def test_another_body_is_refused_by_name(motion):
    with pytest.raises(ConfigError, match="'toy'"):
        glb.encode(toy_motion.make_motion(toy_motion.still()))


def test_betas_of_another_body_are_refused(motion):
    with pytest.raises(InputError, match="3 were given"):
        glb.encode(replace(motion, betas=np.zeros(3)))
