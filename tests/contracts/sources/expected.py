"""What a recorded body means, written by hand from reading it: file, id, and canonical values by dotted path.

Each source has a file of its own beside this one. Midnight in Tokyo is 15:00 UTC of the day before, which is why the
dates in them are a day early.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from contracts.observation import Kind


class Expected(NamedTuple):
    """One item of a recorded body and what must come out of it."""

    source: str
    file: str
    external_id: str
    values: dict[str, Any]
    kind: Kind = Kind.ANIME


def paths(values: dict[str, Any]) -> dict[str, Any]:
    # Two underscores stand for a dot: statistics__mal__score is statistics.mal.score.
    return {name.replace("__", "."): value for name, value in values.items()}
