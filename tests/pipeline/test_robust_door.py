"""What is not here is told before anything is done."""

import dataclasses

import pytest
import torch

from models.errors import ConfigError
from pipeline.config import PipelineConfig
from pipeline.door import refuse_early


def test_a_body_that_is_not_there_is_refused_at_the_door(tmp_path):
    config = PipelineConfig()
    wrong = dataclasses.replace(config, solve=dataclasses.replace(config.solve, body=str(tmp_path / "nobody.npz")))
    with pytest.raises(ConfigError, match=r"there is no body at .*nobody\.npz"):
        refuse_early("auto", wrong)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused_at_the_door(device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=f"the device '{device}' is not here"):
        refuse_early(device, PipelineConfig())
    refuse_early("auto", PipelineConfig())
    refuse_early("cpu", PipelineConfig())
