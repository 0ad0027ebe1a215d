"""A network learns when feet stand, and what is written is what the pipeline reads."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from models import contact_net
from models.contact_features import FOOT_COLUMNS, TAPS_S, contact_features
from models.contacts import CONTACT_ROWS, SOLE_M
from models.floor import up_of, world_from_camera
from training import contact_data
from training import contact_net as teacher
from training.contact_data import Example, lesson

FRAMES = 32
TIMES_S = np.arange(FRAMES) / 15


def stepping(seed: int) -> Example:
    """Feet that hop in turn before a camera that looks down, as a camera that hardly errs has them."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 1)
    points_m = np.tile(np.array([0.0, 1.0, -4.0]), (FRAMES, 33, 1))
    stands = np.zeros((FRAMES, 2, 2), dtype=bool)
    for column, row in enumerate(CONTACT_ROWS):
        swing = np.clip(((TIMES_S + phase + 0.5 * (column // 2)) % 1.0 - 0.5) / 0.5, 0, 1)
        points_m[:, row, 1] = SOLE_M[column] + 0.3 * np.sin(np.pi * swing)
        stands[:, column // 2, column % 2] = swing == 0
    up = up_of(0.2)
    pose = world_from_camera(up, 1.5)
    true_m = (points_m - pose[:3, 3]) @ pose[:3, :3]
    return Example(true_m + 0.005 * rng.standard_normal(true_m.shape), true_m, stands, up, held_out=False)


def test_what_is_learned_holds_for_others_and_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(teacher, "EPOCHS", 15)
    monkeypatch.setattr(teacher, "BATCH", 256)
    net = teacher.learn([stepping(seed) for seed in range(12)], seed=0)
    assert teacher.f1(net, [stepping(seed) for seed in range(20, 24)]) > 0.85
    path = tmp_path / "net.safetensors"
    save_file({name: value.numpy() for name, value in teacher.weights_of(net).items()}, path)
    contact_net._load.cache_clear()
    monkeypatch.setattr(contact_net, "find_weights", lambda _: type("Found", (), {"path": path}))
    world_m, camera_m = np.random.default_rng(0).standard_normal((FRAMES, 33, 3)), np.array([0.0, 1.4, 6.0])
    forward, backward = contact_features(world_m, TIMES_S, camera_m)
    with torch.no_grad():
        logits = [net(torch.from_numpy(features).float()).numpy() for features in (forward, backward)]
    expected = 1 / (1 + np.exp(-(logits[0] + logits[1]) / 2))
    np.testing.assert_allclose(contact_net.contact_probability(world_m, TIMES_S, camera_m), expected, atol=1e-5)
    contact_net._load.cache_clear()


def test_a_lesson_has_every_tap_and_stays_bounded_whatever_the_errors():
    example = stepping(0)
    features = lesson(example, 10 * np.ones_like(example.true_m), np.random.default_rng(0))
    assert features.shape == (FRAMES, 2, FOOT_COLUMNS * len(TAPS_S))
    assert np.abs(features).max() <= 3.0


def test_gaps_are_filled_on_straight_lines():
    points_m = np.arange(4.0)[:, None, None] * np.ones((4, 2, 3))
    holed = points_m.copy()
    holed[1:3] = np.nan
    seen = np.array([True, False, False, True])
    assert contact_data._filled(holed, seen) == pytest.approx(points_m)
