"""Trains SMPL-IKS's part networks on captured motion and random bodies.

python -m benchmark.baselines.train_smpl_iks --mocap MOCAP/train --out benchmark/weights/smpl_iks_twist.safetensors

Twists against their truth and the skin against its own, both weighing 1, as in the paper's repository. Poses are
mirrored in every second case. The networks are given noisy joints too (--noise-mm), which the paper's are not.
"""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor

from benchmark.baselines.smpl_iks_swing import BONES, bone_axes
from benchmark.baselines.smpl_iks_twist import TwistNet, twisted_pose, untwisted_joints
from models.bodies import load_body
from models.bodies.body import Body, pose_joints, pose_vertices, rest_joints
from models.ik_refine import parent_from_joints
from models.kinematics import bone_offsets
from models.rotations import twist_about
from models.skeletons import SMPL_MIRROR, SMPL_PARENTS
from training.mocap import read_truth
from training.pose_ik_data import BACKWARDS

BATCH = 512
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2
CLEAN_SHARE = 0.5
"""Of the poses that are given without noise."""
SKIN_POSES = 128
"""Of a batch, whose skin is looked at, and that in every fourth batch only: the chain of swings costs more than the
networks."""
SKIN_EVERY = 4
SKIN_VERTICES = 256
"""Drawn anew for every batch."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Batch:
    """Poses on random bodies, the pelvis at the origin."""

    betas: Float[Tensor, "poses betas"]
    offset_m: Float[Tensor, "poses 24 3"]
    parent_from_joint: Float[Tensor, "poses 24 3 3"]
    seen_m: Float[Tensor, "poses 24 3"]


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and train; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=11.0)
    parser.add_argument("--noise-mm", type=float, default=20.0, help="largest standard deviation along each axis")
    parser.add_argument("--without", nargs="*", default=[], help="subjects to leave out")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(arguments.seed)
    poses = read_poses(arguments.mocap, arguments.without)
    log.info("%d poses", len(poses))
    net = train(poses, arguments.noise_mm / 1000, arguments.minutes * 60)
    state = {name: tensor.half() for name, tensor in net.state_dict().items() if tensor.is_floating_point()}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, arguments.out)
    return 0


def read_poses(folder: Path, without: Sequence[str]) -> Float[Tensor, "poses 24 3 3"]:
    """The rotations of all whole motions whose rigs are sound, but for those of some subjects."""
    sound = [motion for motion in read_truth(folder) if motion.whole and motion.clip not in BACKWARDS]
    motions = [motion for motion in sound if motion.subject not in without]
    return torch.from_numpy(np.concatenate([motion.parent_from_joint for motion in motions])).float()


def train(poses: Float[Tensor, "poses 24 3 3"], noise_m: float, seconds: float) -> TwistNet:
    """Train until the time is over; the learning rate falls with it to zero."""
    body, net = load_body("free"), TwistNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    start_s, step, shown = time.monotonic(), 0, 0.0
    while (past := (time.monotonic() - start_s) / seconds) < 1:
        rate = min(1.0, (step + 1) / 100) * (1 + np.cos(np.pi * past)) / 2
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * rate
        loss = _loss(body, net, draw_batch(body, poses, noise_m), skin=step % SKIN_EVERY == 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        shown = loss.item() if step == 0 else 0.99 * shown + 0.01 * loss.item()
        if (step := step + 1) % 200 == 0:
            log.info("step %d, %.0f %% of the time, loss %.4f", step, 100 * past, shown)
    log.info("%d steps, %.1f minutes of the processor", step, time.process_time() / 60)
    return net.eval()


def draw_batch(body: Body, poses: Float[Tensor, "poses 24 3 3"], noise_m: float) -> Batch:
    """Random poses of random bodies, half of them mirrored, half of them seen with noise."""
    local = poses[torch.randint(len(poses), (BATCH,))]
    flip = local.new_tensor([-1.0, 1, 1])
    mirrored = flip[:, None] * local[:, SMPL_MIRROR] * flip
    local = torch.where((torch.rand(BATCH) < 0.5)[:, None, None, None], mirrored, local)
    betas = torch.randn(BATCH, body.beta_count).clamp(-2, 2)
    rest_m = rest_joints(body, betas)
    clean_m = pose_joints(body, betas, local, -rest_m[:, 0])
    sd_m = noise_m * torch.rand(BATCH, 1, 1) * (torch.rand(BATCH, 1, 1) >= CLEAN_SHARE)
    return Batch(betas, bone_offsets(SMPL_PARENTS, rest_m), local, clean_m + sd_m * torch.randn_like(clean_m))


def _loss(body: Body, net: TwistNet, batch: Batch, *, skin: bool) -> Tensor:
    with torch.no_grad():
        features_m = untwisted_joints(batch.offset_m, batch.seen_m)
        angle_rad = twist_about(batch.parent_from_joint, bone_axes(batch.offset_m))
        truth = torch.stack([angle_rad.cos(), angle_rad.sin()], dim=-1)
    twist = net(features_m, batch.betas)
    of_twist = (twist - truth)[:, BONES].square().mean()
    return of_twist + SKIN_EVERY * _skin_loss(body, twist, batch) if skin else of_twist


def _skin_loss(body: Body, twist: Tensor, batch: Batch) -> Tensor:
    few = slice(SKIN_POSES)
    pose = twisted_pose(batch.offset_m[few], batch.seen_m[few], twist[few])
    betas, vertices = batch.betas[few], torch.randperm(len(body.template_m))[:SKIN_VERTICES]
    skin_m = [
        pose_vertices(body, betas, local, -rest_joints(body, betas)[:, 0], vertices)
        for local in (parent_from_joints(pose.world_from_joint), batch.parent_from_joint[few])
    ]
    return (skin_m[0] - skin_m[1]).norm(dim=-1).mean()


if __name__ == "__main__":
    sys.exit(main())
