"""Lessons for the lifter: what is done to a film is done to its truth, and a run can be taken up again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import camera
from models.nets.lifter import Answer, Lifter
from models.nets.lifter_file import load_lifter
from models.rough_map import identity_map, load_map, rooted
from models.skeletons import LANDMARK_MIRROR
from tests.models.toy_walker import walker_m
from training import lift, lift_data
from training.lift_check import exam, figures, sit
from training.lift_data import Film, Source, draw_lesson, film, is_held_out, mirrored_lesson, prepare
from training.lift_loss import lift_loss, rooted_shape
from training.sightings import FRAMES, RATE_HZ, Snippets, write

SIZE_PX = (640, 360)
CAMERA = camera.pinhole(800.0, *SIZE_PX)
COUNT = 6


def snippets(count: int = COUNT, depth: float = 0.8) -> Snippets:
    """Walkers whose depth the detector squeezes; in the last of them left is taken for right throughout."""
    order, random = list(LANDMARK_MIRROR), np.random.default_rng(0)
    start_s = random.uniform(0, 1, count)
    truth_m = np.stack([walker_m(start + np.arange(FRAMES) / RATE_HZ) for start in start_s])
    pixels = camera.project(truth_m, CAMERA)
    centre = (pixels.min(axis=2) + pixels.max(axis=2)) / 2
    side_px = 1.25 * np.ptp(pixels, axis=2).max(axis=2)
    region = np.stack([centre[..., 0], centre[..., 1], side_px, 0 * side_px], axis=-1)
    look = camera.camera_from_ray(centre, CAMERA)
    rough_m = (rooted(truth_m) @ look) * [1, 1, depth]
    pixels[-1], rough_m[-1] = pixels[-1][:, order], rough_m[-1][:, order]
    both = lambda values: np.stack([values, values + 0.001], axis=2)  # noqa: E731
    return Snippets(
        region=region,
        landmarks_px=both(pixels),
        rough_m=both(rough_m),
        visibility=np.full((count, FRAMES, 2, 33), 0.9),
        score=np.full((count, FRAMES, 2), 0.9),
        shown=np.ones((count, FRAMES, 33), dtype=bool),
        truth_m=truth_m,
        joints_m=np.zeros((count, FRAMES, 24, 3)),
        camera_from_joint=np.tile([0.0, 0, 0, 1], (count, FRAMES, 24, 1)),
        betas=np.zeros((count, 20)),
        camera_matrix=np.tile(CAMERA, (count, 1, 1)),
        camera_from_world=np.tile(np.diag([1.0, -1, -1]), (count, 1, 1)),
        camera_height_m=np.ones(count),
        size_px=np.tile(SIZE_PX, (count, 1)),
        clip=np.array(["walk"] * count),
        subject=np.array(["cmu06", "cmu94", *["somebody"] * (count - 2)])[:count],
        family=np.array(["sticks"] * count),
    )


def test_nobody_is_both_learned_from_and_examined_on(tmp_path: Path) -> None:
    write(tmp_path / "part_0_0000.npz", snippets())
    lessons = lift.read_lessons((tmp_path,), most=4)
    assert len(lessons.sources[0].films) == 2
    assert len(lessons.exam.inputs) == 2
    assert is_held_out(snippets()).tolist() == [True, True, False, False, False, False]


def test_a_film_of_the_wrong_sides_is_put_right() -> None:
    drawn = snippets()
    first, last = film(drawn, 0), film(drawn, COUNT - 1)
    for each in (first, last):
        away = np.linalg.norm(camera.project(each.truth_m, CAMERA) - each.landmarks_px, axis=-1)
        assert away.max() < 0.01
        assert each.found.all()


def test_who_is_somebody_else_is_not_judged() -> None:
    drawn = snippets()
    elsewhere = replace(drawn, landmarks_px=drawn.landmarks_px + np.array([200.0, 0]))
    assert not film(elsewhere, 0).found.any()
    doubted = replace(drawn, score=np.full_like(drawn.score, 0.3))
    assert not film(doubted, 0).found.any()


def test_whatever_is_done_to_a_film_is_done_to_its_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector without errors stays one: the rough shape is the truth in every lesson."""
    for name in ("SHAKEN", "EXCHANGED"):
        monkeypatch.setattr(lift_data, name, 0.0)
    monkeypatch.setattr(lift_data, "GUESSED", 0.0)
    monkeypatch.setattr(lift_data, "_believed", lambda matrix, rng: matrix)
    source = Source.of(snippets(depth=1.0).only(np.arange(COUNT) < COUNT - 1))
    lesson = draw_lesson([source], 8, identity_map(), np.random.default_rng(0))
    torch.testing.assert_close(lesson.base_m, lesson.truth_m, atol=0.02, rtol=0)
    assert bool((lesson.base_m - lesson.truth_m).abs().mean() < 0.004)
    assert int((~lesson.seen).sum()) > 0, "gaps are made"
    assert bool(lesson.found.all()), "and judged"


def test_a_mirrored_lesson_is_the_lesson_of_the_mirrored_film() -> None:
    net, seen = Lifter(16), film(snippets(), 0)
    order, width = list(LANDMARK_MIRROR), SIZE_PX[0]
    twin = Film(
        region=seen.region * [-1, 1, 1, -1] + [width, 0, 0, 0],
        landmarks_px=seen.landmarks_px[:, order] * [-1, 1] + [width, 0],
        rough_m=seen.rough_m[:, order] * [-1, 1, 1],
        visibility=seen.visibility[:, order],
        truth_m=seen.truth_m[:, order] * [-1, 1, 1],
        found=seen.found,
        seen=seen.seen,
        camera_matrix=seen.camera_matrix,
    )
    lesson, wanted = prepare([seen], load_map()), prepare([twin], load_map())
    found = mirrored_lesson(lesson, net.mirrored(lesson.inputs), torch.tensor([True]))
    for name in ("inputs", "base_m", "truth_m"):
        torch.testing.assert_close(getattr(found, name), getattr(wanted, name), atol=1e-4, rtol=0)


def test_the_truth_has_no_loss_but_modesty_and_any_change_has_more() -> None:
    lesson = prepare([film(snippets(), number) for number in range(2)], load_map())
    log_sd = torch.full((*lesson.base_m.shape[:3], 2), -3.0)
    _, parts = lift_loss(lesson.truth_m, log_sd, lesson)
    assert max(parts[name] for name in ("place", "bones", "steps", "bends")) < 0.0015
    moved = lesson.truth_m.clone()
    moved[:, 3:9, 25] += 0.05
    _, worse = lift_loss(moved, log_sd, lesson)
    assert all(worse[name] > parts[name] for name in parts)


def test_the_likeliest_deviation_is_the_errors_own() -> None:
    torch.manual_seed(0)
    lesson = prepare([film(snippets(), number) for number in range(4)], load_map())
    noisy_m = lesson.truth_m + 0.05 * torch.randn(lesson.truth_m.shape)
    modesty = {
        sd: lift_loss(noisy_m, torch.full((*noisy_m.shape[:3], 2), float(np.log(sd))), lesson)[1]["modesty"]
        for sd in (0.02, 0.045, 0.1)
    }
    assert min(modesty, key=lambda sd: modesty[sd]) == 0.045


def test_an_answer_is_rooted_at_the_hips() -> None:
    base_m = torch.randn(2, 5, 33, 3)
    shape_m = rooted_shape(base_m, Answer(torch.randn(2, 5, 33, 3), torch.zeros(2, 5, 33, 2)))
    assert float(shape_m[..., [23, 24], :].mean(-2).abs().max()) < 1e-6


def test_a_run_learns_and_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "part_0_0000.npz", snippets())
    monkeypatch.setattr(lift, "FILMS", 4)
    monkeypatch.setattr(lift, "Lifter", lambda: Lifter(16))
    args = lift.Args((tmp_path,), tmp_path / "out", minutes=0.05)
    checked = lift.train(args)
    told = json.loads((tmp_path / "out" / "lifter.json").read_text())
    after = told["network"]["mpjpe22_mm"]
    assert figures(checked)["mpjpe22_mm"] == pytest.approx(after)
    net = load_lifter(tmp_path / "out" / "lifter.safetensors")
    again = sit(net, exam(snippets().only(is_held_out(snippets())), load_map()))
    assert figures(again)["mpjpe22_mm"] == pytest.approx(after, abs=1.0)
    lift.train(replace(args, minutes=0.08, resume=True))
    assert json.loads((tmp_path / "out" / "lifter.json").read_text())["steps"] > told["steps"]
