"""Many notices of one kind that come at once have one cause, and a person wants to hear of it once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from handlers.update.look import Notice, NoticeKind

# So many at once still are news of their own.
SINGLY_MAX: Final = 3
KEY_OF_MANY: Final = "many"


def gathered(notices: Sequence[Notice]) -> list[Notice]:
    """The notices as people should hear them: by kind, and more than a few of one kind as one."""
    found: list[Notice] = []
    kind_of = attrgetter("kind")
    for kind, group in groupby(sorted(notices, key=kind_of), kind_of):
        own = list(group)
        found += own if len(own) <= SINGLY_MAX else [_many(kind, own)]
    return found


def _many(kind: NoticeKind, own: Sequence[Notice]) -> Notice:
    text = f"{kind}, {len(own)} times at once, so that one cause is likely; the first: {own[0].text}"
    return Notice(kind, KEY_OF_MANY, text)
