"""What SMPLify holds likely of a pose: a mixture of Gaussians over axis-angles, and elbows and knees that bend forward.

Bogo et al. 2016, Keep it SMPL: eight Gaussians in 69 numbers, of which the likeliest alone counts, and exp(angle) for
hinges that bend backward, squared as in the public programs after it. Theirs was fitted on CMU's motion capture; so is
this one, on the train split (benchmark.baselines.smplify_fit_prior).
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from benchmark.baselines.smpl_iks_twist import BASELINE_WEIGHTS
from models.anatomy import ARMS, LEGS
from models.weights import find_weights

WEIGHTS_NAME: Final = "smplify_prior.safetensors"

BodyPose = Float[Tensor, "poses 69"]


@dataclass(frozen=True, eq=False)
class Mixture:
    """Attributes:
    mean: of each Gaussian.
    root_precision: each times its transpose is the inverse of a covariance.
    offset: negative logarithm of each weight and each norm's density, the least of them 0.
    """

    mean: Float[Tensor, "gaussians 69"]
    root_precision: Float[Tensor, "gaussians 69 69"]
    offset: Float[Tensor, " gaussians"]

    def cost(self, pose: BodyPose) -> tuple[Float[Tensor, " poses"], BodyPose]:
        """Negative logarithm of the likeliest Gaussian's density, up to a constant, and its gradient."""
        white = torch.einsum("pd,gde->pge", pose, self.root_precision) - self.white_mean
        value, best = (white.square().sum(-1) / 2 + self.offset).min(-1)
        chosen = torch.nn.functional.one_hot(best, len(self.mean)).to(pose)
        return value, torch.einsum("pge,gde->pd", white * chosen[..., None], self.root_precision)

    @property
    def white_mean(self) -> Float[Tensor, "gaussians 69"]:
        """The means where all covariances are 1."""
        return torch.einsum("gd,gde->ge", self.mean, self.root_precision)

    def to(self, like: Tensor) -> "Mixture":
        """On another's device and of its type."""
        return Mixture(self.mean.to(like), self.root_precision.to(like), self.offset.to(like))


def load_mixture() -> Mixture:
    """Read the mixture; raises WeightsError where it is missing or damaged."""
    return Mixture(**load_file(find_weights(WEIGHTS_NAME, BASELINE_WEIGHTS).path))


def hinge_cost(pose: BodyPose) -> tuple[Float[Tensor, " poses"], BodyPose]:
    """exp(-bend) squared, summed over elbows and knees, and its gradient; a bend forward is positive."""
    axes = _hinge_axes().to(pose)
    each = torch.exp(-2 * pose @ axes)
    return each.sum(-1), -2 * each @ axes.T


def _hinge_axes() -> Float[Tensor, "69 hinges"]:
    axes = torch.zeros(23, 3, 4)
    for column, limb in enumerate((*ARMS, *LEGS)):
        axes[limb.lower - 1, :, column] = torch.tensor(limb.hinge)
    return axes.flatten(0, 1)
