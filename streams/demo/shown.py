"""What a source showed of a field at an instant: the world is made again from its plan and asked as it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson

from contracts.model.anime_parts import Statistics
from contracts.observation import Kind, Observation
from handlers.sources.bodies import Entry
from handlers.sources.notes import Notes
from handlers.sources.observe import observation
from handlers.sources.port import Ask as Question
from handlers.sources.port import Reply
from handlers.sources.scores import means
from handlers.sources.sources import SOURCES
from handlers.update.belief import sources_of
from handlers.update.statements import of_member, statements
from handlers.verdict.evidence import Told
from handlers.world.asking import Ask
from handlers.world.changes import Source
from handlers.world.dialects import dialects
from handlers.world.titles import character_number
from handlers.world.world import World

JSON = Any
Words = Callable[[str, str, datetime], Mapping[str, list[JSON]]]
# Of an answer it is known when it was taken down, and that the question was sent at most this long before.
ASKED_BEFORE: Final = timedelta(hours=3)
_KINDS: Final = {
    "anime": (Kind.ANIME, Kind.STAFF, Kind.STATISTICS, Kind.AIRING),
    "character": (Kind.CHARACTER,),
}
_PAGES_MAX: Final = 20
# MyAnimeList answers nobody without a client id.
_HEADERS: Final = {"x-mal-client-id": "world"}


class ShownBySources:
    """The word of every source at any time; each is asked once per entity and instant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dialects = dialects()
        self.words = cache(self._words)
        self.words_of_casts = cache(self._words_of_casts)
        self.asked = cache(self._asked)

    def of(self, told: Told) -> Iterator[JSON]:
        """What the sources of a told value showed of its field when they were asked, latest first."""
        times = sorted({told.at, told.observed_at, told.observed_at - ASKED_BEFORE}, reverse=True)
        if told.field == "episodes":
            yield from self._aired(UUID(told.entity_id), told.at)
        elif told.field == "score":
            yield from (score for at in times if (score := self._score(told.entity_id, at)) is not None)
        elif told.field == "external_ids":
            yield self._ids(told.entity_id)
        else:
            names = sorted(sources_of(told.source) & SOURCES.keys())
            for words in (self.words, self.words_of_casts):
                yield from (word for at in times for name in names for word in self._field(words, name, told, at))

    def _aired(self, anime_id: UUID, at: datetime) -> set[int]:
        title = self._world.history.titles.get(anime_id)
        if title is None:
            return set()
        coming = title.first_next or title.returning
        before = range(coming.number) if coming is not None else (one.episode_number for one in title.record.episodes)
        changes = self._world.truth(self._world.origin, at)
        since = (one.new.episode_number for one in changes if (one.entity_id, one.field) == (anime_id, "episodes"))
        return {*before, *since}

    def _field(self, words_of: Words, source: str, told: Told, at: datetime) -> list[JSON]:
        words = words_of(source, told.entity_id, at)
        if told.field == "statistics":
            return [{name.partition(".")[2]: said[0]} for name, said in words.items() if name.startswith("statistics.")]
        return words.get(told.field, [])

    def _score(self, entity_id: str, at: datetime) -> JSON:
        figures = {
            name.partition(".")[2]: Statistics.model_validate(said[0])
            for source in SOURCES
            for name, said in self.words(source, entity_id, at).items()
            if name.startswith("statistics.")
        }
        score = means(figures)
        return score.model_dump(mode="json", exclude_none=True) if score else None

    def _ids(self, entity_id: str) -> dict[str, str]:
        title = self._world.history.titles.get(UUID(entity_id))
        if title is not None:
            return {"mal" if one is Source.JIKAN else one.value: str(number) for one, number in title.ids.items()}
        character = self._world.history.characters.get(UUID(entity_id))
        if character is None:
            return {}
        return {one.value: str(character_number(character, one)) for one in Source if one is not Source.JIKAN}

    def _words(self, source: str, entity_id: str, at: datetime) -> Mapping[str, list[JSON]]:
        at = max(at, self._world.origin)
        kind_of = "anime" if UUID(entity_id) in self._world.history.titles else "character"
        ids = self._ids(entity_id)
        external_id = ids.get(SOURCES[source].platform)
        if external_id is None:
            return {}
        offered = [kind for kind in _KINDS[kind_of] if kind in SOURCES[source].capability]
        return _by_field(one for kind in offered for one in self.asked(source, kind, external_id, at))

    def _words_of_casts(self, source: str, entity_id: str, at: datetime) -> Mapping[str, list[JSON]]:
        """What the casts of its anime say of a character: who has no id yet is looked for there."""
        at = max(at, self._world.origin)
        adapter, found = SOURCES[source], list[Observation]()
        external_id = self._ids(entity_id).get(adapter.platform)
        if Kind.CHARACTERS not in adapter.capability:
            return {}
        for anime_id in self._world.history.works_of.get(UUID(entity_id), []):
            anime = self._ids(str(anime_id)).get(adapter.platform)
            casts = self.asked(source, Kind.CHARACTERS, anime, at) if anime else []
            found += [
                of_member(seen, one)
                for seen in casts
                for one in seen.characters or ()
                if (one.external_ids or {}).get(adapter.platform) == external_id
            ]
        return _by_field(found)

    def _asked(self, source: str, kind: Kind, external_id: str, at: datetime) -> list[Observation]:
        adapter, dialect = SOURCES[source], self._dialects[Source(source)]
        showing = self._world.at(Source(source), at)
        question = Question(kind, (external_id,))
        calls, found = list(adapter.calls(question)), list[Observation]()
        for _ in range(_PAGES_MAX):
            if not calls:
                break
            call = calls.pop()
            sent = orjson.dumps(call.body) if call.body is not None else b""
            asked = Ask("POST" if sent else "GET", call.path, call.params, _HEADERS, sent)
            answer = dialect.answer(asked, showing)
            reply = Reply(answer.status, {}, orjson.loads(orjson.dumps(answer.body)))
            if answer.status != 200:
                continue
            page = adapter.page(question, call, reply)
            calls += page.more
            entry = Entry({}, at.timestamp(), at.timestamp(), None, at.timestamp())
            found += [
                observation(adapter, question, one, item, entry, Notes(source), at) for one, item in page.items.items()
            ]
        return found


def _by_field(seen: Iterable[Observation]) -> dict[str, list[JSON]]:
    words: dict[str, list[JSON]] = {}
    for one in seen:
        for name, said in statements([one]).items():
            words.setdefault(name, []).append(said[0].value)
    return words
