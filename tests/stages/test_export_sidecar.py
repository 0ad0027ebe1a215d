"""The JSON beside BVH and GLB says for every frame of theirs what was seen, how surely, and when feet stand."""

import json

import numpy as np
import pytest

from models.contacts import CONTACT_POINTS, foot_contacts
from models.skeletons import SMPL_JOINTS
from stages import export
from stages.export import sidecar
from stages.export.joint_names import JOINT_NAMES
from tests.stages import toy_motion

FRAMES = 50


@pytest.fixture(scope="module")
def motion():
    return toy_motion.make_body_motion(toy_motion.smooth_rotations(FRAMES), toy_motion.smooth_roots_m(FRAMES))


@pytest.mark.parametrize("preset", JOINT_NAMES)
def test_it_names_joints_as_the_files_do(motion, preset):
    read = json.loads(sidecar.encode(motion, preset))
    assert read["joints"] == [JOINT_NAMES[preset][name] for name in SMPL_JOINTS]
    assert read["smpl_joints"] == list(SMPL_JOINTS)
    bvh = export.run(export.Config(joint_names=preset, glb_mesh=False), "a", motion).files["a.bvh"].decode()
    assert all(f" {name}\n" in bvh for name in read["joints"])


def test_every_list_has_an_entry_for_every_frame(motion):
    read = json.loads(sidecar.encode(motion))
    assert read["frames"] == len(read["confidence"]) == len(read["observed"]) == FRAMES
    assert (read["rate_hz"], read["start_s"], read["bvh_first_frame"]) == (30, 1.5, 0)
    np.testing.assert_allclose(read["confidence"], motion.confidence, atol=0.0051)
    np.testing.assert_array_equal(np.array(read["observed"], bool), motion.observed)
    assert read["unobserved"] == np.flatnonzero(~motion.observed).tolist()


def test_flags_are_seen_frames_of_low_confidence(motion):
    read = json.loads(sidecar.encode(motion))
    for row, name in enumerate(read["joints"]):
        low = np.flatnonzero((motion.confidence[:, row] < read["low_confidence_limit"]) & motion.observed)
        assert read["low_confidence"].get(name, []) == low.tolist()


def test_contacts_are_first_and_last_frames():
    """Standing, a jump, standing."""
    root_m = np.tile(toy_motion.rest_offsets_m()[0], (FRAMES, 1))
    root_m[20:31, 1] += 0.5 * np.sin(np.linspace(0, np.pi, 11))
    jump = toy_motion.make_body_motion(toy_motion.still(FRAMES), root_m)
    contacts = foot_contacts(jump.landmarks_m, jump.timestamps_s)
    read = json.loads(sidecar.encode(jump))
    assert list(read["contacts"]) == list(CONTACT_POINTS)
    for column, name in enumerate(CONTACT_POINTS):
        (first, _), (_, last) = read["contacts"][name]
        assert (first, last) == (0, FRAMES - 1)
        rebuilt = np.zeros(FRAMES, bool)
        for start, end in read["contacts"][name]:
            rebuilt[start : end + 1] = True
        np.testing.assert_array_equal(rebuilt, contacts[:, column])


def test_at_another_rate_it_goes_with_the_files_of_that_rate(motion):
    files = export.run(export.Config(fps=24, bvh_t_pose_first=True), "a", motion).files
    read = json.loads(files["a.json"])
    assert f"Frames: {read['frames'] + 1}\n" in files["a.bvh"].decode()
    assert (read["rate_hz"], read["bvh_first_frame"]) == (24, 1)
