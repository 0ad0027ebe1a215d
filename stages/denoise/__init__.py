"""RawMotion to Motion: steady in time, with the points that exporters read off the body."""

from typing import Final

from models.errors import WeightsError
from stages.contracts import Motion, RawMotion
from stages.denoise.config import Config

__all__ = ["VERSION", "Config", "run"]

VERSION: Final = 2


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
