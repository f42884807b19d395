"""Events: the same tick and change give the same ids; who said what stays apart; risk travels along."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import AnimeUpdatedEvent
from handlers.persist.columns import ANIME
from handlers.persist.saying import changes as named_changes
from handlers.update.change import FieldChange
from handlers.update.diff import diff_anime, diff_character
from handlers.update.episodes import NewEpisode
from handlers.update.events import Cause, anime_events, character_events, episode_events
from tests.events import uid
from tests.unit.update.said import at, heard, heard_character, record

TICK = uid("tick")
CAUSE = Cause(TICK, at(10), uid("chain"))
SHOW = uid("show")


def change(field: str, old: Any, new: Any, source: str = "jikan", minute: float = 1) -> FieldChange:
    return FieldChange(field, old, new, source, at(minute), "most believed")


CHANGES = [
    change("title", "A", "B"),
    change("synopsis", "Old.", None),
    change("status", "ONGOING", "FINISHED", "anilist"),
    change("statistics.mal", {"score": 8}, {"score": 9}),
    change("statistics.kitsu", None, {"score": 7}, "kitsu", 2),
    change("score", None, {"median": 8.0}),
    change("external_ids.anilist", None, "1"),
    change("genres", ["a"], ["a", "b"]),
]


def events(changes: list[FieldChange], tick: UUID = TICK) -> list[AnimeUpdatedEvent]:
    return anime_events(SHOW, 3, changes, Cause(tick, at(10)))


@given(st.randoms(use_true_random=False))
def test_the_order_of_changes_and_the_time_of_making_do_not_change_the_events(chance: random.Random) -> None:
    shuffled = list(CHANGES)
    chance.shuffle(shuffled)
    assert events(shuffled) == events(CHANGES)
    later = anime_events(SHOW, 4, shuffled, Cause(TICK, at(99)))
    assert [one.event_id for one in later] == [one.event_id for one in events(CHANGES)]


def test_another_tick_another_entity_or_another_value_is_another_event() -> None:
    ids = {
        *(one.event_id for one in events([change("title", "A", "B")])),
        *(one.event_id for one in events([change("title", "A", "C")])),
        *(one.event_id for one in events([change("title", "A", "B")], uid("other tick"))),
        *(one.event_id for one in anime_events(uid("other"), 3, [change("title", "A", "B")], CAUSE)),
        *(one.event_id for one in events([change("title", "A", "B", "anilist")])),
    }
    assert len(ids) == 5


def test_every_change_is_told_once_by_who_said_it() -> None:
    found = events(CHANGES)
    assert [(one.source, one.changed_fields) for one in found] == [
        ("anilist", ["status"]),
        ("jikan", ["genres", "score", "statistics", "synopsis", "title"]),
        ("jikan", ["external_ids"]),
        ("kitsu", ["statistics"]),
    ]
    mine = found[1]
    assert mine.values is not None
    assert (mine.values.title, mine.values.genres, mine.values.synopsis) == ("B", ["a", "b"], None)
    assert mine.statistics["mal"].score == 9
    assert mine.score is not None
    assert mine.score.median == 8.0
    assert (mine.base_version, mine.causation_id, mine.observed_at) == (3, TICK, at(1))
    assert found[0].status == "FINISHED"


def test_risk_is_in_the_same_message_as_the_change() -> None:
    flags = [(one.field, one.rule) for event in events(CHANGES) for one in event.risks]
    assert flags == [("synopsis", "text removed"), ("title", "title changed")]
    (event,) = [event for event in events(CHANGES) if event.risks]
    assert {flag.field for flag in event.risks} < set(event.changed_fields)


def test_persist_reads_what_the_diff_meant() -> None:
    current = record("enrichment", 0, title="Old", hiatus={"reason": "a break"})
    said = heard("anilist", 1, title="New", hiatus=None, statistics={"anilist": {"score": 8.1}}, nsfw=False)
    found = diff_anime(current, [said]).changes
    (event,) = anime_events(SHOW, current.version, found, CAUSE)
    parts = event.values.model_dump(mode="json", exclude_none=True) if event.values else {}
    parts["statistics"] = {name: one.model_dump(exclude_none=True) for name, one in event.statistics.items()}
    assert named_changes(ANIME, event.changed_fields, parts, "") == {
        "title": "New",
        "hiatus": None,
        "nsfw": False,
        "statistics": {"anilist": {"score": 8.1}},
    }


def test_characters_and_episodes_have_events_too() -> None:
    found = diff_character(record("enrichment"), [heard_character("jikan", 1, name="Ginko", favorites=0)]).changes
    (event,) = character_events(uid("ginko"), 5, found, CAUSE)
    assert event.values is not None
    assert (event.changed_fields, event.values.name, event.values.favorites) == (["favorites", "name"], "Ginko", 0)
    assert (event.base_version, event.causation_id, event.correlation_id) == (5, TICK, uid("chain"))
    new = [NewEpisode(number, at(number), "jikan", at(9), {"title": f"Part {number}"}) for number in (4, 5)]
    four, five = episode_events(SHOW, new, CAUSE)
    assert (four.episode.episode_number, four.episode.title, four.aired_at) == (4, "Part 4", at(4))
    assert four.event_id != five.event_id
    assert episode_events(SHOW, new, Cause(TICK, at(50)))[1].event_id == five.event_id


def test_no_change_is_no_event() -> None:
    assert events([]) == []
    assert episode_events(SHOW, [], CAUSE) == []
