"""Dead letters that are answered from memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.errors import Outage, Refused
from handlers.dead_letters import State
from streams.http.letter_models import (
    DropWish,
    LetterFacts,
    LetterGroup,
    LetterGroups,
    LetterList,
    LetterPart,
    LetterQuery,
    LettersDecided,
    LetterShown,
    ReplayWish,
)

LETTER = UUID("0d3c7c0e-6f0e-5e0b-9a53-2a4b9c1f7d11")
FAILED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "id": LETTER,
    "stream": "ANIME_EVENTS",
    "consumer": "postgres-update-consumer",
    "stream_sequence": 7,
    "subject": "anime.updated",
    "payload_bytes": 2,
    "is_whole": True,
    "error_class": "Refused",
    "error": "title: is\x1b[31m missing\nhere",
    "fingerprint": "3f9a0c27d41be865",
    "attempts": 5,
    "first_failed_at": FAILED,
    "last_failed_at": FAILED,
    "replays": 1,
    "state": State.WAITING,
}
PART = LetterPart(
    consumer="postgres-update-consumer",
    subject="anime.updated",
    letters=3,
    not_whole=1,
    first_failed_at=FAILED,
    last_failed_at=FAILED,
)


@dataclass
class Letters:
    """What was asked; `failure` breaks a replay off after its first step."""

    asked: list[Any] = field(default_factory=list)
    letters: list[LetterFacts] = field(default_factory=lambda: [LetterFacts(**FACTS)])
    failure: Outage | None = None

    async def listing(self, query: LetterQuery) -> LetterList:
        if query.since == "soon":
            raise Refused("the choice of letters", "since", "'soon' is no time")
        self.asked.append(query)
        return LetterList(letters=self.letters)

    async def groups(self, query: LetterQuery) -> LetterGroups:
        self.asked.append(query)
        group = LetterGroup(
            fingerprint="3f9a0c27d41be865",
            consumer="postgres-update-consumer",
            error_class="Refused",
            waiting=3,
            replayed=0,
            dropped=1,
            first_failed_at=FAILED,
            last_failed_at=FAILED,
            replays_max=1,
            sample_id=LETTER,
            sample_subject="anime.updated",
            sample_error="title: is missing",
        )
        return LetterGroups(groups=[group] if self.letters else [])

    async def show(self, letter_id: UUID) -> LetterShown | None:
        if letter_id != LETTER:
            return None
        return LetterShown(**FACTS, headers={"a": "b"}, sample_hex="ff 00", unreadable="not an AnimeUpdatedEvent")

    async def replay(self, wish: ReplayWish) -> AsyncIterator[int | LettersDecided]:
        self.asked.append(wish)
        return self._replay(wish)

    async def _replay(self, wish: ReplayWish) -> AsyncIterator[int | LettersDecided]:
        done = 0
        if not wish.dry_run:
            done = 2 if self.failure is None else 1
            yield done
        yield LettersDecided(
            is_dry=wish.dry_run,
            letters=3,
            not_whole=1,
            done=done,
            seconds=0.1,
            parts=[PART],
            error=str(self.failure) if self.failure else None,
        )

    async def drop(self, wish: DropWish) -> LettersDecided:
        self.asked.append(wish)
        return LettersDecided(is_dry=wish.dry_run, letters=3, not_whole=1, done=0 if wish.dry_run else 3, parts=[PART])
