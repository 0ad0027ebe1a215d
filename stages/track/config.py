"""What can be set about who is who."""

from dataclasses import dataclass

from models.errors import ConfigError


@dataclass(frozen=True)
class Config:
    """Settings of the stage track."""

    min_duration_s: float = 0.5
    """Whoever was seen for less, and for less than half of the clip, is taken for an error of the detector."""
    max_gap_s: float = 0.5
    """Somebody whose looks are not known is taken for whoever was lost at his place less than this before."""
    memory_s: float = 10.0
    """Somebody who returns within this time and looks like himself is himself."""
    merge: tuple[str, ...] = ()
    """People who are one, by their numbers, such as 1,3; people as numbered without this setting."""
    split: tuple[str, ...] = ()
    """A person who becomes another at a moment, such as 2@3.4 (seconds); who follows gets the next free number."""

    def __post_init__(self) -> None:
        for name in ("min_duration_s", "max_gap_s", "memory_s"):
            value: float = getattr(self, name)
            if not value >= 0:
                raise ConfigError(f"track.{name} is {value}", "choose a number that is not negative")
        for text in self.merge:
            merged(text)
        for text in self.split:
            split_at(text)


def merged(text: str) -> tuple[int, ...]:
    """Numbers of people who are one.

    Raises:
        ConfigError: it is not two or more different numbers.
    """
    numbers = text.split(",")
    if len(numbers) < 2 or len(set(numbers)) < len(numbers) or not all(one.isdecimal() for one in numbers):
        raise ConfigError(f"{text!r} names no people to merge", "give two or more numbers, such as 1,3")
    return tuple(int(one) for one in numbers)


def split_at(text: str) -> tuple[int, float]:
    """Who is to be split, and at which second.

    Raises:
        ConfigError: it is not of the form NUMBER@SECONDS.
    """
    number, _, moment = text.partition("@")
    try:
        time_s = float(moment)
    except ValueError:
        time_s = -1.0
    if not number.isdecimal() or not 0 <= time_s < float("inf"):
        raise ConfigError(f"{text!r} splits nobody", "give a number and a second, such as 2@3.4")
    return int(number), time_s
