"""Motion to Biomechanics: an OpenSim model, scaled to the body, follows markers on the body's skin."""

from importlib import import_module
from pathlib import Path
from typing import Final

from models.errors import WeightsError
from stages.biomech.config import Config
from stages.contracts import Biomechanics, Motion

__all__ = ["VERSION", "Config", "prepare", "reads", "run"]

VERSION: Final = 1


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than the motion that decide the result: the user's own model."""
    return (Path(config.model),) if config.model.endswith(".osim") else ()


def prepare() -> None:
    """Load what `run` needs while there is time for it; a first run takes 0.3 s less then."""
    from models.osim.ready import load_loops  # noqa: PLC0415

    import_module("stages.biomech.follow")
    load_loops()


def run(config: Config, motion: Motion) -> Biomechanics:
    """Follow one person's body with a model that is scaled to it, once for the whole clip.

    Raises:
        InputError: the model file cannot be read, or shares too few bodies with the body.
        WeightsError: the body that the motion belongs to is not the one that is installed.
    """
    # torch and numba take a second to import.
    from models.bodies import body_file, load_body  # noqa: PLC0415
    from stages.biomech.follow import follow_body  # noqa: PLC0415

    body = load_body(motion.body_model)
    if body.sha256 != motion.body_sha256:
        raise WeightsError(
            f"the motion belongs to a body {motion.body_model!r} with other bytes than {body_file(motion.body_model)}",
            "solve again",
        )
    return follow_body(config, motion, body)
