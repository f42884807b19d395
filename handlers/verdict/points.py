"""The index beside the database: every point is what its committed row makes it, and nothing else is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JSON = Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A point that differs: `missing`, `orphaned`, or the keys whose values are not the row's."""

    point_id: str
    what: str


def differences(rows: Mapping[str, Mapping[str, JSON]], points: Mapping[str, Mapping[str, JSON]]) -> list[Difference]:
    """`rows` are the payloads that the committed rows make, `points` those that the index holds, by id."""
    found = [Difference(one, "missing") for one in sorted(rows.keys() - points.keys())]
    found += [Difference(one, "orphaned") for one in sorted(points.keys() - rows.keys())]
    for one in sorted(rows.keys() & points.keys()):
        row, point = rows[one], points[one]
        keys = sorted(key for key in row.keys() | point.keys() if row.get(key) != point.get(key))
        if keys:
            found.append(Difference(one, f"differs in {', '.join(keys)}"))
    return found
