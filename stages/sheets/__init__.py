"""Draws what a stage left on one sheet, for people who want to see where a run went wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stages.contracts import Biomechanics, Clip, Detections, JointTrack, Motion, Person, Quality, RawMotion

CONTRACTS: Final[dict[str, Any]] = {
    "ingest": Clip,
    "detect": Detections,
    "track": tuple[Person, ...],
    "keypoints": Detections,
    "lift": JointTrack,
    "together": tuple[JointTrack, ...],
    "points": tuple[RawMotion, ...],
    "limbs": Motion,
    "motions": tuple[Motion, ...],
    "solve": RawMotion,
    "denoise": Motion,
    "report": Quality,
    "retarget": Motion,
    "biomech": Biomechanics,
}
"""What each stage's artefact holds."""


@dataclass(frozen=True)
class Backdrop:
    """The clip and its small plain film."""

    clip: Clip
    film: Path


def draw_sheet(stage: str, content: Any, backdrop: Backdrop | None) -> bytes:
    """Draw one stage's artefact as a PNG.

    Args:
        stage: a key of CONTRACTS.
        content: of the type that stands there.
        backdrop: whose pictures stand behind what was detected; None where there are none.

    Raises:
        InputError: the film cannot be read.
    """
    # matplotlib takes half a second to import.
    from stages.sheets import angles, evidence, figures, skeletons  # noqa: PLC0415

    sheets: dict[str, Callable[[Any, Backdrop | None], figures.Figure]] = {
        "ingest": evidence.draw_clip,
        "detect": evidence.draw_detections,
        "track": evidence.draw_people,
        "keypoints": evidence.draw_detections,
        "lift": skeletons.draw_track,
        "together": _of_first(skeletons.draw_track),
        "points": _of_first(angles.draw_rotations),
        "limbs": skeletons.draw_motion,
        "motions": _of_first(skeletons.draw_motion),
        "solve": angles.draw_rotations,
        "denoise": skeletons.draw_motion,
        "report": angles.draw_quality,
        "retarget": skeletons.draw_motion,
        "biomech": angles.draw_coordinates,
    }
    return figures.png_of(sheets[stage](content, backdrop))


def _of_first(draw: Callable[[Any, Backdrop | None], Any]) -> Callable[[Any, Backdrop | None], Any]:
    """Of several people in one artefact the first is drawn."""
    return lambda people, backdrop: draw(people[0], backdrop)
