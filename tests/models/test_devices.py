"""Devices are those that are there."""

import pytest
import torch

from models.devices import best_precision, find_device, single_thread
from models.errors import ConfigError


def test_auto_is_a_device_that_works() -> None:
    assert torch.ones(2, device=find_device("auto")).sum() == 2


@pytest.mark.parametrize("name", ["toaster", "", "cuda:99"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match="cpu"):
        find_device(name)


def test_apples_device_counts_in_single_precision() -> None:
    assert best_precision(torch.device("mps")) is torch.float32
    assert best_precision(torch.device("cpu")) is torch.float64


def test_the_number_of_threads_is_given_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), single_thread():
        assert torch.get_num_threads() == 1
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == before
