"""Writes the networks of mediapipe 0.10.14's wheel as a .task file, which newer versions of MediaPipe take.

    python -m training.write_task_bundle --out pose_landmarker_full.task

Newer wheels carry no networks. What their graph asks for besides the networks is how pictures are to be scaled
(NormalizationOptions in the networks' metadata), and files that are stored, not packed, at multiples of four bytes.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tyro

from pipeline.atomic import replacing
from stages.detect.bundle import NAMES
from stages.detect.networks import network_files

SCALING: Final = ((127.5, 127.5), (0.0, 255.0))
"""Mean and deviation of a picture's values for each network: to -1..1 and to 0..1."""


@dataclass(frozen=True)
class Arguments:
    """What can be asked for."""

    out: Path
    """The file to write."""


def main() -> None:
    """Write the file that the command line names."""
    write_bundle(tyro.cli(Arguments, description=__doc__).out)


def write_bundle(out: Path) -> None:
    """Write the bundle.

    Raises:
        WeightsError: mediapipe 0.10.14 is not installed.
        OutputError: the file cannot be written.
    """
    # MediaPipe takes a second to import.
    from mediapipe.tasks.python.metadata.metadata_writers import (  # noqa: PLC0415
        metadata_writer,
        model_asset_bundle_utils,
    )

    networks: dict[str, bytes] = {}
    for name, path, (mean, deviation) in zip(NAMES, network_files(), SCALING, strict=True):
        writer = metadata_writer.MetadataWriter(bytearray(path.read_bytes()))
        writer.add_image_input([mean], [deviation])
        networks[name] = bytes(writer.populate()[0])
    with (
        replacing(out) as temporary,
        model_asset_bundle_utils.AlignZipFile(temporary, "w", alignment=4) as archive,
    ):
        for name, content in networks.items():
            # With no date, so that the same networks make the same file.
            archive.writestr(zipfile.ZipInfo(name), content)


if __name__ == "__main__":
    main()
