"""A packed motion is as small as promised, and comes back near to what it was; all kept, it comes back exactly."""

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.errors import InputError
from models.limb_code import FULL, GROUPS, decode, encode
from models.packed_motion import pack, unpack
from models.rig import Rig, make_rig
from tests.stages.given.case import FRAMES, RATE_HZ, truth


@pytest.fixture(scope="module")
def rig() -> Rig:
    body = load_body("free").to("cpu", torch.float64)
    return make_rig(body, torch.zeros(body.beta_count).double(), "smpl24")


@pytest.mark.parametrize("ratio", [2.0, 4.0, 8.0])
def test_numbers_are_no_more_than_the_ratio_allows(rig: Rig, ratio: float) -> None:
    code = encode(rig, torch.from_numpy(truth().local), torch.from_numpy(truth().trans_m), RATE_HZ, ratio)
    assert code.numbers <= FULL * FRAMES / ratio and code.ratio >= ratio
    assert set(code.kept) == set(GROUPS)


def test_ends_trunk_and_root_come_back_and_more_numbers_are_better(rig: Rig) -> None:
    body = load_body("free").to("cpu", torch.float64)
    betas = np.zeros(body.beta_count)
    errors = [
        pack(body, betas, truth().local, truth().trans_m, rate_hz=RATE_HZ, ratio=ratio).error_m for ratio in (1.5, 8.0)
    ]
    ends = [7, 8, 20, 21]
    assert errors[0][:, 0].max() < 1e-5 and errors[0].mean() < 0.03
    assert np.median(errors[0][:, ends]) < 0.03
    assert errors[0].mean() <= errors[1].mean() + 1e-3


def test_somebody_who_turns_round_comes_back_the_way_he_went(rig: Rig) -> None:
    yaw = torch.linspace(0, 9.0, 120, dtype=torch.float64)
    local = torch.eye(3, dtype=torch.float64).repeat(120, 24, 1, 1)
    local[:, 0, 0, 0] = local[:, 0, 2, 2] = yaw.cos()
    local[:, 0, 0, 2], local[:, 0, 2, 0] = yaw.sin(), -yaw.sin()
    again, _ = decode(rig, encode(rig, local, torch.zeros(120, 3).double(), RATE_HZ, 10.0))
    np.testing.assert_allclose(again[:, 0], local[:, 0], atol=1e-3)


def test_a_file_of_another_body_or_shape_is_refused() -> None:
    body = load_body("free").to("cpu", torch.float64)
    packed = pack(body, np.zeros(body.beta_count), truth().local, truth().trans_m, rate_hz=RATE_HZ, ratio=4.0)
    for change in ({"body_sha256": np.array("x")}, {"feet": np.zeros((3, 5))}, {"frames": np.array(-1)}):
        with pytest.raises(InputError):
            unpack(body, {**packed.arrays, **change})
    with pytest.raises(InputError, match="lacks"):
        unpack(body, {key: value for key, value in packed.arrays.items() if key != "root"})


def test_impossible_ratios_are_refused(rig: Rig) -> None:
    for ratio in (0.5, 200.0):
        with pytest.raises(InputError):
            encode(rig, torch.from_numpy(truth().local), torch.from_numpy(truth().trans_m), RATE_HZ, ratio)
