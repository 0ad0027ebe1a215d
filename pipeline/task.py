"""What is asked of a run, and what it says of the people it found."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stages.contracts import Motion, Quality


class Until(StrEnum):
    """The last stage that a run does."""

    INGEST = "ingest"
    DETECT = "detect"
    TRACK = "track"
    LIFT = "lift"
    SOLVE = "solve"
    DENOISE = "denoise"
    EXPORT = "export"
    BIOMECH = "biomech"
    OVERLAY = "overlay"
    PAGE = "page"

    def reaches(self, stage: "Until") -> bool:
        """Whether a run that stops here does that stage."""
        order = list(Until)
        return order.index(stage) <= order.index(self)


@dataclass(frozen=True)
class Task:
    """One file to be done.

    Attributes:
        source: a video, a .bvh file, or a .trc file of markers.
        stem: name of the source's results.
        person: whom to solve: all, largest, first, leftmost, rightmost, or a number.
        beside: other videos of the same scene, by other cameras.
        calibration: of all of these cameras.
        person_at: instead: whoever is at X,Y@T, pixels of the upright picture and seconds.
        device: where tensors are computed: auto, cpu, cuda or mps.
        osim: the model that markers belong to.
        ik_setup: a setup of OpenSim's inverse kinematics tool for it.
    """

    source: Path
    stem: str
    person: str
    device: str
    until: Until
    osim: Path | None = None
    ik_setup: Path | None = None
    person_at: str | None = None
    beside: tuple[Path, ...] = ()
    calibration: Path | None = None


@dataclass(frozen=True)
class PersonResult:
    """What a run knows of one person.

    Attributes:
        quality: agreement with the video; None where the motion comes from none.
    """

    number: int
    first_s: float
    last_s: float
    frames: int
    quality: Quality | None

    @classmethod
    def of(cls, number: int, motion: Motion, quality: Quality | None) -> "PersonResult":
        """The short form of a motion."""
        times_s = motion.timestamps_s
        return cls(number, float(times_s[0]), float(times_s[-1]), len(times_s), quality)
