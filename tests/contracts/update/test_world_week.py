"""Nine days in the simulated world, looked at daily: every true change is found, and nothing is that did not happen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from pydantic_core import to_jsonable_python

from contracts.observation import Kind, Observation
from contracts.risk import risks_of
from handlers.persist.merge import instant
from handlers.sources.bodies import Entry
from handlers.sources.notes import Notes
from handlers.sources.observe import observation
from handlers.sources.port import Ask as Question
from handlers.sources.port import Reply
from handlers.sources.sources import SOURCES
from handlers.update.canonical import canonical
from handlers.update.change import FieldChange
from handlers.update.current import Current
from handlers.update.diff import diff_anime
from handlers.update.score_change import without_figures
from handlers.world.asking import Ask
from handlers.world.changes import Change, ChangeKind, Source
from handlers.world.dialects import dialects
from handlers.world.world import World
from tests.contracts.world.test_read_back import demo
from tests.events import uid
from tests.unit.update.said import applied
from tests.unit.world.catalogue import ORIGIN

ASKED = (Source.JIKAN, Source.ANILIST, Source.KITSU)
DAYS = 9
# What a change of the world is a change of in the record; the rest (figures, episodes, new shows) has other paths.
FIELD_OF = {"next_airing": "broadcast"}
ELSEWHERE = {"episodes", "record"}


def look(world: World, source: Source, now: datetime) -> dict[UUID, Observation]:
    """Everything that one service shows at one time, by anime."""
    adapter, dialect, notes = SOURCES[source.value], dialects()[source], Notes(source.value)
    showing, found = world.at(source, now), dict[UUID, Observation]()
    ids = tuple(str(showing.number(shown)) for shown in showing.anime())
    size = adapter.capability[Kind.ANIME].batch
    for start in range(0, len(ids), size):
        question = Question(Kind.ANIME, ids[start : start + size])
        calls = list(adapter.calls(question))
        while calls:
            call = calls.pop()
            sent = orjson.dumps(call.body) if call.body is not None else b""
            ask = Ask("POST" if sent else "GET", call.path, call.params, {}, sent)
            answer = dialect.answer(ask, showing)
            page = adapter.page(question, call, Reply(answer.status, {}, orjson.loads(orjson.dumps(answer.body))))
            calls += page.more
            for external_id, item in page.items.items():
                shown = showing.anime_by_number(int(external_id))
                assert shown is not None
                entry = Entry(item, now.timestamp(), now.timestamp(), None, now.timestamp())
                found[shown.title.id] = observation(adapter, question, external_id, item, entry, notes, now)
    return found


@pytest.fixture(scope="module")
def world() -> World:
    return World(demo(), seed=7, origin=ORIGIN)


@pytest.fixture(scope="module")
def found(world: World) -> list[tuple[UUID, int, FieldChange]]:
    """What daily looks found: anime, day and change. What is risky is held, so it is found again and again."""
    current: dict[UUID, Current] = {}
    entry = {"*": ["enrichment", instant(ORIGIN - timedelta(hours=1)), str(uid("import"))]}
    for shown in world.at(Source.JIKAN, ORIGIN).anime():
        values = shown.title.record.anime.model_dump(mode="json", exclude_none=True, exclude={"id"})
        current[shown.title.id] = Current({name: value for name, value in values.items() if value}, entry, 1)
    told: list[tuple[UUID, int, FieldChange]] = []
    for day in range(DAYS + 1):
        looks = [look(world, source, ORIGIN + timedelta(days=day)) for source in ASKED]
        for anime_id in current:
            changes = diff_anime(current[anime_id], [one[anime_id] for one in looks if anime_id in one]).changes
            told += [(anime_id, day, one) for one in without_figures(changes)]
            safe = [one for one in changes if not risks_of(one.field, one.old, one.new)]
            current[anime_id] = applied(current[anime_id], safe, day)
    return told


def test_the_first_look_only_adds(found: list[tuple[UUID, int, FieldChange]]) -> None:
    first = [change for _, day, change in found if day == 0]
    assert len(first) > 50
    for one in first:
        assert not risks_of(one.field, one.old, one.new), one
        if isinstance(one.old, list):
            assert len(one.new) >= len(one.old), one


def test_nothing_is_found_that_did_not_happen(world: World, found: list[tuple[UUID, int, FieldChange]]) -> None:
    truth = world.truth(ORIGIN - timedelta(days=7), ORIGIN + timedelta(days=DAYS))
    happened = {(one.entity_id, FIELD_OF.get(one.field, one.field)) for one in truth}
    invented = [one for anime_id, day, one in found if day and (anime_id, one.field) not in happened]
    assert invented == []


def test_what_happened_is_found_with_its_value(world: World, found: list[tuple[UUID, int, FieldChange]]) -> None:
    missed = [
        one
        for one in world.truth(ORIGIN, ORIGIN + timedelta(days=5))
        if is_due(one) and not any(is_it(one, anime_id, change) for anime_id, _, change in found)
    ]
    assert [(one.title, one.field, one.new) for one in missed] == []


def is_due(one: Change) -> bool:
    """Whether it is of a field that such looks tell, and for at least a day shown by those who are believed of it."""
    plain = one.entity_type.value == "anime" and one.field not in {*FIELD_OF, *ELSEWHERE}
    if not plain or one.field.startswith("statistics."):
        return False
    # The mistake was held, so its correction finds the title as it should be.
    if one.kind is ChangeKind.TITLE_RESTORED:
        return False
    # A title that is wrong on AniList alone is not believed against MyAnimeList's.
    return Source.JIKAN in one.visible or one.field in ("tags", "hiatus", "status")


def is_it(one: Change, anime_id: UUID, change: FieldChange) -> bool:
    if (anime_id, change.field) != (one.entity_id, one.field):
        return False
    if one.field == "hiatus":
        return bool(change.new) is bool(one.new)
    said, true = as_known(change.field, change.new), as_known(change.field, _plain(one.new))
    return said == true or (isinstance(said, frozenset) and isinstance(true, frozenset) and true <= said)


def as_known(field: str, value: Any) -> object:
    """The canonical value; of related works their titles, since ids and addresses are each service's own."""
    if field.startswith("related_"):
        return frozenset((group, work["title"]) for group, works in (value or {}).items() for work in works)
    return canonical(field, value)


def _plain(value: Any) -> Any:
    return to_jsonable_python(value, exclude_none=True)
