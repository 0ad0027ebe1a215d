"""A network comes back from its file as it was, or with an error that says why not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.errors import WeightsError
from models.nets.load import load_pose_net, save_pose_net
from models.nets.pose_guess import guess_pose
from models.nets.pose_net import PoseNet
from tests.models.nets.guess_case import case, opinionated


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
