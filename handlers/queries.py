"""How every room reads its named queries: each is a file in the room's folder `queries`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final

_INCLUDE: Final = re.compile(r"^ *-- include (\w+)\n", re.MULTILINE)


def queries_of(room: str) -> Callable[[str], str]:
    """The function that gives the text of a query of `room` (its package, such as "handlers.review") by its name.

    A line `-- include NAME` stands for the text of queries/NAME.sql, so that a condition which several queries share
    is written once. A name without a file raises FileNotFoundError, which shows the path.
    """
    folder = files(room) / "queries"

    @cache
    def query(name: str) -> str:
        text = (folder / f"{name}.sql").read_text(encoding="utf-8")
        return _INCLUDE.sub(lambda found: query(found[1]), text)

    return query
