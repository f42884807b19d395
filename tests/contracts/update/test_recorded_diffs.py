"""Recorded bodies of one anime at different times: the diff is what a person who lays them side by side would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.observation import Kind, Observation
from contracts.risk import risks_of
from handlers.sources.bodies import Entry
from handlers.sources.notes import Notes
from handlers.sources.observe import observation
from handlers.sources.scores import means
from handlers.sources.sources import SOURCES
from handlers.update.belief import NOT_HEARD, OWN_LIST
from handlers.update.canonical import canonical
from handlers.update.current import Current
from handlers.update.diff import diff_anime, diff_character
from handlers.update.score_change import score_changes, without_figures
from handlers.update.statements import of_member
from tests.contracts.sources.recordings import FOLDERS, Item, exchanges, files, items_of, needs_recordings
from tests.unit.update.said import applied

pytestmark = needs_recordings
DAY = datetime(2026, 11, 1, tzinfo=UTC)


def seen(item: Item, days: int = 0) -> Observation:
    """The item as it would have been observed so many days after the first."""
    when = (DAY + timedelta(days=days)).timestamp()
    adapter, entry = SOURCES[item.source], Entry(item.raw, when, when, None, when)
    return observation(adapter, item.ask, item.external_id, item.raw, entry, Notes(item.source), DAY)


def recorded(source: str, file: str, external_id: str, days: int = 0, kind: Kind = Kind.ANIME) -> Observation:
    (exchange, *_) = exchanges(file, source)
    items = items_of(source, exchange, exchange.reply.data)
    (item, *_) = [one for one in items if (one.external_id, one.ask.kind) == (external_id, kind)]
    return seen(item, days)


def between(source: str, before: str, after: str, external_id: str) -> dict[str, tuple[Any, Any]]:
    """What changed from one body to the next, the record being what the first one said."""
    first = recorded(source, before, external_id)
    current = applied(Current(), diff_anime(Current(), [first]).changes)
    found = diff_anime(current, [recorded(source, after, external_id, days=6)])
    return {one.field: (one.old, one.new) for one in found.changes}


def figures(changed: tuple[Any, Any]) -> dict[str, tuple[Any, Any]]:
    old, new = changed
    return {name: (old.get(name), new.get(name)) for name in new if old.get(name) != new.get(name)}


def test_jikan_457_six_days_later_has_more_fans_and_nothing_else() -> None:
    changed = between("jikan", "jikanpy-anime-success.json", "jikanpy-aio-anime-success.json", "457")
    assert set(changed) == {"statistics.mal"}
    assert figures(changed["statistics.mal"]) == {
        "favorites": (25306, 25340),
        "members": (766612, 767405),
        "scored_by": (260971, 261195),
    }


def test_jikan_457_twice_on_one_day_is_the_same() -> None:
    assert between("jikan", "jikanpy-wrap-response.json", "jikanpy-anime-success.json", "457") == {}


@pytest.mark.parametrize(
    ("before", "after"), [("1@944d11e.json", "1@23a8a41.json"), ("1@23a8a41.json", "1@00e4807.json")]
)
def test_mal_1_has_its_cover_elsewhere_and_other_figures(before: str, after: str) -> None:
    changed = between("mal", before, after, "1")
    assert set(changed) == {"statistics.mal", "images"}
    assert {"scored_by", "members", "rank"} <= set(figures(changed["statistics.mal"]))
    old, new = changed["images"]
    assert len(old["covers"]) == len(new["covers"]) == 1
    assert risks_of("images", old, new) == [], "a cover that moves is no loss"


def test_mal_21_has_other_figures() -> None:
    changed = between("mal", "21@944d11e.json", "21@002fc49.json", "21")
    assert set(changed) == {"statistics.mal"}
    assert set(figures(changed["statistics.mal"])) == {"rank", "members", "scored_by"}


def test_a_year_of_votes_that_leaves_the_mean_is_no_news() -> None:
    first = recorded("mal", "1@944d11e.json", "1")
    current = applied(Current(), diff_anime(Current(), [first]).changes)
    published = score_changes(current, [], means, Decimal("0.1"), DAY)
    current = applied(current, published)
    found = diff_anime(current, [recorded("mal", "1@00e4807.json", "1", days=400)]).changes
    assert score_changes(current, found, means, Decimal("0.1"), DAY + timedelta(days=400)) == []
    assert [one.field for one in without_figures(found)] == ["images"]


def all_items() -> list[Item]:
    return [
        item
        for source in FOLDERS
        for file in files(source)
        for exchange in exchanges(file, source)
        for item in items_of(source, exchange, exchange.reply.data)
        if item.ask.kind in (Kind.ANIME, Kind.CHARACTER, Kind.STAFF)
    ]


def test_every_recorded_body_heard_again_is_no_change() -> None:
    items = all_items()
    assert len(items) > 100
    for item in items:
        diff = diff_character if item.ask.kind is Kind.CHARACTER else diff_anime
        current = applied(Current(), diff(Current(), [seen(item)]).changes)
        assert diff(current, [seen(item, days=1)]).changes == (), (item.source, item.external_id)


def test_every_recorded_body_fills_an_empty_record_with_what_it_states() -> None:
    for item in all_items():
        one = seen(item)
        if item.ask.kind is Kind.CHARACTER or one.anime is None:
            continue
        after = applied(Current(), diff_anime(Current(), [one]).changes)
        said = one.anime.model_dump(mode="json", exclude_none=True)
        for name in one.speaks_for & set(said) - {name for source, name in NOT_HEARD if source == item.source}:
            assert canonical(name, after.values.get(name)) == canonical(name, said[name]), (item.source, name)


def test_jikan_and_mal_of_one_anime_do_not_quarrel() -> None:
    """The same catalogue through two doors: what the second adds is kept, and nothing swings to and fro."""
    jikan = recorded("jikan", "jikanpy-aio-anime-success.json", "457")
    mal = recorded("mal", "457@00e4807.json", "457", days=1)
    current = applied(Current(), diff_anime(Current(), [jikan]).changes)
    found = diff_anime(current, [mal])
    current = applied(current, found.changes, 1)
    changed = {one.field for one in without_figures(found.changes)}
    assert not any(risks_of(one.field, one.old, one.new) for one in found.changes)
    assert changed.isdisjoint({"title", "type", "status", "rating", "episode_count", "genres", "themes", "studios"})
    again = jikan.model_copy(update={"observed_at": DAY + timedelta(days=2)})
    assert without_figures(diff_anime(current, [again]).changes) == []


def test_a_cast_says_of_a_character_what_the_record_already_has() -> None:
    cast = recorded("anilist", "pyanilist-test_anilist_get_characters_with_role.json", "0", kind=Kind.CHARACTERS)
    member = (cast.characters or [])[0]
    current = applied(Current(), diff_character(Current(), [of_member(cast, member)]).changes)
    assert current.values["name"] == "Mari Tamaki"
    later = cast.model_copy(update={"observed_at": DAY + timedelta(days=7)})
    fewer = member.model_copy(update={"voice_actors": (member.voice_actors or [])[:1]})
    assert diff_character(current, [of_member(later, member)]).changes == ()
    (change,) = diff_character(current, [of_member(later, fewer)]).changes
    assert (change.field, change.rule) == ("voice_actors", OWN_LIST)
    assert [flag.rule for flag in risks_of(change.field, change.old, change.new)] == ["list loses more than half"]
