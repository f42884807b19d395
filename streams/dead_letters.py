"""The dead letters as HTTP asks for them: the room's answers in the words of the bodies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

from contracts import codec
from contracts.codec import PoisonMessage
from contracts.errors import EchoraError, Refused
from contracts.limits import POISON_SAMPLE_BYTES_MAX
from handlers.dead_letters import Choice, Chosen, Shown, choose, drop, groups, listed, shown
from streams.http.letter_models import (
    ChoiceWish,
    Conditions,
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
from streams.http.times import instant
from streams.letters import replay as send_again
from streams.runtime import Runtime

EVENT_BYTES_SHOWN_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class DeadLetterAnswers:
    """What `echora dlq` and the routes ask."""

    runtime: Runtime

    async def listing(self, query: LetterQuery) -> LetterList:
        """The latest letters."""
        found = await listed(self.runtime.pool, self._choice(query), query.state, query.limit)
        return LetterList(letters=[LetterFacts(**asdict(letter)) for letter in found])

    async def groups(self, query: LetterQuery) -> LetterGroups:
        """The letters by kind of failure."""
        found = await groups(self.runtime.pool, self._choice(query), query.state, query.limit)
        return LetterGroups(groups=[LetterGroup(**asdict(group)) for group in found])

    async def show(self, letter_id: UUID) -> LetterShown | None:
        """One letter."""
        found = await shown(self.runtime.pool, letter_id)
        return None if found is None else _shown(found)

    async def replay(self, wish: ReplayWish) -> AsyncIterator[int | LettersDecided]:
        """Look at the choice now, and give what sends it, step by step; the last value is the account."""
        chosen = await choose(self.runtime.pool, self._wanted(wish))
        return self._replay(wish, chosen)

    async def drop(self, wish: DropWish) -> LettersDecided:
        """Give a choice up."""
        chosen = await choose(self.runtime.pool, self._wanted(wish))
        if wish.dry_run:
            return _decided(chosen, is_dry=True)
        now = self.runtime.clock.now()
        done = await drop(self.runtime.pool, chosen, wish.reason, wish.by, now)
        return _decided(chosen, done=done)

    async def _replay(self, wish: ReplayWish, chosen: Chosen) -> AsyncIterator[int | LettersDecided]:
        seconds = round((chosen.letters - chosen.not_whole) / wish.per_second, 1)
        if wish.dry_run:
            yield _decided(chosen, is_dry=True, seconds=seconds)
            return
        done, error = 0, None
        try:
            async for queued in send_again(self.runtime, chosen, wish.per_second, wish.by):
                done = queued
                yield queued
        except EchoraError as failure:
            error = str(failure)
        yield _decided(chosen, done=done, seconds=seconds, error=error)

    def _wanted(self, wish: ChoiceWish) -> Choice:
        choice = replace(self._choice(wish), ids=tuple(wish.ids) if wish.ids else None)
        if choice.is_everything and not wish.all:
            raise Refused(
                "the choice of letters", "all", "nothing says which letters; give a condition, or say all of them"
            )
        return choice

    def _choice(self, wanted: Conditions) -> Choice:
        try:
            since = instant(wanted.since, self.runtime.clock.now()) if wanted.since else None
        except ValueError as error:
            raise Refused("the choice of letters", "since", str(error)) from None
        return Choice(None, wanted.fingerprint, wanted.consumer, wanted.subject, wanted.error_class, since)


def _decided(
    chosen: Chosen, *, done: int = 0, is_dry: bool = False, seconds: float | None = None, error: str | None = None
) -> LettersDecided:
    return LettersDecided(
        is_dry=is_dry,
        letters=chosen.letters,
        not_whole=chosen.not_whole,
        done=done,
        seconds=seconds,
        parts=[LetterPart(**asdict(part)) for part in chosen.parts],
        error=error,
    )


def _shown(found: Shown) -> LetterShown:
    event, unreadable = _event(found)
    return LetterShown(
        **asdict(found.letter),
        headers=dict(found.headers),
        sample_hex=found.payload[:POISON_SAMPLE_BYTES_MAX].hex(" "),
        event=event,
        unreadable=unreadable,
    )


def _event(found: Shown) -> tuple[dict[str, Any] | None, str | None]:
    if len(found.payload) > EVENT_BYTES_SHOWN_MAX:
        return None, f"{len(found.payload)} bytes are too many to show; {EVENT_BYTES_SHOWN_MAX} are shown"
    event = codec.decode(found.letter.subject, found.payload)
    if isinstance(event, PoisonMessage):
        return None, event.reason
    return event.model_dump(mode="json", exclude_none=True), None
