"""Trains the networks that guess poses: `python -m training.pose_ik --mocap DIR --out DIR`.

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
from torch.utils.tensorboard import SummaryWriter  # pyright: ignore[reportPrivateImportUsage]

from models.bodies import load_body
from models.bodies.body import Body
from models.errors import ConfigError
from models.nets.load import save_pose_net
from models.nets.pose_net import PoseNet
from models.nets.slots import slot_mirror
from models.rig import make_rig
from models.skeletons import SMPL_MIRROR
from training.pose_ik_batch import OTHER_SETS, Recipe, Shown, draw_recipe, join_shown, show
from training.pose_ik_check import check
from training.pose_ik_data import Motions, draw_windows, read_motions
from training.pose_ik_loss import SkinPoints, pose_loss, skin_points

MIXER_OF: Final = {"pose": "glance", "fcn": "alone", "cnn": "convolution", "rnn": "recurrence"}
WIDTH_OF: Final = {"pose": 256, "fcn": 128, "cnn": 128, "rnn": 128}
VERSIONS: Final = 6
GROUPS: Final = 4
WINDOWS: Final = 12
FRAMES: Final = 16
"""A batch: so many groups, each of so many windows of so many frames, shown in one way."""
RATE: Final = 1.5e-3
LAST_RATE: Final = 1e-5
WARM_STEPS: Final = 300
DECAY: Final = 0.02
KEPT: Final = 0.999
"""Of the slow mean of the weights, which is what is saved."""
LARGEST_STEP: Final = 1.0
SAVED_EVERY_S: Final = 120.0
REPORTED_EVERY: Final = 50
CHECKED_EVERY_S: Final = 180.0
MEAN_BATCHES: Final = 12


@dataclass(frozen=True)
class Args:
    """Train networks one after the other and write OUT/<network>.safetensors."""

    mocap: Path
    """Folder with the train split; a few of its subjects are held out to validate on."""
    out: Path
    """Where weights, checkpoints and TensorBoard's files go."""
    networks: str = "pose"
    """Of pose, fcn, cnn, rnn, with commas between: pose ships, the others take time in by other means or not at all."""
    minutes: float = 60.0
    """For each network."""
    seed: int = 0
    """Of everything that is drawn."""
    threads: int = 1
    """Of the processor."""
    resume: bool = False
    """Go on from the last checkpoint in OUT."""


@dataclass
class Run:
    """What a run has come to; goes into a checkpoint as a whole."""

    net: PoseNet
    slow: PoseNet
    optimizer: torch.optim.Optimizer
    generator: Generator
    step: int = 0
    used_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Lessons:
    """What a run learns from."""

    learned: Motions
    held_out: Motions
    body: Body
    skin: SkinPoints


def train(args: Args) -> None:
    """Train what is asked for.

    Raises:
        ConfigError: there is no network of a name.
        InputError: the folder holds no motion, or one that cannot be read.
    """
    names = args.networks.split(",")
    if unknown := sorted(set(names) - set(MIXER_OF)):
        raise ConfigError(f"no network called {unknown[0]!r}", f"choose from {list(MIXER_OF)}")
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    body = load_body("free")
    lessons = Lessons(*read_motions(args.mocap, versions=VERSIONS), body, skin_points(body))
    for name in names:
        _train_one(name, lessons, args)


def _train_one(name: str, lessons: Lessons, args: Args) -> None:
    run = _begin(name, lessons, args.seed)
    checkpoint = args.out / f"{name}.checkpoint.pt"
    if args.resume and checkpoint.exists():
        _restore(run, checkpoint)
    board = SummaryWriter(args.out / "tensorboard" / name)  # pyright: ignore[reportNoUntypedCall]
    began = time.monotonic() - run.used_s
    saved = checked = run.used_s
    while run.used_s < 60 * args.minutes:
        parts = _learn(run, lessons, _learning_rate(run.step, run.used_s / (60 * args.minutes)))
        run.used_s = time.monotonic() - began
        if run.step % REPORTED_EVERY == 0:
            _report(board, run, {"train": parts})
        if run.used_s - checked > CHECKED_EVERY_S:
            checked = run.used_s
            _report(board, run, check(run.slow, lessons.held_out, lessons.body, lessons.skin))
        if run.used_s - saved > SAVED_EVERY_S:
            saved = run.used_s
            _save(run, checkpoint)
    _save(run, checkpoint)
    _report(board, run, check(run.slow, lessons.held_out, lessons.body, lessons.skin))
    board.close()


def _begin(name: str, lessons: Lessons, seed: int) -> Run:
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    net = PoseNet(MIXER_OF[name], width=WIDTH_OF[name])
    _set_means(net, lessons.learned, lessons.body, generator)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY, betas=(0.9, 0.98))
    return Run(net, deepcopy(net), optimizer, generator)


def _learn(run: Run, lessons: Lessons, rate: float) -> dict[str, float]:
    """One step."""
    with torch.no_grad():
        shown = draw_batch(run.slow, lessons.learned, lessons.body, run.generator)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    loss, parts = pose_loss(run.net(shown.frames), shown, lessons.skin)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), LARGEST_STEP)
    run.optimizer.step()
    run.step += 1
    kept = min(KEPT, 1 - 1 / (run.step / 3 + 1))
    with torch.no_grad():
        for mean, now in zip(run.slow.parameters(), run.net.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)
    return {"loss": float(loss.detach()), "rate": rate, **parts}


def draw_batch(net: PoseNet, motions: Motions, body: Body, generator: Generator) -> Shown:
    """Half of the groups show SMPL's joints, now and then with the mid-hip for a pelvis, half some other set."""
    parts: list[Shown] = []
    for group in range(GROUPS):
        lot = int(torch.randint(len(OTHER_SETS), (1,), generator=generator))
        own = "smpl24_mid_hip" if torch.rand(1, generator=generator) < 0.15 else "smpl24"
        recipe = draw_recipe(OTHER_SETS[lot] if group % 2 else own, generator)
        parts.append(show(net, body, draw_windows(motions, WINDOWS, FRAMES, generator), recipe, generator))
    return join_shown(parts)


def _set_means(net: PoseNet, motions: Motions, body: Body, generator: Generator) -> None:
    """Where points lie on average in the human-centric axes, and the mean body's bones; the same on both sides."""
    total, count = torch.zeros_like(net.entry.slot_mean_m), torch.zeros(len(net.entry.slot_mean_m), 1)
    for _ in range(MEAN_BATCHES):
        for set_name in ("smpl24", "blazepose33", "halpe26"):
            windows = draw_windows(motions, WINDOWS, FRAMES, generator)
            frames = show(net, body, windows, Recipe(set_name), generator).frames
            total += (frames.points_m * frames.confidence[..., None]).sum((0, 1))
            count += frames.confidence.sum((0, 1))[:, None]
    sign = torch.tensor((-1.0, 1.0, 1.0))
    mean_m, twins = total / count, list(slot_mirror())
    net.entry.slot_mean_m.copy_((mean_m + sign * mean_m[twins]) / 2)
    offset_m = make_rig(body, torch.zeros(body.beta_count), "smpl24").offset_m
    net.entry.offset_mean_m.copy_((offset_m + sign * offset_m[list(SMPL_MIRROR)]) / 2)
    net.entry.offset_mean_m[0] = 0.0


def _learning_rate(step: int, used: float) -> float:
    """Rises over the first steps, then falls along half a cosine."""
    fallen = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * min(used, 1.0))) / 2
    return fallen * min(1.0, (step + 1) / WARM_STEPS)


def _report(board: SummaryWriter, run: Run, cases: Mapping[str, Mapping[str, float]]) -> None:
    for case, figures in cases.items():
        told = " ".join(f"{name} {figure:.4g}" for name, figure in figures.items())
        print(f"{run.used_s:6.0f} s {run.step:6d} {case:24s} {told}", flush=True)
        for name, figure in figures.items():
            board.add_scalar(f"{case}/{name}", figure, run.step)  # pyright: ignore[reportNoUntypedCall]


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
    save_pose_net(run.slow, path.with_name(path.name.replace(".checkpoint.pt", ".safetensors")))


def _restore(run: Run, path: Path) -> None:
    state = torch.load(path, weights_only=True)
    run.net.load_state_dict(state["net"])
    run.slow.load_state_dict(state["slow"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.generator.set_state(state["generator"])
    run.step, run.used_s = state["step"], state["used_s"]


if __name__ == "__main__":
    train(tyro.cli(Args))
