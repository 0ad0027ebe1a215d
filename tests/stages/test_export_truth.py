"""One truth: every file, read back by a reader that is not ours, has the motion's joints in the same places."""

from pathlib import Path

import numpy as np
import pytest

from benchmark import one_truth
from stages import export
from stages.contracts import Motion
from tests.stages import toy_motion
from tests.stages.glb_player import node_matrices, read_glb

FRAMES = 150


@pytest.fixture(scope="module")
def motion() -> Motion:
    rotation, root_m = toy_motion.smooth_rotations(FRAMES, seed=9), toy_motion.smooth_roots_m(FRAMES)
    return toy_motion.make_body_motion(rotation, root_m, rate_hz=60)


@pytest.fixture(scope="module")
def folder(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("person_0")
    for name, content in export.run(export.Config(), "clip_p0", motion).files.items():
        (made / name).write_bytes(content)
    return made


@pytest.mark.parametrize(
    ("ending", "tolerance_m"),
    [(".bvh", 1e-4), (".glb", 2e-4), ("_smpl.npz", 1e-4), ("_joints.trc", 1e-4), (".c3d", 1e-4), ("_joints.csv", 1e-4)],
)
def test_every_format_has_the_joints_in_the_same_places(ending, tolerance_m, folder, motion):
    found_m = one_truth.READERS[ending](folder / f"clip_p0{ending}")
    assert found_m.shape == motion.joints_m.shape
    error_m = np.linalg.norm(found_m - motion.joints_m, axis=-1).max()
    print(f"{ending}: {1000 * error_m:.5f} mm")
    assert error_m <= tolerance_m


def test_the_result_holds_the_joints_themselves(folder, motion):
    with np.load(folder / "motion.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["joints_m"], motion.joints_m)


def test_two_readers_of_glb_agree(folder):
    """One on pygltflib's objects, one on the bytes of the standard."""
    path = folder / "clip_p0.glb"
    read = read_glb(path.read_bytes())
    joints = read.tree["skins"][0]["joints"]
    places_m = np.stack([node_matrices(read, time_s)[joints, :3, 3] for time_s in read.times_s])
    np.testing.assert_allclose(one_truth.glb_joints(path), places_m, atol=1e-6)


def test_a_file_that_lies_a_millimetre_off_is_seen(folder, motion):
    path = folder / "off.csv"
    text = (folder / "clip_p0_joints.csv").read_text().splitlines()
    time_s, first, *others = text[1].split(",")
    text[1] = ",".join([time_s, f"{float(first) + 1e-3:.6f}", *others])
    path.write_text("\n".join(text) + "\n")
    error_m = np.linalg.norm(one_truth.csv_joints(path) - motion.joints_m, axis=-1).max()
    assert error_m == pytest.approx(1e-3, abs=2e-6)
