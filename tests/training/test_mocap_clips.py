"""The reader of motion capture against chains written out by hand."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.errors import InputError
from training.mocap_clips import read_clips, rest_pose, world_pose

FRAMES = (4, 3)


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """Two clips of a chain of three joints: root, knee, toe."""
    random = np.random.default_rng(0)
    turns = Rotation.random(sum(FRAMES) * 3, rng=random).as_quat(scalar_first=True).reshape(-1, 3, 4)
    path = tmp_path / "chain.npz"
    np.savez(
        path, names=["root", "knee", "toe"], parents=[-1, 0, 1], fps=30, canon=["pelvis", "l_knee", "head"],
        canon_idx=[0, 1, -1], clip=["first", "second"], subject=["a", "b"], action=["walk", "run"],
        clip_start=np.cumsum([0, *FRAMES]), rot=np.round(turns * 32767).astype(np.int16),
        root=random.normal(size=(sum(FRAMES), 3)), offsets=random.normal(size=(2, 3, 3)) * [[[0], [1], [1]]],
    )  # fmt: skip
    return path


def test_joints_are_where_turning_bone_after_bone_puts_them(shard: Path):
    raw = np.load(shard)
    for index, clip in enumerate(read_clips(shard.parent)):
        pose = world_pose(clip)
        for frame in range(FRAMES[index]):
            row = raw["clip_start"][index] + frame
            root, knee, _ = (Rotation.from_quat(q.astype(float), scalar_first=True) for q in raw["rot"][row])
            expected = [raw["root"][row]]
            expected.append(expected[-1] + root.apply(raw["offsets"][index, 1]))
            expected.append(expected[-1] + (root * knee).apply(raw["offsets"][index, 2]))
            np.testing.assert_allclose(pose.joints_m[frame], expected, atol=1e-12)
            np.testing.assert_allclose(pose.world_from_joint[frame, 1], (root * knee).as_matrix(), atol=1e-12)


def test_at_rest_the_bones_lie_as_stored(shard: Path):
    first = next(read_clips(shard.parent))
    np.testing.assert_allclose(np.diff(rest_pose(first), axis=0), first.offset_m[1:])


def test_clips_keep_their_names_and_parts(shard: Path):
    clips = list(read_clips(shard.parent))
    assert [(clip.name, clip.subject, clip.action, len(clip.root_m)) for clip in clips] == [
        ("first", "a", "walk", 4),
        ("second", "b", "run", 3),
    ]
    assert clips[0].joint_of == {"pelvis": 0, "l_knee": 1}


def test_a_folder_without_shards_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="holds no motion capture"):
        next(read_clips(tmp_path))


def test_another_kind_of_file_is_refused(tmp_path: Path):
    np.savez(tmp_path / "other.npz", poses=np.zeros(3))
    with pytest.raises(InputError, match="is not a motion capture shard"):
        next(read_clips(tmp_path))


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("rot", np.ones((7, 3, 3)), r"rot has the shape \(7, 3, 3\) instead of \(7, 3, 4\)"),
        ("root", np.ones((7, 2)), "root has the shape"),
        ("offsets", np.ones((2, 4, 3)), "offsets has the shape"),
        ("offsets", np.full((2, 3, 3), np.nan), "offsets holds NaN"),
        ("clip_start", [0, 4, 8], "within 7 frames"),
        ("clip_start", [0, 4, 4], "do not follow each other"),
        ("clip_start", [0, 7], "clip_start has the shape"),
        ("parents", [-1, 2, 1], "a joint comes before its parent"),
        ("parents", [-1, -1, 0], "a joint comes before its parent"),
        ("canon_idx", [0, 3, -1], "none of 3 joints"),
        ("fps", [30, 30], "fps has the shape"),
        ("clip", ["first"], "offsets has the shape"),
    ],
)
def test_a_shard_whose_arrays_do_not_fit_each_other_is_refused(shard: Path, key: str, value: object, problem: str):
    arrays = dict(np.load(shard)) | {key: np.asarray(value)}
    np.savez(shard, **arrays)
    with pytest.raises(InputError, match=f"is not a motion capture shard: .*{problem}"):
        next(read_clips(shard.parent))
