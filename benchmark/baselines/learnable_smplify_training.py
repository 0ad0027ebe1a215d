"""Trains Learnable SMPLify: `python -m benchmark.baselines.learnable_smplify_training --mocap DIR --set smpl24`.

Pairs of frames one to nine apart, in both directions, as in the paper; random bodies and mirrored takes. What the
paper does not have and this baseline is given: starts that are off as its own outputs and the analytic start are, and
noisy and missing points in a share of the examples. Register the sha256 that is printed in benchmark/weights.
"""

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import roma
import torch
from jaxtyping import Float, Int64
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmark.baselines.learnable_smplify import WEIGHTS, Step, predict_turns
from benchmark.baselines.learnable_smplify_net import SmplifyNet
from models.bodies import load_body
from models.kinematics import place_joints, world_from_joints
from models.rig import Pose, Rig, make_rig, rig_points
from models.rotations import shortest_arc
from models.skeletons import SMPL_MIRROR, SMPL_PARENTS
from models.weights import file_sha256
from training.limb_ik import HELD_OUT
from training.mocap import TrueMotion, read_truth

STRIDES: Final = 9
BATCH: Final = 256
RATE: Final = 2e-3
KEEP: Final = 0.998
SHAKEN, UNTWISTED = 0.35, 0.25
"""Shares of examples whose known pose is a true one, shaken; and the very one that is sought, without its twists."""
SHAKE_RAD: Final = 0.25
MOST_NOISE_M: Final = 0.03
MOST_MISSING: Final = 0.5
OUTLIERS: Final = 0.02
OUTLIER_M: Final = 0.3
WORLD_WEIGHT, PLACE_WEIGHT = 1.0, 10.0
"""Of a turn in the world and of a metre against a joint's own turn."""
_FLIP: Final = torch.tensor([-1.0, 1.0, 1.0])
_CHILD: Final = [next((c for c, p in enumerate(SMPL_PARENTS) if p == joint), -1) for joint in range(24)]
_ONE_CHILD: Final = [joint for joint in range(24) if SMPL_PARENTS.count(joint) == 1]

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line, train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True, help="folder with the train split")
    parser.add_argument("--set", choices=("smpl24", "body25"), required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--start", type=Path, help="weights of the other graph to begin with")
    parser.add_argument("--noise-share", type=float, default=0.5, help="of the examples")
    parser.add_argument("--all", action="store_true", help="train on the held-out subjects, too")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    motions = [motion for motion in read_truth(arguments.mocap) if motion.whole]
    seen = [motion for motion in motions if arguments.all or motion.subject not in HELD_OUT]
    trainer = Trainer(Frames(seen), arguments.set, arguments.noise_share, arguments.seed)
    if arguments.start:
        trainer.begin_with(load_file(arguments.start))
    net = trainer.train(arguments.steps, Frames([motion for motion in motions if motion.subject in HELD_OUT]))
    path = arguments.out / f"learnable_smplify_{arguments.set}.safetensors"
    save_file({name: value.half().contiguous() for name, value in net.state_dict().items()}, path)
    log.info("%s: %d bytes, sha256 %s", path, path.stat().st_size, file_sha256(path))


class Frames:
    """Takes end to end."""

    def __init__(self, motions: Sequence[TrueMotion]) -> None:
        takes = [torch.from_numpy(motion.parent_from_joint).float() for motion in motions]
        length = torch.tensor([len(take) for take in takes])
        self.turns = torch.cat(takes)
        self.stop = length.cumsum(0).repeat_interleave(length)
        self.start = self.stop - length.repeat_interleave(length)

    def pairs(self, count: int, random: torch.Generator) -> tuple[Int64[Tensor, " count"], Int64[Tensor, " count"]]:
        """Known frames and those that are sought."""
        sought = torch.randint(len(self.turns), (count,), generator=random)
        stride = torch.randint(1, STRIDES + 1, (count,), generator=random)
        stride = stride * (1 - 2 * torch.randint(2, (count,), generator=random))
        known = torch.minimum(torch.maximum(sought + stride, self.start[sought]), self.stop[sought] - 1)
        return known, sought


class Trainer:
    """One graph's network.

    Args:
        frames: to learn from.
        set_name: body25 or smpl24.
        noise_share: of the examples whose points are noisy and partly missing.
    """

    def __init__(self, frames: Frames, set_name: str, noise_share: float, seed: int) -> None:
        torch.manual_seed(seed)
        self.frames, self.set_name, self.noise_share = frames, set_name, noise_share
        self.random = torch.Generator().manual_seed(seed)
        self.body = load_body("free")
        self.net, self.mean = (SmplifyNet(set_name, self.body.beta_count) for _ in range(2))
        self.mean.load_state_dict(self.net.state_dict())

    def begin_with(self, weights: Mapping[str, Tensor]) -> None:
        """Take over what does not depend on the graph."""
        own = self.net.state_dict()
        shared = {name: value.float() for name, value in weights.items() if value.shape == own[name].shape}
        self.net.load_state_dict(own | {k: v for k, v in shared.items() if not k.endswith("importance")})
        self.mean.load_state_dict(self.net.state_dict())

    def train(self, steps: int, held_out: Frames, every: int = 500) -> SmplifyNet:
        """Learn for so many steps; the averaged weights are given back."""
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.05)
        for number in range(1, steps + 1):
            loss = sum(self.errors(self.swift, *self.draw(self.frames, self.random, self.noise_share)))
            assert isinstance(loss, Tensor)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            keep = min(KEEP, number / (number + 10))
            for mean, value in zip(self.mean.parameters(), self.net.parameters(), strict=True):
                mean.data.lerp_(value.data, 1 - keep)
            if number % every == 0 or number == steps:
                log.info("%s %6d loss %.4f  %s", self.set_name, number, loss.item(), self.figures(held_out))
        return self.mean

    def swift(self, *inputs: Tensor) -> Tensor:
        """The network in half precision, which takes a third of the time."""
        with torch.autocast("cpu", torch.bfloat16):
            return self.net(*inputs)

    def draw(self, frames: Frames, random: torch.Generator, noise_share: float) -> tuple[Step, Tensor]:
        """A batch of steps, and the true rotations that they should lead to."""
        known, sought = frames.pairs(BATCH, random)
        turns = torch.stack([frames.turns[known], frames.turns[sought]])
        mirrored = _FLIP[:, None] * _FLIP * turns[:, :, list(SMPL_MIRROR)]
        turns = torch.where((torch.rand(BATCH, generator=random) < 0.5)[:, None, None, None], mirrored, turns)
        betas = torch.randn(BATCH, self.body.beta_count, generator=random).clamp(-2, 2)
        rig = make_rig(self.body, betas, self.set_name)
        start = self.start_from(turns, rig, random)
        nowhere = torch.zeros(BATCH, 3)
        points_m = rig_points(rig, Pose(world_from_joints(SMPL_PARENTS, turns[1]), nowhere))
        noisy = torch.rand(BATCH, 1, generator=random) < noise_share
        sd_m = MOST_NOISE_M * torch.rand(BATCH, 1, generator=random)
        gone = MOST_MISSING * torch.rand(BATCH, 1, generator=random)
        shape = points_m.shape[:2]
        sd_m = torch.where(torch.rand(shape, generator=random) < OUTLIERS, OUTLIER_M / 3**0.5, sd_m)
        points_m = points_m + (noisy * sd_m)[..., None] * torch.randn(points_m.shape, generator=random)
        sure = 1.0 - (noisy & (torch.rand(shape, generator=random) < gone)).float()
        return Step(rig, betas, Pose(world_from_joints(SMPL_PARENTS, start), nowhere), points_m, sure), turns[1]

    def start_from(
        self, turns: Float[Tensor, "2 batch 24 3 3"], rig: Rig, random: torch.Generator
    ) -> Float[Tensor, "batch 24 3 3"]:
        """The known poses: true ones, shaken ones, and the sought ones as if found without twist."""
        kind = torch.rand(BATCH, generator=random)[:, None, None, None]
        child = rig.offset_m[:, [_CHILD[joint] for joint in _ONE_CHILD]]
        bare = turns[1].clone()
        swung = (bare[:, _ONE_CHILD] @ child[..., None])[..., 0]
        bare[:, _ONE_CHILD] = shortest_arc(child, swung, torch.roll(child, 1, -1) * torch.tensor([-1.0, 1.0, 1.0]))
        sd_rad = SHAKE_RAD * torch.rand(BATCH, 1, 1, generator=random)
        shake = roma.rotvec_to_rotmat(sd_rad * torch.randn(BATCH, 24, 3, generator=random))
        shaken = torch.where(kind < UNTWISTED, bare, turns[0]) @ shake
        return torch.where(kind < UNTWISTED + SHAKEN, shaken, turns[0])

    def errors(self, net: Callable[..., Tensor], step: Step, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted: joints' own turns, turns in the world, places about the pelvis."""
        found, human = predict_turns(net, step)
        wanted = torch.cat([human.mT @ truth[:, :1], truth[:, 1:]], dim=1)
        world = torch.stack([world_from_joints(SMPL_PARENTS, turns) for turns in (found, wanted)])
        place_m = place_joints(SMPL_PARENTS, step.rig.offset_m, torch.zeros_like(world[..., 0, 0, :]), world)
        return (
            _apart((found - wanted).flatten(-2)),
            WORLD_WEIGHT * _apart((world[0] - world[1]).flatten(-2)),
            PLACE_WEIGHT * _apart(place_m[0] - place_m[1]),
        )

    @torch.no_grad()
    def figures(self, frames: Frames, batches: int = 8) -> str:
        """Mean errors on held-out subjects, clean and noisy, of the same examples every time."""
        words: list[str] = []
        for name, share in (("clean", 0.0), ("noisy", 1.0)):
            random = torch.Generator().manual_seed(1)
            drawn = [self.errors(self.mean, *self.draw(frames, random, share)) for _ in range(batches)]
            local, world, place = (float(torch.stack(part).mean()) for part in zip(*drawn, strict=True))
            world_deg = 57.3 * world / WORLD_WEIGHT / 2**0.5
            words.append(
                f"{name}: world {world_deg:.2f} deg, joints {1000 * place / PLACE_WEIGHT:.1f} mm ({local:.3f})"
            )
        return "; ".join(words)


def _apart(difference: Float[Tensor, "*batch axes"]) -> Tensor:
    return (difference.square().sum(-1) + 1e-8).sqrt().mean()


if __name__ == "__main__":
    main()
