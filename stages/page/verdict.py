"""One line that says how well people were followed; the page begins with it, and a run ends with it.

It judges what the picture shows. One camera sees depth poorly, and no number here can tell how wrong depth is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from stages.contracts import Quality

Grade = Literal["good", "fair", "poor", "none"]


@dataclass(frozen=True)
class Limits:
    """What a motion has to reach for a grade. Judgement, not measurement: see docs/report.md.

    Attributes:
        observed_share: at least.
        longest_gap_s: at most.
        mean_confidence: at least.
        reprojection_share: at most.
    """

    observed_share: float
    longest_gap_s: float
    mean_confidence: float
    reprojection_share: float


GOOD: Final = Limits(observed_share=0.95, longest_gap_s=0.25, mean_confidence=0.75, reprojection_share=0.02)
FAIR: Final = Limits(observed_share=0.75, longest_gap_s=1.0, mean_confidence=0.5, reprojection_share=0.05)
WORDS: Final[dict[Grade, str]] = {
    "good": "Good tracking",
    "fair": "Fair tracking",
    "poor": "Poor tracking",
    "none": "Not judged",
}


CAMERA: Final = {
    "still": "",
    "turned": "; the camera turned, which was taken out",
    "unknown": "; the background does not show whether the camera moved: paths hold only if it stood still",
}


@dataclass(frozen=True)
class Verdict:
    """How well people were followed.

    Attributes:
        line: one sentence that begins with the grade.
    """

    grade: Grade
    line: str


def verdict(qualities: Sequence[Quality | None]) -> Verdict:
    """Judge everybody in a clip by the one who was followed worst.

    Args:
        qualities: one for each person; None where the motion came from no video.
    """
    if not qualities:
        return Verdict("poor", f"{WORDS['poor']}: nobody was found in the video.")
    judged = [quality for quality in qualities if quality is not None]
    if not judged:
        return Verdict("none", f"{WORDS['none']}: there is no video to compare the motion with.")
    worst = max(judged, key=lambda quality: ("good", "fair", "poor").index(grade_of(quality)))
    grade = grade_of(worst)
    who = "" if len(judged) == 1 else f"{len(judged)} people; the least certain: "
    return Verdict(grade, f"{WORDS[grade]}: {who}{_reasons(worst)}.")


def grade_of(quality: Quality | None) -> Grade:
    """Good where all is; poor where anything is; NaN counts as poor; none without a video."""
    if quality is None:
        return "none"
    if _reaches(quality, GOOD):
        return "good"
    return "fair" if _reaches(quality, FAIR) else "poor"


def _reaches(quality: Quality, limits: Limits) -> bool:
    return (
        quality.observed_share >= limits.observed_share
        and quality.longest_gap_s <= limits.longest_gap_s
        and quality.mean_confidence >= limits.mean_confidence
        and quality.reprojection_share <= limits.reprojection_share
    )


def _reasons(quality: Quality) -> str:
    gap = f", longest gap {quality.longest_gap_s:.2f} s" if quality.longest_gap_s > 0 else ""
    return (
        f"seen in {quality.observed_share:.0%} of the frames{gap}; the body lies {quality.reprojection_px:.1f} px "
        f"({quality.reprojection_share:.1%} of the person's height) from what was seen; "
        f"mean confidence {quality.mean_confidence:.2f}{CAMERA[quality.camera]}"
    )
