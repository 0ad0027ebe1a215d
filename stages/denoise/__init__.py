"""RawMotion to Motion: steady in time, with the points that exporters read off the body."""

from pathlib import Path
from typing import Final

from models.errors import WeightsError
from stages.contracts import Motion, RawMotion
from stages.denoise.config import Config

__all__ = ["VERSION", "Config", "reads", "run"]

VERSION: Final = 3


def reads(config: Config) -> tuple[Path, ...]:
    """Files that the result depends on: the networks."""
    # torch takes a second to import.
    from models.contact_net import WEIGHTS  # noqa: PLC0415
    from models.nets.denoiser_file import FILE  # noqa: PLC0415
    from models.weights import find_weights  # noqa: PLC0415

    names = [FILE] * (config.filter == "learned") + [WEIGHTS] * config.foot_lock
    return tuple(find_weights(name).path for name in names)


def run(config: Config, raw: RawMotion, *, device: str) -> Motion:
    """Smooth a motion; unobserved frames weigh nothing and are filled again between their neighbours.

    Raises:
        WeightsError: the body that the motion was solved on is not the one that is installed.
    """
    # torch takes a second to import.
    from models.bodies import body_file, load_body  # noqa: PLC0415
    from stages.denoise.steady import denoise_body  # noqa: PLC0415

    body = load_body(raw.body_model)
    if body.sha256 != raw.body_sha256:
        raise WeightsError(
            f"the motion was solved on a body {raw.body_model!r} with other bytes than {body_file(raw.body_model)}",
            "solve again",
        )
    return denoise_body(config, raw, body, device=device)
