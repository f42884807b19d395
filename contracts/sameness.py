"""When two values of a field are one, and two proposals are one proposal. Pure; values are JSON as the record has them.

Both the step that holds a change and the one that decides about it need one answer: white space, the order of a list
and how a number is written make no difference, and what is empty is absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.texts import normal_text

JSON = Any


def same_value(one: JSON, other: JSON) -> bool:
    """Whether both are one value."""
    return value_key(one) == value_key(other)


def value_key(value: JSON) -> str:
    """The same text for the same value."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)


def proposal_key(old: JSON, new: JSON) -> str:
    """The same text for the same proposal: from one value to another."""
    return f"{value_key(old)}\x1f{value_key(new)}"


def _plain(value: JSON) -> JSON:
    if isinstance(value, Mapping):
        inner = {str(key): _plain(one) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None} or None
    if isinstance(value, list | tuple):
        return sorted({value_key(one) for one in value}) or None
    if isinstance(value, str):
        return normal_text(value) or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A list beside the text, so that the number 12 and the title "12" stay apart.
        return [str(Decimal(str(value)).normalize())]
    return value
