"""From one raw JSON object to a record of the model, or the reasons why it is none. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

from contracts.errors import Refused
from contracts.events import EnrichmentMetadata
from contracts.model import Anime, AnimeRecord, Character, Episode
from handlers.ingest.anime import anime_of_today
from handlers.ingest.cast import character_of_today, episode_of_today
from handlers.ingest.findings import Finding, bounded, of_validation
from handlers.ingest.people import voice_facts
from handlers.ingest.shapes import mapped
from handlers.ingest.unknown_keys import unknown_keys
from handlers.ingest.verdict import Kind, Verdict

LABEL_CHARS_MAX: Final = 200
_TWICE: Final = "{} occurs more than once; keep one"
_METADATA: Final = "enrichment_metadata"
_METADATA_KEYS: Final = ("source", "enriched_at", "success")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that may go in. `ignored` counts, by path, the keys that nothing is known to do with."""

    position: int
    label: str
    record: AnimeRecord
    metadata: EnrichmentMetadata
    payload_sha256: str
    ignored: Mapping[str, int]

    @property
    def anime_id(self) -> UUID:
        """The id of its anime."""
        return self.record.anime.id

    @property
    def payload(self) -> tuple[UUID, str]:
        """What the books know it by: the same record is the same payload."""
        return self.anime_id, self.payload_sha256

    def verdict(self, kind: Kind, reason: str | None = None) -> Verdict:
        """The outcome of this record."""
        return Verdict(self.label, self.anime_id, kind, reason, self.ignored, self.position)


def prepare(raw: Any, position: int) -> Prepared:
    """The record in `raw`, the `position`th of what was handed in, from 1.

    Raises Refused, which names the record and every finding (the first few of many).
    """
    label = label_of(raw, position)
    if not isinstance(raw, dict):
        raise Refused(label, "", "is no JSON object; a record is an object with the keys anime, characters, episodes")
    if not isinstance(raw.get("anime"), dict):
        raise Refused(label, "anime", "is missing or no object; a record holds its anime under this key")
    today, stated = _today(raw)
    record, metadata = _parsed(label, today, stated)
    return Prepared(position, label, record, metadata, payload_sha256(raw), _ignored(today, stated, raw))


def label_of(raw: Any, position: int) -> str:
    """How a person would name the record: its title, else its id, else its position."""
    anime = raw.get("anime") if isinstance(raw, dict) else None
    for name in ("title", "id"):
        value = anime.get(name) if isinstance(anime, dict) else None
        if isinstance(value, str) and value.strip("\x00 \t\r\n"):
            return value.replace("\x00", "").strip()[:LABEL_CHARS_MAX]
    return f"record {position}"


def payload_sha256(raw: Any) -> str:
    """SHA-256 of the record as canonical JSON (sorted keys, no spaces): its order and layout do not matter."""
    return hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _today(raw: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """The record under today's names, and what it says of its own enrichment."""
    anime = dict(raw["anime"])
    stated = raw.get(_METADATA) or anime.pop(_METADATA, None) or {}
    anime_id = _uuid(anime.get("id"))
    voices = voice_facts(anime)
    today = {name: value for name, value in raw.items() if name != _METADATA}
    today["anime"] = anime_of_today(anime)
    today["characters"] = mapped(
        raw.get("characters") or [], lambda character: character_of_today(character, anime_id, voices)
    )
    today["episodes"] = mapped(raw.get("episodes") or [], episode_of_today)
    return today, stated


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _parsed(label: str, today: Mapping[str, Any], stated: Any) -> tuple[AnimeRecord, EnrichmentMetadata]:
    findings: list[Finding] = []
    try:
        known = (
            {name: stated[name] for name in _METADATA_KEYS if name in stated} if isinstance(stated, dict) else stated
        )
        metadata = EnrichmentMetadata.model_validate(known)
    except ValidationError as error:
        findings += of_validation(error, (_METADATA,))
    try:
        record = AnimeRecord.model_validate(today)
    except ValidationError as error:
        raise bounded(label, [*of_validation(error), *findings]) from None
    findings += _contradictions(record)
    if findings:
        raise bounded(label, findings)
    return record, metadata


def _contradictions(record: AnimeRecord) -> list[Finding]:
    numbers = [episode.episode_number for episode in record.episodes]
    ids = [character.id for character in record.characters]
    found = [
        *(
            Finding("episodes.episode_number", f"{number} occurs more than once; keep one")
            for number in _twice(numbers)
        ),
        *(Finding("characters.id", f"{one} occurs more than once; keep one") for one in _twice(ids)),
    ]
    for at, episode in enumerate(record.episodes):
        if episode.anime_id not in (None, record.anime.id):
            found.append(Finding(f"episodes[{at}].anime_id", f"{episode.anime_id} is not the anime of this record"))
    return found


def _twice(values: Sequence[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def _ignored(today: Mapping[str, Any], stated: Any, raw: Mapping[str, Any]) -> Counter[str]:
    found = unknown_keys(Anime, today["anime"], "anime")
    for character in today["characters"]:
        found += unknown_keys(Character, character, "characters[]")
    for episode in today["episodes"]:
        found += unknown_keys(Episode, episode, "episodes[]")
    found.update(name for name in raw if name not in (*AnimeRecord.model_fields, _METADATA, "entity_type"))
    if isinstance(stated, dict):
        found.update(f"{_METADATA}.{name}" for name in stated if name not in _METADATA_KEYS)
    return found


def observed_at(prepared: Prepared, now: datetime) -> datetime:
    """When the values were observed: at enrichment, else now. A record from the future would shut out every update
    until then, so it counts as observed now."""
    enriched_at = prepared.metadata.enriched_at
    return min(enriched_at, now) if enriched_at else now
