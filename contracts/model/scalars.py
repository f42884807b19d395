"""The building blocks of the record: bounded text, bounded numbers, instants in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from contracts import limits


class Part(BaseModel):
    """Base of every part of the record: immutable, unknown keys are ignored (the ingest room counts them)."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_enum_values=False, allow_inf_nan=False)


def _without_nul(text: str) -> str:
    # PostgreSQL cannot store U+0000 in text, and surrogates cannot be encoded as UTF-8.
    if "\x00" in text:
        raise ValueError("contains a NUL character (U+0000), which cannot be stored; remove it")
    text.encode("utf-8")
    return text


def _as_utc(value: datetime) -> datetime:
    # The year is looked at first, because year 1 or 9999 cannot be converted at all.
    if limits.YEAR_MIN <= value.year <= limits.YEAR_MAX:
        # A time without a zone is UTC: all times that we store and send are.
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if limits.YEAR_MIN <= aware.year <= limits.YEAR_MAX:
            return aware
    raise ValueError(f"the year {value.year} is outside {limits.YEAR_MIN}..{limits.YEAR_MAX}")


def _whole(value: Any) -> Any:
    # Some exporters write 12.0 for 12; anything else that is not whole is refused by the int that follows.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_NUL = AfterValidator(_without_nul)

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.TITLE_CHARS_MAX), _NUL]
Text = Annotated[str, StringConstraints(max_length=limits.TEXT_CHARS_MAX), _NUL]
# A required text of an event: proto3 does not send "" in a field without presence, so it would arrive as missing.
Name = Annotated[str, StringConstraints(min_length=1, max_length=limits.SHORT_CHARS_MAX), _NUL]
Short = Annotated[str, StringConstraints(max_length=limits.SHORT_CHARS_MAX), _NUL]
Brief = Annotated[str, StringConstraints(min_length=1, max_length=limits.BRIEF_CHARS_MAX), _NUL]
Url = Annotated[str, StringConstraints(max_length=limits.URL_CHARS_MAX), _NUL]
Instant = Annotated[datetime, AfterValidator(_as_utc)]
Score10 = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Ordinal = Annotated[int, Field(ge=1, le=limits.COUNT_MAX)]
Version = Annotated[int, Field(ge=0, le=limits.VERSION_MAX)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=limits.COUNT_MAX)]
Year = Annotated[int, BeforeValidator(_whole), Field(ge=limits.YEAR_MIN, le=limits.YEAR_MAX)]
DurationS = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=limits.DURATION_S_MAX)]
EpisodeNumber = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=limits.EPISODE_NUMBER_MAX)]

ShortList = Annotated[list[Short], Field(max_length=limits.LIST_ITEMS_MAX)]
UrlList = Annotated[list[Url], Field(max_length=limits.LIST_ITEMS_MAX)]
ShortMap = Annotated[dict[Short, Short], Field(max_length=limits.MAP_ITEMS_MAX)]
TextMap = Annotated[dict[Short, Text], Field(max_length=limits.MAP_ITEMS_MAX)]
ExternalIds = Annotated[dict[Short, Short], Field(max_length=limits.MAP_ITEMS_MAX)]
