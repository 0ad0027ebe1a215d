"""Trains Deep IK's limb networks: `python -m benchmark.baselines.deep_ik_training --mocap MOCAP/train`.

Examples are those of training.limb_ik: random people, both sides as left limbs, takes at three speeds; noise on the
path of a share of them. Register the sha256 that is printed in benchmark/weights.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmark.baselines.deep_ik import FILE, WEIGHTS
from benchmark.baselines.deep_ik_net import WINDOW, DeepIkNet
from models.bodies import load_body
from models.nets.limb_net import NOW
from models.weights import file_sha256
from training.limb_ik import HELD_OUT
from training.limb_tracks import Tracks, Windows, cut_windows, draw_bones, limb_tracks
from training.mocap import TrueMotion, read_truth

BATCH: Final = 512
PEOPLE: Final = 4096
RATE: Final = 3e-3
NOISY: Final = 0.3
NOISE: Final = 0.05
"""Largest standard deviation of an end along each axis, over the limb's length."""
TURN_WEIGHT: Final = 0.2
"""Of a turn, against a distance over the limb's length."""
_TAPS: Final = slice(NOW + 1 - WINDOW, NOW + 1)

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line, train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True, help="folder with the train split")
    parser.add_argument("--out", type=Path, default=WEIGHTS / FILE)
    parser.add_argument("--steps", type=int, default=450, help="of each network")
    parser.add_argument("--all", action="store_true", help="train on the held-out subjects, too")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    motions = read_truth(arguments.mocap)
    seen = [motion for motion in motions if arguments.all or motion.subject not in HELD_OUT]
    unseen = [motion for motion in motions if motion.subject in HELD_OUT]
    tensors: dict[str, Tensor] = {}
    for kind in ("arm", "leg"):
        net = train(seen, unseen, kind, arguments.steps, arguments.seed)
        tensors |= {f"{kind}.{name}": value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(tensors, arguments.out)
    log.info("%s: %d bytes, sha256 %s", arguments.out, arguments.out.stat().st_size, file_sha256(arguments.out))


def train(motions: Sequence[TrueMotion], held_out: Sequence[TrueMotion], kind: str, steps: int, seed: int) -> DeepIkNet:
    """Learn one kind of limb."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    tracks, unseen = limb_tracks(motions, kind), limb_tracks(held_out, kind, speeds=(1.0,))
    bones_m = draw_bones(load_body("free"), kind, PEOPLE, random)
    net = DeepIkNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.05)
    for step in range(1, steps + 1):
        frames = torch.randint(len(tracks.start), (BATCH,), generator=random)
        windows = cut_windows(tracks, frames, bones_m[torch.randint(PEOPLE, (BATCH,), generator=random)])
        draw = torch.rand(BATCH, 1, 1, generator=random)
        sd = torch.where(draw < NOISY, NOISE * draw / NOISY, 0.0)
        end = windows.end[:, _TAPS]
        end = end + sd * torch.randn(end.shape, generator=random)
        upper, lower = net(end)
        loss = sum_errors(upper, lower, windows)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 150 == 0 or step == steps:
            log.info("%s %6d loss %.4f  %s", kind, step, loss.item(), figures(net, unseen, bones_m.mean(0)))
    return net


def sum_errors(upper: Tensor, lower: Tensor, windows: Windows) -> Tensor:
    """Distances of bend and end over the limb's length, and turns."""
    bend, end = _place(upper, lower, windows.bones)
    apart = (bend - windows.bend[:, NOW] + 1e-6).norm(dim=-1) + (end - windows.end[:, NOW] + 1e-6).norm(dim=-1)
    turn = torch.stack([upper, lower], dim=1) - windows.turns[:, NOW, :2]
    turned = (turn.square().sum((-2, -1)) + 1e-8).sqrt().sum(-1) * windows.twists
    return (apart + TURN_WEIGHT * turned).mean()


@torch.no_grad()
def figures(net: DeepIkNet, tracks: Tracks, person_m: Tensor) -> str:
    """Mean errors in mm of an average person's elbow and wrist, or knee and ankle."""
    frames = torch.arange(0, len(tracks.start), max(1, len(tracks.start) // 20000))
    windows = cut_windows(tracks, frames, person_m.expand(len(frames), 2, 3))
    upper, lower = net(windows.end[:, _TAPS])
    bend, end = _place(upper, lower, windows.bones)
    length_mm = 1000 * float(person_m.norm(dim=-1).sum())
    apart = [(bend - windows.bend[:, NOW]).norm(dim=-1), (end - windows.end[:, NOW]).norm(dim=-1)]
    return "bend {:.1f}  end {:.1f}".format(*(length_mm * float(error.mean()) for error in apart))


def _place(upper: Tensor, lower: Tensor, bones: Tensor) -> tuple[Tensor, Tensor]:
    bend = (upper @ bones[:, 0, :, None])[..., 0]
    return bend, bend + (lower @ bones[:, 1, :, None])[..., 0]


if __name__ == "__main__":
    main()
