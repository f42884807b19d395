"""What is learned in one pass, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from contracts.events import AnimeUpdatedEvent
from handlers.identify import Unidentified, learned, search_and_queue

NOW = datetime(2026, 8, 9, tzinfo=UTC)
ONE, TWO = Unidentified(uuid4(), {"mal": "1"}), Unidentified(uuid4(), {"anilist": "5"})


@dataclass
class Shelf:
    lacking: list[Unidentified]
    events: list[AnimeUpdatedEvent] = field(default_factory=list)
    searched: list[UUID] = field(default_factory=list)

    async def unidentified(self, since: datetime, anime_max: int) -> list[Unidentified]:
        assert since < NOW
        return self.lacking[:anime_max]

    async def record(self, events: Sequence[AnimeUpdatedEvent], searched: Sequence[UUID], now: datetime) -> None:
        self.events += events
        self.searched += searched


def answering(*ids: Mapping[str, str], complete: bool = True) -> object:
    async def resolve(known: Sequence[Mapping[str, str]]) -> tuple[Sequence[Mapping[str, str]], bool]:
        return ids, complete

    return resolve


def test_only_what_is_new_is_said_and_the_same_finding_is_the_same_event() -> None:
    event = learned(ONE, {"mal": "1", "kitsu": "7"}, NOW)
    assert event is not None
    assert event.values is not None
    assert event.values.external_ids == {"kitsu": "7"}
    assert event.changed_fields == ["external_ids"]
    assert learned(ONE, {"kitsu": "7", "mal": "1"}, NOW) == event
    assert learned(ONE, {"mal": "1"}, NOW) is None


async def test_a_pass_queues_what_was_learned_and_remembers_all_that_it_searched_for() -> None:
    shelf = Shelf([ONE, TWO])
    assert await search_and_queue(shelf, answering({"mal": "1", "anilist": "9"}, {"anilist": "5"}), NOW) == 1  # type: ignore[arg-type]
    assert [event.anime_id for event in shelf.events] == [ONE.anime_id]
    assert shelf.searched == [ONE.anime_id, TWO.anime_id]


async def test_when_a_source_could_not_be_asked_only_what_was_learned_counts_as_searched() -> None:
    shelf = Shelf([ONE, TWO])
    await search_and_queue(shelf, answering({"mal": "1", "anilist": "9"}, {"anilist": "5"}, complete=False), NOW)  # type: ignore[arg-type]
    assert shelf.searched == [ONE.anime_id]


async def test_nothing_is_asked_when_nothing_lacks_an_id() -> None:
    async def never(known: Sequence[Mapping[str, str]]) -> tuple[Sequence[Mapping[str, str]], bool]:
        raise AssertionError("a source was asked for nothing")

    assert await search_and_queue(Shelf([]), never, NOW) == 0
