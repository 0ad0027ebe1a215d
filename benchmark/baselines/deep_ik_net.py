"""The recurrent limb solver of Deep Inverse Kinematics Solver: where a limb's end went over the last frames gives the
turns of its two joints.

From the method as design notes tell it (end-effectors over the limb's length, LSTMs over five to seven frames, two
joints a limb); the paper itself was not at hand. Widths, losses and the mirrored use for right limbs are ours.
"""

from collections.abc import Mapping
from typing import Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor, nn

WINDOW: Final = 7
"""Frames, the last of which is solved."""


class DeepIkNet(nn.Module):
    """One kind of limb, as a left one.

    Args:
        width: of the recurrent layer.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.enter = nn.Linear(3, width)
        self.recur = nn.LSTM(width, width, batch_first=True)
        self.leave = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 12))

    def forward(self, end: Float[Tensor, "batch window 3"]) -> tuple[Tensor, Tensor]:
        """Orientations (batch 3 3) of upper and lower bone in the trunk's frame.

        Args:
            end: wrist or ankle about the limb's root in the trunk's frame, over the limb's length.
        """
        latent, _ = self.recur(nn.functional.silu(self.enter(end)))
        columns = self.leave(latent[:, -1]).unflatten(-1, (2, 3, 2))
        turns = roma.special_gramschmidt(columns + torch.eye(3)[:, :2].to(columns))
        return turns[:, 0], turns[:, 0] @ turns[:, 1]


def net_of(weights: Mapping[str, Tensor], kind: str) -> DeepIkNet:
    """The network for `arm` or `leg` from a file's tensors."""
    own = {name.removeprefix(f"{kind}."): value.float() for name, value in weights.items() if name.startswith(kind)}
    net = DeepIkNet(len(own["enter.bias"]))
    net.load_state_dict(own)
    return net.eval()
