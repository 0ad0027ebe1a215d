"""The lifter: a mirrored film gives mirrored landmarks, gaps stay gaps, a file is read back exactly or not at all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from models import camera
from models.errors import WeightsError
from models.nets.lifter import REACH, Answer, Lifter, answer_both, bounded, less_of_limbs
from models.nets.lifter_file import load_lifter, save_lifter
from models.nets.lifter_inputs import INPUTS, input_mirror, make_inputs, map_features
from models.rough_map import correct, load_map, make_features, mirror_points
from models.skeletons import LANDMARK_MIRROR

SIZE_PX = (640, 480)
CAMERA = camera.pinhole(700.0, *SIZE_PX)


def opinionated(width: int = 32) -> Lifter:
    """A small network whose answers are large and differ from frame to frame."""
    torch.manual_seed(0)
    net = Lifter(width).eval()
    with torch.no_grad():
        net.last.weight.normal_(0, 0.3)
        net.input_mean.copy_(torch.randn(INPUTS) / 5)
    return net.requires_grad_(False)


def sightings(frames: int = 12) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    rough_m = random.normal(0, 0.4, (frames, 33, 3))
    pixels = np.array([300.0, 260.0]) + 150 * rough_m[..., :2] + random.normal(0, 9, (frames, 33, 2))
    region = np.stack(
        [*(300 + random.normal(0, 9, (2, frames))), np.full(frames, 260.0), random.normal(0, 0.2, frames)]
    )
    visibility = random.random((frames, 33))
    return {"rough_m": rough_m, "landmarks_px": pixels, "visibility": visibility, "region": region.T}


def in_a_mirror(seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    order, width = list(LANDMARK_MIRROR), SIZE_PX[0]
    return {
        "rough_m": mirror_points(seen["rough_m"]),
        "landmarks_px": seen["landmarks_px"][:, order] * [-1, 1] + [width, 0],
        "visibility": seen["visibility"][:, order],
        "region": seen["region"] * [-1, 1, 1, -1] + [width, 0, 0, 0],
    }


def inputs_of(seen: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(make_inputs(**seen, camera_matrix=CAMERA)).float()


def everything(frames: int) -> Tensor:
    return torch.ones(frames, dtype=torch.bool)


def test_a_mirrored_film_gives_mirrored_inputs() -> None:
    order, sign = input_mirror()
    own, twin = (inputs_of(each) for each in (sightings(), in_a_mirror(sightings())))
    torch.testing.assert_close(own[:, order] * torch.tensor(sign), twin, atol=1e-4, rtol=0)
    assert sorted(order) == list(range(INPUTS))


def test_a_mirrored_film_gives_mirrored_landmarks_and_deviations() -> None:
    net = opinionated()
    own, twin = (answer_both(net, inputs_of(each), everything(12)) for each in (sightings(), in_a_mirror(sightings())))
    order, flip = list(LANDMARK_MIRROR), torch.tensor((-1.0, 1.0, 1.0))
    torch.testing.assert_close(own.added_m[:, order] * flip, twin.added_m, atol=1e-4, rtol=0)
    torch.testing.assert_close(own.log_sd[:, order], twin.log_sd, atol=1e-4, rtol=0)
    one_sided = net(inputs_of(sightings()), everything(12))[..., :3]
    assert float((one_sided - own.added_m).norm(dim=-1).mean()) > 0.1 * float(own.added_m.norm(dim=-1).mean())


def test_the_inputs_begin_with_what_the_linear_map_reads() -> None:
    seen = sightings()
    look = camera.camera_from_ray(seen["region"][:, :2], CAMERA)
    wanted = make_features(seen["rough_m"], seen["landmarks_px"], look, CAMERA)
    inputs = make_inputs(**seen, camera_matrix=CAMERA)
    np.testing.assert_allclose(map_features(inputs), wanted)
    np.testing.assert_allclose(correct(load_map(), map_features(inputs)), correct(load_map(), wanted))


def test_what_stands_in_a_missing_frame_does_not_matter() -> None:
    net, inputs = opinionated(), inputs_of(sightings())
    seen = everything(12)
    seen[5] = False
    rubbish = inputs.clone()
    rubbish[5] = torch.nan
    first, second = (answer_both(net, each, seen) for each in (inputs, rubbish))
    assert torch.equal(first.added_m, second.added_m)
    assert bool(torch.isfinite(first.log_sd).all())


def test_a_missing_frame_changes_nothing_beyond_reach() -> None:
    net, frames = opinionated(), 3 * REACH
    inputs, seen = inputs_of(sightings(frames)), everything(frames)
    seen[frames // 2] = False
    whole, gapped = (answer_both(net, inputs, there).added_m for there in (everything(frames), seen))
    away = (torch.arange(frames) - frames // 2).abs()
    changed = (whole - gapped).abs().amax((1, 2)) > 1e-6
    assert not bool(changed[away > REACH].any())
    assert bool(changed[away <= 1].all())


def test_a_batch_of_films_gives_what_each_film_gives_alone() -> None:
    net, inputs = opinionated(), torch.stack([inputs_of(sightings()), inputs_of(in_a_mirror(sightings()))])
    seen = torch.stack([everything(12), everything(12)])
    seen[1, 3] = False
    together = answer_both(net, inputs, seen)
    for number in range(2):
        alone = answer_both(net, inputs[number : number + 1], seen[number : number + 1])
        torch.testing.assert_close(alone.added_m[0], together.added_m[number], atol=1e-5, rtol=0)
    single = answer_both(net, inputs[0, :1], everything(1))
    assert single.added_m.shape == (1, 33, 3)


def test_what_is_added_keeps_its_direction_and_its_bound() -> None:
    wanted_m = 0.3 * torch.randn(50, 33, 3, generator=torch.Generator().manual_seed(0))
    wanted_m -= wanted_m[:, [23, 24]].mean(1, keepdim=True)
    for scale in (1e-3, 1.0, 50.0):
        found_m = bounded(scale * wanted_m, torch.tensor(0.06))
        size_m = found_m[:, 11:].square().sum(-1).mean(-1).sqrt()
        assert float(size_m.max()) <= 0.06
        ratio = found_m / (scale * wanted_m)
        torch.testing.assert_close(ratio, ratio[:, :1, :1].expand_as(ratio), rtol=1e-4, atol=0)
    torch.testing.assert_close(bounded(1e-3 * wanted_m, torch.tensor(0.06)), 1e-3 * wanted_m, rtol=1e-3, atol=1e-8)


def test_limbs_go_with_their_shoulders_and_hips_and_bend_less() -> None:
    added_m = torch.randn(4, 33, 3, generator=torch.Generator().manual_seed(0))
    found_m = less_of_limbs(added_m, torch.tensor(0.4))
    trunk = [*range(13), 23, 24]
    assert torch.equal(found_m[:, trunk], added_m[:, trunk])
    for end, start in ((13, 11), (22, 12), (25, 23), (32, 24)):
        wanted_m = added_m[:, start] + 0.4 * (added_m[:, end] - added_m[:, start])
        torch.testing.assert_close(found_m[:, end], wanted_m)
    assert torch.allclose(less_of_limbs(added_m, torch.tensor(1.0)), added_m, atol=1e-6)


def test_a_lifter_that_is_written_and_read_says_the_same(tmp_path: Path) -> None:
    net = opinionated()
    save_lifter(net, tmp_path / "net.safetensors")
    kept = load_lifter(tmp_path / "net.safetensors")
    save_lifter(kept, tmp_path / "again.safetensors")
    answers: list[Answer] = [
        answer_both(each, inputs_of(sightings()), everything(12))
        for each in (net, kept, load_lifter(tmp_path / "again.safetensors"))
    ]
    assert torch.allclose(answers[0].added_m, answers[1].added_m, atol=0.05), "half precision"
    assert torch.equal(answers[1].added_m, answers[2].added_m)
    assert not any(value.requires_grad for value in kept.parameters())


def test_a_file_that_is_no_lifter_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    with pytest.raises(WeightsError, match="holds no network"):
        load_lifter(path)
    path.write_bytes(b"not tensors")
    with pytest.raises(WeightsError, match="holds no network"):
        load_lifter(path)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="does not say how"):
        load_lifter(path)
    save_file({"a": torch.zeros(2)}, path, metadata={"width": "32"})
    with pytest.raises(WeightsError, match="does not fit"):
        load_lifter(path)
