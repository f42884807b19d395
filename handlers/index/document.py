"""What a committed row looks like in the index: the text that is embedded and the payload that filters. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from handlers.index.payload import ENTITY_TYPE, MODEL, TEMPLATE, TEXT_SHA256

ANIME_TEMPLATE: Final = "anime.v1"
CHARACTER_TEMPLATE: Final = "character.v1"
SYNOPSIS_SHOWN_CHARS: Final = 600


@dataclass(frozen=True, slots=True)
class Document:
    """One entity as the index holds it. `payload` has null for what is absent, so that a patch removes it."""

    id: UUID
    version: int
    is_deleted: bool
    text: str
    template: str
    payload: dict[str, object]

    @property
    def text_sha256(self) -> str:
        """The hash of the embedded text; while it stays, the vector stays."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def full_payload(self, model: str) -> dict[str, object]:
        """The payload of a point whose vector `model` makes from this document's text."""
        return self.payload | {MODEL: model, TEMPLATE: self.template, TEXT_SHA256: self.text_sha256}


def anime_document(row: Mapping[str, Any]) -> Document:
    """The document of an anime row."""
    genres, tags = _items(row["genres"]), _items(row["tags"])
    themes = [theme["name"] for theme in _items(row["themes"])]
    lines = [
        _joined(". ", row["title"], row["title_english"] if row["title_english"] != row["title"] else None),
        row["synopsis"],
        _labelled("Genres", genres),
        _labelled("Themes", themes),
        _labelled("For", _items(row["demographics"])),
        _labelled("Tags", tags),
    ]
    payload: dict[str, object] = {
        ENTITY_TYPE: "anime",
        "title": row["title"],
        "title_english": row["title_english"],
        "title_japanese": row["title_japanese"],
        "type": row["type"],
        "status": row["status"],
        "season": row["season"],
        "year": row["year"],
        "rating": row["rating"],
        "nsfw": row["nsfw"],
        "score": row["score_agm"],
        "genres": genres or None,
        "episode_count": row["episode_count"],
        "last_episode": row["last_episode"],
        "last_aired": _instant(row["last_aired"]),
        "synopsis": _shown(row["synopsis"]),
    }
    return Document(row["id"], row["version"], row["is_deleted"], _text(lines), ANIME_TEMPLATE, payload)


def character_document(row: Mapping[str, Any]) -> Document:
    """The document of a character row."""
    lines = [row["name"], row["description"], _labelled("Traits", _items(row["traits"]))]
    payload: dict[str, object] = {
        ENTITY_TYPE: "character",
        "title": row["name"],
        "favorites": row["favorites"],
        "anime_ids": [str(anime_id) for anime_id in row["anime_ids"]] or None,
        "synopsis": _shown(row["description"]),
    }
    return Document(row["id"], row["version"], row["is_deleted"], _text(lines), CHARACTER_TEMPLATE, payload)


def _items(column: str | None) -> list[Any]:
    return list(orjson.loads(column)) if column else []


def _labelled(label: str, items: Iterable[str]) -> str | None:
    listed = ", ".join(items)
    return f"{label}: {listed}" if listed else None


def _joined(separator: str, *parts: str | None) -> str:
    return separator.join(part for part in parts if part)


def _text(lines: Iterable[str | None]) -> str:
    return _joined("\n", *lines)


def _shown(text: str | None) -> str | None:
    return text[:SYNOPSIS_SHOWN_CHARS] if text else None


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
