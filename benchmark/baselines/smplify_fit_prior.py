"""Fits SMPLify's mixture of Gaussians on captured poses.

python -m benchmark.baselines.smplify_fit_prior --mocap MOCAP/train --out benchmark/weights/smplify_prior.safetensors

Poses and their mirror images in axis-angles; expectation and maximisation from random poses as means.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import roma
import torch
from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor

from benchmark.baselines.smplify_prior import Mixture
from benchmark.baselines.train_smpl_iks import read_poses
from models.skeletons import SMPL_MIRROR

GAUSSIANS: Final = 8
ROUNDS: Final = 60
POSES: Final = 20_000
SOFT_RAD: Final = 0.05
"""Added to every standard deviation: some joints of the captured poses hardly move against others."""

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and fit; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", nargs="*", default=[], help="subjects to leave out")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(0)
    poses = axis_angles(read_poses(arguments.mocap, arguments.without))
    mixture = fit_mixture(poses[torch.randperm(len(poses))[:POSES]].double())
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.float().contiguous() for name, tensor in vars(mixture).items()}, arguments.out)
    return 0


def axis_angles(poses: Float[Tensor, "poses 24 3 3"]) -> Float[Tensor, "both 69"]:
    """Body poses without the root, followed by their mirror images."""
    turn = roma.rotmat_to_rotvec(poses)
    mirrored = turn[:, SMPL_MIRROR] * turn.new_tensor([1.0, -1, -1])
    return torch.cat([turn, mirrored])[:, 1:].flatten(1)


def fit_mixture(poses: Float[Tensor, "poses 69"]) -> Mixture:
    """The mixture that makes the poses likeliest, as far as some rounds go."""
    soft = SOFT_RAD**2 * torch.eye(poses.shape[-1]).to(poses)
    share = torch.nn.functional.one_hot(
        torch.cdist(poses, poses[torch.randperm(len(poses))[:GAUSSIANS]]).argmin(-1), GAUSSIANS
    ).to(poses)
    for number in range(ROUNDS):
        mixture, total = _maximise(poses, share, soft)
        cost = _costs(mixture, poses)
        share = torch.softmax(-cost, dim=-1)
        if number % 20 == 0:
            log.info("round %d: mean cost %.3f", number, -torch.logsumexp(-cost, dim=-1).mean())
    mixture, total = _maximise(poses, share, soft)
    log.info("weights %s", [round(weight, 3) for weight in (total / len(poses)).tolist()])
    return Mixture(mixture.mean, mixture.root_precision, mixture.offset - mixture.offset.min())


def _maximise(poses: Tensor, share: Tensor, soft: Tensor) -> tuple[Mixture, Tensor]:
    total = share.sum(0).clamp_min(1)
    mean = (share.T @ poses) / total[:, None]
    spread = torch.stack(
        [((share[:, g, None] * (poses - mean[g])).T @ (poses - mean[g])) / total[g] for g in range(GAUSSIANS)]
    )
    root = torch.linalg.inv(torch.linalg.cholesky(spread + soft)).mT
    offset = -torch.log(total / len(poses)) - root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return Mixture(mean, root.contiguous(), offset), total


def _costs(mixture: Mixture, poses: Tensor) -> Float[Tensor, "poses gaussians"]:
    white = torch.einsum("pd,gde->pge", poses, mixture.root_precision) - mixture.white_mean
    return white.square().sum(-1) / 2 + mixture.offset


if __name__ == "__main__":
    sys.exit(main())
