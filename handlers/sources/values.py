"""Small conversions that all dialects share: enumerations by table, numbers that mean nothing, texts, lists."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from contracts import limits
from handlers.sources.notes import Notes

E = TypeVar("E", bound=StrEnum)

_BREAK = re.compile(r"<br\s*/?>\s*", re.IGNORECASE)
_TAG = re.compile(r"</?(?:i|b|em|strong|u|p|span|div|a|ul|ol|li|sup|sub|center|h[1-6]|hr|img)\b[^>]*>", re.IGNORECASE)


def enum_of(notes: Notes, table: str, known: Mapping[str, E], value: object, otherwise: E | None) -> E | None:
    """The canonical value; null is `otherwise` in silence, an unheard-of value is `otherwise` and noted."""
    if value is None or value == "":
        return otherwise
    found = known.get(str(value))
    if found is None:
        notes.unknown(table, value)
        return otherwise
    return found


def score10(value: object, divisor: float = 1.0) -> float | None:
    """A score on 0 to 10, two decimals; null and 0 are no score, and what is not a number is none either."""
    try:
        score = float(str(value)) / divisor
    except ValueError:
        return None
    return round(score, 2) if 0 < score <= 10 else None


def positive(value: object) -> int | None:
    """A count where 0 means unknown (MAL's num_episodes, every rank)."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def count(value: object) -> int | None:
    """A count where 0 is a value (members, favourites)."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def words(value: object) -> str | None:
    """A text without surrounding space; empty is none. NUL cannot be stored, so it is dropped."""
    if not isinstance(value, str):
        return None
    return value.replace("\x00", "").strip()[: limits.TEXT_CHARS_MAX] or None


def plain(value: object) -> str | None:
    """A text without HTML: line breaks become newlines, tags go, entities are read."""
    text = words(value)
    if text is None:
        return None
    return words(html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\xa0", " "))


def unique(values: Iterable[object]) -> list[str]:
    """The texts in order, without empties and repeats, at most as many as a list may hold."""
    seen = dict.fromkeys(text for value in values if (text := words(value)) is not None)
    return list(seen)[: limits.LIST_ITEMS_MAX]


def items(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; null, and entries that are no objects, are left out."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def part(value: object) -> Mapping[str, Any]:
    """The object, or an empty one for null."""
    return value if isinstance(value, dict) else {}


def only(**values: object) -> dict[str, Any]:
    """The keyword arguments that hold something: for parts whose absent fields stay absent."""
    return {name: value for name, value in values.items() if value is not None}
