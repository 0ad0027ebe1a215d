"""Trains the denoiser: `python -m training.denoise --mocap DIR --out DIR`.

One process, one thread by default; the learning rate falls with the time that is used up, so that a run ends when it is
meant to. `--resume` goes on from the last checkpoint.
"""

import math
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import tyro
from torch import Generator

from models.nets.denoiser import FRAMES, RATE_HZ, Denoiser
from models.nets.denoiser_file import save_denoiser
from training.denoise_data import Lesson, Motions, draw_lesson, even_windows, make_lesson, read_motions
from training.denoise_loss import denoise_loss
from training.motion_errors import hide, load_regimes

WINDOWS: Final = 16
RATE: Final = 2e-3
LAST_RATE: Final = 1e-5
WARM_STEPS: Final = 150
DECAY: Final = 0.02
KEPT: Final = 0.998
"""Of the slow mean of the weights, which is what is saved."""
LARGEST_STEP: Final = 1.0
CHECKED_EVERY_S: Final = 60.0
CHECKED: Final = 64
"""Windows of people that nothing is learned from."""


@dataclass(frozen=True)
class Args:
    """Train the denoiser and write OUT/denoiser.safetensors."""

    mocap: Path
    """Folder with the train split; a few of its subjects are held out to validate on."""
    out: Path
    """Where weights and checkpoints go."""
    minutes: float = 11.0
    """That the processor may work."""
    seed: int = 0
    """Of everything that is drawn."""
    threads: int = 1
    """Of the processor."""
    resume: bool = False
    """Go on from the last checkpoint in OUT."""


@dataclass
class Run:
    """What a run has come to; goes into a checkpoint as a whole."""

    net: Denoiser
    slow: Denoiser
    optimizer: torch.optim.Optimizer
    generator: Generator
    step: int = 0
    used_s: float = 0.0


def train(args: Args) -> None:
    """Train until the time is up.

    Raises:
        InputError: the folder holds no motion, or one that cannot be read.
    """
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    learned, held_out = read_motions(args.mocap)
    run = _begin(args.seed)
    checkpoint = args.out / "denoiser.checkpoint.pt"
    if args.resume and checkpoint.exists():
        _restore(run, checkpoint)
    cases = held_out_lessons(held_out)
    for name, lesson in cases.items():
        _report(run, f"{name} untouched", _untouched(lesson))
    began, checked = time.process_time() - run.used_s, run.used_s
    while run.used_s < 60 * args.minutes:
        _learn(run, learned, _learning_rate(run.step, run.used_s / (60 * args.minutes)))
        run.used_s = time.process_time() - began
        if run.used_s - checked > CHECKED_EVERY_S:
            checked = run.used_s
            _check_and_save(run, cases, checkpoint)
    _check_and_save(run, cases, checkpoint)


def held_out_lessons(motions: Motions) -> dict[str, Lesson]:
    """The same windows at every call, with the errors of each regime and with none."""
    true, true_m = even_windows(motions, CHECKED)
    lessons: dict[str, Lesson] = {}
    for name, size in (("fitted", 1.0), ("detector", 1.0), ("clean", 0.0)):
        generator = Generator().manual_seed(1)
        regime = load_regimes()["fitted" if name == "clean" else name]
        observed = hide(CHECKED, FRAMES, RATE_HZ, 0.0, 0.0, generator)
        sizes = torch.full((CHECKED,), size)
        lessons[name] = make_lesson(true, true_m, regime, sizes, observed, generator)
    return lessons


def _begin(seed: int) -> Run:
    torch.manual_seed(seed)
    net = Denoiser()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, betas=(0.9, 0.98))
    return Run(net, deepcopy(net), optimizer, Generator().manual_seed(seed))


def _learn(run: Run, motions: Motions, rate: float) -> None:
    """One step."""
    with torch.no_grad():
        lesson = draw_lesson(motions, WINDOWS, run.generator)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    with torch.autocast("cpu", torch.bfloat16):
        answer = run.net(lesson.window)
    loss, _ = denoise_loss(lesson, *answer)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), LARGEST_STEP)
    run.optimizer.step()
    run.step += 1
    kept = min(KEPT, 1 - 1 / (run.step / 3 + 1))
    with torch.no_grad():
        for mean, now in zip(run.slow.parameters(), run.net.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)


def _learning_rate(step: int, used: float) -> float:
    """Rises over the first steps, then falls along half a cosine."""
    fallen = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * min(used, 1.0))) / 2
    return fallen * min(1.0, (step + 1) / WARM_STEPS)


def _check_and_save(run: Run, cases: Mapping[str, Lesson], checkpoint: Path) -> None:
    with torch.no_grad():
        for name, lesson in cases.items():
            _report(run, name, denoise_loss(lesson, *run.slow.both(lesson.window))[1])
    _save(run, checkpoint)


def _untouched(lesson: Lesson) -> Mapping[str, float]:
    return denoise_loss(lesson, lesson.window.fast, lesson.window.fast_m)[1]


def _report(run: Run, name: str, figures: Mapping[str, float]) -> None:
    told = " ".join(f"{unit} {figure:.4g}" for unit, figure in figures.items())
    print(f"{run.used_s:6.0f} s {run.step:6d} {name:20s} {told}", flush=True)


def _save(run: Run, path: Path) -> None:
    state: dict[str, Any] = {
        "net": run.net.state_dict(),
        "slow": run.slow.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "generator": run.generator.get_state(),
        "step": run.step,
        "used_s": run.used_s,
    }
    half = path.with_suffix(".part")
    torch.save(state, half)
    half.replace(path)
    save_denoiser(run.slow, path.with_name("denoiser.safetensors"))


def _restore(run: Run, path: Path) -> None:
    state = torch.load(path, weights_only=True)
    run.net.load_state_dict(state["net"])
    run.slow.load_state_dict(state["slow"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.generator.set_state(state["generator"])
    run.step, run.used_s = state["step"], state["used_s"]


if __name__ == "__main__":
    train(tyro.cli(Args))
