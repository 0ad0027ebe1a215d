"""Trains the network of models/limbs.py: `python -m training.limb_ik --mocap MOCAP/train --out FILE`.

Arms and legs one after the other, three minutes of one idle core. Subjects that are held out give the figures that are
printed; with --all they are trained on, too. Register the sha256 that is printed in weights.toml.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import roma
import torch
from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor

from models.bodies import load_body
from models.nets.limb_net import HORIZONS, NOW, TAPS, LimbGuess, LimbNet, reach_end
from models.weights import file_sha256
from training.limb_tracks import Tracks, Windows, cut_windows, draw_bones, limb_tracks, view_of
from training.mocap import TrueMotion, read_truth

HELD_OUT: Final = frozenset({"cmu06", "cmu94", "cmu127"})
KINDS: Final = ("arm", "leg")
BATCH: Final = 1024
PEOPLE: Final = 4096
RATE: Final = 2e-3
DECAY: Final = 0.02
KEEP: Final = 0.999
"""Share of the averaged weights that a step leaves as they are."""
AHEAD: Final = [NOW + horizon for horizon in HORIZONS]
CAUSAL, BLIND, GAPS, KNOWN, NOISY = 0.5, 0.1, 0.2, 0.3, 0.2
"""Shares of examples that hide the future; all but this frame; some frames; that show the hand or foot; with noise."""
NOISE: Final = 0.02
"""Largest standard deviation of an end, over the limb's length."""

LEAN_RAD: Final = 0.05
"""Standard deviation about each axis of a trunk's frame: where a rig puts it is a matter of taste."""

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line, train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True, help="folder with the train split")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000, help="of each network")
    parser.add_argument("--all", action="store_true", help="train on the held-out subjects, too")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    motions = read_truth(arguments.mocap)
    seen = [motion for motion in motions if arguments.all or motion.subject not in HELD_OUT]
    unseen = [motion for motion in motions if motion.subject in HELD_OUT]
    tensors: dict[str, Tensor] = {}
    for kind in KINDS:
        trainer = Trainer(seen, kind, arguments.steps, arguments.seed)
        net = trainer.train(unseen)
        tensors |= {f"{kind}.{name}": value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(tensors, arguments.out)
    log.info("%s: %d bytes, sha256 %s", arguments.out, arguments.out.stat().st_size, file_sha256(arguments.out))


class Trainer:
    """One kind of limb.

    Args:
        motions: to learn from.
        kind: `arm` or `leg`.
        steps: after which the learning rate is zero.
    """

    def __init__(self, motions: Sequence[TrueMotion], kind: str, steps: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.kind, self.steps = kind, steps
        self.random = torch.Generator().manual_seed(seed)
        self.tracks = limb_tracks(motions, kind)
        self.bones_m = draw_bones(load_body("free"), kind, PEOPLE, self.random)
        self.net, self.mean = LimbNet(), LimbNet()
        self.mean.load_state_dict(self.net.state_dict())

    def train(self, held_out: Sequence[TrueMotion], every: int = 1000) -> LimbNet:
        """Learn, and say what the held-out subjects' errors are on the way; the averaged weights are given back."""
        unseen = limb_tracks(held_out, self.kind, speeds=(1.0,))
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=self.steps, pct_start=0.05)
        for step in range(1, self.steps + 1):
            loss = self.loss()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            keep = min(KEEP, step / (step + 10))
            for mean, value in zip(self.mean.parameters(), self.net.parameters(), strict=True):
                mean.data.lerp_(value.data, 1 - keep)
            if step % every == 0 or step == self.steps:
                log.info("%s %6d loss %.4f  %s", self.kind, step, float(loss), figures(self.mean, unseen, self.bones_m))
        return self.mean

    def loss(self) -> Tensor:
        """Of one batch of drawn examples."""
        frames = torch.randint(len(self.tracks.start), (BATCH,), generator=self.random)
        person = torch.randint(PEOPLE, (BATCH,), generator=self.random)
        lean = roma.rotvec_to_rotmat(LEAN_RAD * torch.randn(BATCH, 3, generator=self.random))
        windows = cut_windows(self.tracks, frames, self.bones_m[person], lean)
        draw = torch.rand(5, BATCH, generator=self.random)
        taps = torch.tensor(TAPS)
        causal = draw[0] < CAUSAL
        seen = ~(causal[:, None] & (taps > 0)) & ~((draw[1] < BLIND)[:, None] & (taps != 0))
        gap = torch.rand(BATCH, len(TAPS), generator=self.random) < 0.3
        seen = seen & ~((draw[2] < GAPS)[:, None] & gap & (taps != 0))
        view = view_of(windows, seen, draw[3] < KNOWN)
        sd = torch.where(draw[4] < NOISY, NOISE * draw[4] / NOISY, 0.0)
        view.end.add_(sd[:, None, None] * torch.randn(view.end.shape, generator=self.random))
        return loss_of(*reach_end(self.net(view), view.upper, view.lower), windows, causal)


def loss_of(guess: LimbGuess, bend: Float[Tensor, "batch times 3"], windows: Windows, causal: Tensor) -> Tensor:
    """Distances over the limb's length plus turns; what lies ahead counts where the future was hidden."""
    taps = [NOW, *AHEAD]
    there = windows.there[:, taps].float()
    turn = torch.stack([guess.trunk_from_upper, guess.trunk_from_lower], dim=2) - windows.turns[:, taps, :2]
    turned = (turn.square().sum((-2, -1)) + 1e-8).sqrt().sum(-1) * windows.twists[:, None]
    apart = (bend - windows.bend[:, taps]).norm(dim=-1)
    missed = (guess.end - windows.end[:, taps] + 1e-6).norm(dim=-1)
    now = apart[:, 0] + 0.05 * turned[:, 0]
    later = (missed[:, 1:] + 0.5 * apart[:, 1:] + 0.025 * turned[:, 1:]) * there[:, 1:]
    return now.mean() + (causal[:, None] * later).mean()


@torch.no_grad()
def figures(net: LimbNet, tracks: Tracks, bones_m: Float[Tensor, "people 2 3"], most: int = 20000) -> str:
    """Mean errors in mm on an average person: bend now (offline, causal), end and bend ahead; beside their floors."""
    person_m = bones_m.mean(0)
    length_mm = 1000 * float(person_m.norm(dim=-1).sum())
    frames = torch.arange(0, len(tracks.start), max(1, len(tracks.start) // most))
    windows = cut_windows(tracks, frames, person_m.expand(len(frames), 2, 3))
    hidden = (torch.tensor(TAPS) <= 0).expand(len(frames), -1)
    unknown = torch.zeros(len(frames), dtype=torch.bool)
    error: dict[str, Tensor] = {}
    for name, seen in (("offline", torch.ones_like(hidden)), ("causal", hidden)):
        view = view_of(windows, seen, unknown)
        guess, bend = reach_end(net(view), view.upper, view.lower)
        error[name] = (bend[:, 0] - windows.bend[:, NOW]).norm(dim=-1).mean()
    all_there = windows.there.all(1)
    end = windows.end[all_there]
    for k, tap in enumerate(AHEAD, start=1):
        steady = end[:, NOW] + (end[:, NOW] - end[:, NOW - 1]) * (tap - NOW)
        error[f"end+{tap - NOW}"] = (guess.end[all_there, k] - end[:, tap]).norm(dim=-1).mean()
        error["steady"] = (steady - end[:, tap]).norm(dim=-1).mean()
        error["still"] = (end[:, NOW] - end[:, tap]).norm(dim=-1).mean()
        error[f"bend+{tap - NOW}"] = (bend[all_there, k] - windows.bend[all_there, tap]).norm(dim=-1).mean()
        error = {name if name not in ("steady", "still") else f"{name}+{tap - NOW}": e for name, e in error.items()}
    return "  ".join(f"{name} {length_mm * float(value):.1f}" for name, value in error.items())


if __name__ == "__main__":
    main()
