"""What is wrong with a record, in words that name the field and say what it should be. Bounded, however wrong it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from contracts.errors import Refused

FINDINGS_MAX: Final = 8
_VALUE_CHARS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One field and what is wrong with it."""

    field: str
    reason: str


def of_validation(error: ValidationError, under: tuple[str, ...] = ()) -> list[Finding]:
    """The findings of a validation; `under` is where the validated part stands in the record."""
    return [
        Finding(_path((*under, *found["loc"])), _reason(found["type"], found["msg"], found["input"]))
        for found in error.errors(include_url=False)
    ]


def bounded(record: str, findings: Sequence[Finding]) -> Refused:
    """All findings of one record as one error; of many, the first ones and how many more there are."""
    if len(findings) == 1:
        return Refused(record, findings[0].field, findings[0].reason)
    told = "; ".join(f"{finding.field}: {finding.reason}" for finding in findings[:FINDINGS_MAX])
    more = len(findings) - FINDINGS_MAX
    return Refused(record, "", f"{told}; and {more} more" if more > 0 else told)


def _path(steps: Sequence[int | str]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".").replace(".[key]", " (its key)") or "record"


def _reason(kind: str, message: str, value: Any) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "string_too_short":
        return "is empty"
    wrong = message.removeprefix("Value error, ")
    shown = _shown(value)
    return f"{wrong} (it is {shown})" if shown else wrong


def _shown(value: Any) -> str | None:
    """The value if it is short; a long text is described by its length, never repeated."""
    if isinstance(value, str):
        visible = value.replace("\x00", "\\0")
        return repr(visible) if len(visible) <= _VALUE_CHARS_MAX else f"a text of {len(value)} characters"
    if isinstance(value, int | float | bool) or value is None:
        return "null" if value is None else str(value)[:_VALUE_CHARS_MAX]
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else None
