"""What would be refused only after minutes of work is refused at once: a device or a body that is not here."""

from pipeline.config import PipelineConfig

PLAIN_DEVICES = frozenset({"auto", "cpu"})
PLAIN_BODY = "free"


def refuse_early(device: str, config: PipelineConfig) -> None:
    """Look for what was asked for by name; whoever asks for nothing special does not wait for torch.

    Raises:
        ConfigError: the device or the body is not here.
    """
    if device not in PLAIN_DEVICES:
        from models.devices import find_device  # noqa: PLC0415

        find_device(device)
    for body in {config.solve.body, config.retarget.body} - {PLAIN_BODY}:
        from models.bodies import body_file  # noqa: PLC0415

        body_file(body)
