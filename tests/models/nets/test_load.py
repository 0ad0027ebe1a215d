"""A network comes back from its file as it was, or with an error that says why not."""

from pathlib import Path

import pytest
import roma
import torch
from safetensors.torch import save_file

from models.errors import WeightsError
from models.keypoints import Keypoints
from models.nets.load import load_pose_net, save_pose_net
from models.nets.pose_guess import guess_pose
from models.nets.pose_net import PoseNet
from models.nets.turns import world_from_local
from models.rig import Pose, make_rig, rig_points
from models.skeletons import SMPL_INDEX
from tests.models.nets.guess_case import BODY, case, opinionated


def test_the_network_that_ships_reads_a_bent_arm_and_a_bent_leg() -> None:
    bent = {"hip": (-0.4, 0, 0), "knee": (0.7, 0, 0)}
    turns = torch.zeros(24, 3)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        for joint, rotvec in (bent | {"shoulder": (0, 0, 1.1 * sign), "elbow": (0, 0.8 * sign, 0)}).items():
            turns[SMPL_INDEX[f"{side}_{joint}"]] = torch.tensor(rotvec)
    world = world_from_local(roma.rotvec_to_rotmat(turns))[None]
    rig = make_rig(BODY, torch.zeros(BODY.beta_count), "smpl24")
    clean = Keypoints("smpl24", rig_points(rig, Pose(world, torch.zeros(1, 3))), torch.ones(1, 24), 30.0)
    guess = guess_pose(load_pose_net(), rig, clean)
    long_bones = [SMPL_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in (*bent, "shoulder")]
    off_rad = roma.rotmat_geodesic_distance(guess.world_from_joint, world)
    assert float(off_rad[0, long_bones].rad2deg().max()) < 15
    assert (
        float(roma.rotmat_geodesic_distance(torch.eye(3).expand_as(world), world)[0, long_bones].rad2deg().min()) > 15
    )


@pytest.mark.parametrize("mixer", ["glance", "alone", "convolution", "recurrence"])
def test_a_network_that_is_written_and_read_guesses_the_same(mixer: str, tmp_path: Path) -> None:
    net = opinionated(mixer)
    save_pose_net(net, tmp_path / "net.safetensors")
    kept = load_pose_net(tmp_path / "net.safetensors")
    save_pose_net(kept, tmp_path / "again.safetensors")
    rig, keypoints = case()
    networks = (net, kept, load_pose_net(tmp_path / "again.safetensors"))
    first, second, third = (guess_pose(each, rig, keypoints).world_from_joint for each in networks)
    assert torch.allclose(first, second, atol=0.02), "half precision is good for a degree"
    assert torch.equal(second, third)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    with pytest.raises(WeightsError, match="holds no network"):
        load_pose_net(path)
    path.write_bytes(b"not tensors")
    with pytest.raises(WeightsError, match="holds no network"):
        load_pose_net(path)


def test_tensors_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="how its network is built"):
        load_pose_net(path)
    plan = {name: str(value) for name, value in PoseNet(width=16).plan.items()}
    save_file({"weight": torch.zeros(3)}, path, metadata=plan)
    with pytest.raises(WeightsError, match="does not fit"):
        load_pose_net(path)
    save_file({"weight": torch.zeros(3)}, path, metadata=plan | {"mixer": "magic"})
    with pytest.raises(WeightsError, match="how its network is built"):
        load_pose_net(path)
    save_file({"weight": torch.zeros(3)}, path, metadata=plan | {"width": "wide"})
    with pytest.raises(WeightsError, match="how its network is built"):
        load_pose_net(path)
