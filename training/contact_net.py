"""Teaches a small network when feet stand, from drawn people who were lifted as the pipeline lifts them.

python -m training.contact_net --sightings DIR --out models/weights/contact_net.safetensors

The errors of one lifted snippet are also laid on the truth of another: there are never enough errors.
"""

import logging
from pathlib import Path
from typing import Final

import numpy as np
import torch
import tyro
from jaxtyping import Float
from safetensors.numpy import save_file
from torch import Tensor, nn

from models.bodies import load_body
from training.contact_data import Example, lesson, lifted_examples
from training.sightings import part_files, read_part

WIDTHS: Final = (48, 24)
BORROWED: Final = 0.5
"""Share of the lessons with another snippet's errors."""
EPOCHS: Final = 60
BATCH: Final = 1024
RATE: Final = 3e-3
DROPOUT: Final = 0.1

log = logging.getLogger(__name__)


def main(sightings: Path, out: Path, parts: int = 8, seed: int = 0) -> None:
    """Lift, learn, tell how well people are told apart from whom nothing was learned, and write.

    Args:
        sightings: folder that training.synthesize filled.
        out: the file of weights.
        parts: how many of its files to lift; ten CPU-seconds each.
        seed: of everything that is drawn.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    body = load_body("free")
    examples = [example for path in part_files(sightings)[:parts] for example in lifted_examples(read_part(path), body)]
    net = learn([example for example in examples if not example.held_out], seed)
    log.info("held-out people: F1 %.3f", f1(net, [example for example in examples if example.held_out]))
    save_file({name: value.numpy().astype(np.float16) for name, value in weights_of(net).items()}, out)


def learn(examples: list[Example], seed: int) -> nn.Sequential:
    """A network of the features of one foot to the logits of its heel and its ball."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    features, stands = _lessons(examples, rng)
    net = make_net(features.shape[1])
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    steps = EPOCHS * (len(features) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    loss = torch.zeros(())
    for step in range(steps):
        if step % (steps // 6 + 1) == 0:
            features, stands = _lessons(examples, rng)
        chosen = torch.from_numpy(rng.integers(len(features), size=BATCH))
        loss = nn.functional.binary_cross_entropy_with_logits(net(features[chosen]), stands[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    log.info("%d examples, %d steps, loss %.3f", len(examples), steps, loss.item())
    return net.eval()


def make_net(inputs: int) -> nn.Sequential:
    """Untaught."""
    layers: list[nn.Module] = []
    for width in WIDTHS:
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(DROPOUT)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 2))


def weights_of(net: nn.Sequential) -> dict[str, Tensor]:
    """By the names that models.contact_net reads."""
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    named = [
        (f"{n}.{part}", getattr(layer, part).detach()) for n, layer in enumerate(linear) for part in ("weight", "bias")
    ]
    return dict(named)


def f1(net: nn.Sequential, examples: list[Example]) -> float:
    """Harmonic mean of precision and recall on their own errors."""
    features, stands = _lessons(examples, np.random.default_rng(0), borrowed=0.0)
    with torch.no_grad():
        found, true = net(features) > 0, stands > 0.5
    return float(2 * (found & true).sum() / (found.sum() + true.sum()))


def _lessons(
    examples: list[Example], rng: np.random.Generator, borrowed: float = BORROWED
) -> tuple[Float[Tensor, "lessons features"], Float[Tensor, "lessons 2"]]:
    features: list[np.ndarray] = []
    for example in examples:
        source = examples[rng.integers(len(examples))] if rng.random() < borrowed else example
        features.append(lesson(example, source.lifted_m - source.true_m, rng))
    stands = np.concatenate([example.stands for example in examples]).reshape(-1, 2)
    return (
        torch.from_numpy(np.concatenate(features).reshape(len(stands), -1)).float(),
        torch.from_numpy(stands).float(),
    )


if __name__ == "__main__":
    tyro.cli(main)
