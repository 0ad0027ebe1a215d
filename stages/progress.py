"""How far a long stage is: told through logging, drawn by whoever listens."""

import logging
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

PROGRESS: Final = 15
"""Log level between DEBUG and INFO; records carry `label`, `done` and `total`."""

log = logging.getLogger(__name__)
Item = TypeVar("Item")


def counted(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass the items through and tell how many of the total are done."""
    for done, item in enumerate(items, start=1):
        yield item
        log.log(PROGRESS, "%s %d/%d", label, done, total, extra={"label": label, "done": done, "total": total})
