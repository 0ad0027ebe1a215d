"""Trains the network that lifts: `python -m training.lift --sightings DIR --out DIR`.

One process, one thread. The learning rate falls with the time that is used up, so that a run ends when it is meant to;
what is kept is the slow mean of the weights that was best on held-out subjects. `--resume` goes on from the last
checkpoint.
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import tyro

from models.nets.lifter import Lifter, as_answer
from models.nets.lifter_file import save_lifter
from models.rough_map import RoughMap, load_map
from training.lift_check import Checked, exam, figures, sit
from training.lift_data import Lesson, Source, draw_lesson, is_held_out, mirrored_lesson
from training.lift_loss import lift_loss, rooted_shape
from training.sightings import read

FILMS: Final = 24
"""In a batch."""
RATE: Final = 1e-3
LAST_RATE: Final = 2e-5
WARM_STEPS: Final = 100
DECAY: Final = 0.05
KEPT: Final = 0.995
"""Of the slow mean of the weights."""
LARGEST_STEP: Final = 1.0
CHECKED_EVERY_S: Final = 60.0


@dataclass(frozen=True)
class Args:
    """Train one lifter and write OUT/lifter.safetensors."""

    sightings: tuple[Path, ...]
    """Folders of training.synthesize; a batch takes as much from each. The first one's held-out subjects judge."""
    out: Path
    """Where weights and checkpoints go."""
    minutes: float = 20.0
    """Of training."""
    most: int | None = None
    """Snippets of the first folder to learn from; all if left out."""
    begin: Path | None = None
    """A lifter's checkpoint to begin with."""
    seed: int = 0
    """Of everything that is drawn."""
    threads: int = 1
    """Of the processor."""
    resume: bool = False
    """Go on from the last checkpoint in OUT."""


@dataclass
class Run:
    """What a run has come to; goes into a checkpoint as a whole."""

    net: Lifter
    slow: Lifter
    best: Lifter
    optimizer: torch.optim.Optimizer
    rng: np.random.Generator
    step: int = 0
    used_s: float = 0.0
    best_mm: float = math.inf


@dataclass(frozen=True, eq=False)
class Lessons:
    """What a run learns from, and on whom it is judged."""

    sources: tuple[Source, ...]
    exam: Lesson
    rough_map: RoughMap


def train(args: Args) -> Checked:
    """Train, write the weights that were best for held-out subjects, and what they were like there.

    Raises:
        InputError: a folder holds no sightings.
    """
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    lessons = read_lessons(args.sightings, args.most)
    run = _begin(lessons, args)
    checkpoint = args.out / "checkpoint.pt"
    if args.resume and checkpoint.exists():
        _restore(run, checkpoint)
    began = time.monotonic() - run.used_s
    checked_s, parts = run.used_s, dict[str, float]()
    while run.used_s < 60 * args.minutes:
        parts = _learn(run, lessons, _learning_rate(run.step, run.used_s / (60 * args.minutes)))
        run.used_s = time.monotonic() - began
        if run.used_s - checked_s > CHECKED_EVERY_S:
            checked_s = run.used_s
            _check(run, lessons, parts)
            _save(run, checkpoint)
    _check(run, lessons, parts)
    checked = sit(run.best, lessons.exam)
    save_lifter(run.best, args.out / "lifter.safetensors")
    _save(run, checkpoint)
    result = {
        "frames": len(lessons.sources[0].films) * lessons.exam.seen.shape[1],
        "steps": run.step,
        "linear map": figures(replace(checked, shape_m=checked.base_m)),
        "network": figures(checked),
    }
    (args.out / "lifter.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))
    return checked


def read_lessons(folders: Sequence[Path], most: int | None) -> Lessons:
    """All sources without the held-out subjects, who make the exam: those of the first folder, whatever `most` says."""
    first, *others = (read(folder) for folder in folders)
    rough_map = load_map()
    everyone = first if most is None else first.only(np.arange(len(first)) < most)
    learned = [Source.of(source.only(~is_held_out(source))) for source in (everyone, *others)]
    return Lessons(tuple(learned), exam(first.only(is_held_out(first)), rough_map), rough_map)


def _begin(lessons: Lessons, args: Args) -> Run:
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    net = Lifter()
    _set_scales(net, lessons, rng)
    if args.begin is not None:
        net.load_state_dict(torch.load(args.begin, weights_only=True)["best"])
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, betas=(0.9, 0.98))
    return Run(net, deepcopy(net), deepcopy(net), optimizer, rng)


@torch.no_grad()
def _set_scales(net: Lifter, lessons: Lessons, rng: np.random.Generator) -> None:
    """Mean and deviation of the inputs, alike for a person and his mirror image."""
    lesson = draw_lesson(lessons.sources, 20 * FILMS, lessons.rough_map, rng)
    inputs = lesson.inputs[lesson.seen]
    both = torch.cat([inputs, net.mirrored(inputs)])
    net.input_mean.copy_(both.mean(0))
    net.input_scale.copy_(1 / both.std(0).clamp_min(0.01))


def _learn(run: Run, lessons: Lessons, rate: float) -> dict[str, float]:
    """One step."""
    lesson = draw_lesson(lessons.sources, FILMS, lessons.rough_map, run.rng)
    chosen = torch.from_numpy(run.rng.random(FILMS) < 0.5)
    lesson = mirrored_lesson(lesson, run.net.mirrored(lesson.inputs), chosen)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.net.train()
    with torch.autocast("cpu", torch.bfloat16):  # twice as fast
        numbers = run.net(lesson.inputs, lesson.seen)
    answer = as_answer(numbers.float())
    loss, parts = lift_loss(rooted_shape(lesson.base_m, answer), answer.log_sd, lesson)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), LARGEST_STEP)
    run.optimizer.step()
    run.step += 1
    kept = min(KEPT, 1 - 1 / (run.step / 3 + 1))
    with torch.no_grad():
        for mean, now in zip(run.slow.parameters(), run.net.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)
    return {"loss": float(loss.detach()), **parts}


def _check(run: Run, lessons: Lessons, parts: Mapping[str, float]) -> None:
    run.slow.eval()
    found = figures(sit(run.slow, lessons.exam))
    if found["mpjpe22_mm"] < run.best_mm:
        run.best_mm = found["mpjpe22_mm"]
        run.best.load_state_dict(run.slow.state_dict())
    told = " ".join(f"{name} {value:.4g}" for name, value in (*parts.items(), *found.items()))
    print(f"{run.used_s:6.0f} s {run.step:6d} {told}", flush=True)


def _learning_rate(step: int, used: float) -> float:
    """Rises over the first steps, then falls along half a cosine."""
    fallen = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * min(used, 1.0))) / 2
    return fallen * min(1.0, (step + 1) / WARM_STEPS)


def _save(run: Run, path: Path) -> None:
    state: dict[str, Any] = {
        **{name: getattr(run, name).state_dict() for name in ("net", "slow", "best", "optimizer")},
        "generator": json.dumps(run.rng.bit_generator.state),
        "torch_generator": torch.get_rng_state(),
        **{name: getattr(run, name) for name in ("step", "used_s", "best_mm")},
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _restore(run: Run, path: Path) -> None:
    state = torch.load(path, weights_only=True)
    for name in ("net", "slow", "best", "optimizer"):
        getattr(run, name).load_state_dict(state[name])
    run.rng.bit_generator.state = json.loads(state["generator"])
    torch.set_rng_state(state["torch_generator"])
    run.step, run.used_s, run.best_mm = state["step"], state["used_s"], state["best_mm"]


if __name__ == "__main__":
    train(tyro.cli(Args, description=__doc__))
