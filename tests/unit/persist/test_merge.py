"""The laws of merging: what is held in the end depends on what was said when, never on the order of arrival."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from handlers.persist.merge import NEVER_UNKNOWN, OVERLAID, STAR, Held, Saying, holder, merge

NOON = datetime(2026, 2, 17, 12, tzinfo=UTC)
FIELDS = ("title", "year", "status", "type", "statistics", "external_ids")
PLATFORMS = ("mal", "anilist", "kitsu")


@dataclass(frozen=True)
class Said:
    """One event: who said what and when; a whole record never removes."""

    incoming: dict[str, Any]
    saying: Saying
    whole_record: bool


def by(minute: int, number: int = 0, source: str = "mal", *, is_weighed: bool = False) -> Saying:
    """Who said it; what was weighed against others says of every field by which rule that was."""
    beliefs = {key: {"rule": f"{number} of {key}"} for key in keys()} if is_weighed else {}
    return Saying(source, NOON + timedelta(minutes=minute), UUID(int=number), beliefs)


def empty() -> Held:
    return Held({}, {})


def after(held: Held, *said: Said, attribute_fields: bool = False) -> Held:
    for event in said:
        merge(held, event.incoming, event.saying, whole_record=event.whole_record and not attribute_fields)
    return held


def known(held: Held) -> dict[str, Any]:
    return {name: value for name, value in held.values.items() if value is not None}


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(("One", "Two", "Three")),
    "year": st.integers(2000, 2003),
    "status": st.sampled_from(("ONGOING", "FINISHED", "UNKNOWN")),
    "type": st.sampled_from(("TV", "OVA", "UNKNOWN")),
    "statistics": st.dictionaries(
        st.sampled_from(PLATFORMS), st.fixed_dictionaries({"score": st.integers(0, 9)}), min_size=1, max_size=2
    ),
    "external_ids": st.dictionaries(st.sampled_from(PLATFORMS), st.sampled_from("123"), min_size=1, max_size=2),
}
WHOLE = st.fixed_dictionaries({}, optional=VALUES)
PARTIAL = st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in VALUES.items()})


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Up to six events with event ids of their own; several may have observed at one instant."""
    said: list[Said] = []
    for number in range(draw(st.integers(1, 6))):
        whole = draw(st.booleans())
        incoming = draw(WHOLE if whole else PARTIAL)
        saying = by(draw(st.integers(0, 3)), number, draw(st.sampled_from(PLATFORMS)), is_weighed=not whole)
        said.append(Said(incoming, saying, whole))
    return said


def keys(*held: Held) -> set[str]:
    """Every key that a later event may compare with."""
    overlaid = {f"{name}.{platform}" for name in OVERLAID for platform in PLATFORMS}
    return {*FIELDS, *overlaid} - OVERLAID


def value_of(held: Held, key: str) -> Any:
    name, dot, part = key.partition(".")
    return (held.values.get(name) or {}).get(part) if dot else held.values.get(name)


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(said: list[Said], random: Any) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)
    assert known(after(empty(), *said)) == known(after(empty(), *shuffled))


@given(histories(), st.data())
def test_hearing_an_event_again_changes_nothing(said: list[Said], data: st.DataObject) -> None:
    held = after(empty(), *said)
    held.changed.clear()
    before = deepcopy(held.values)
    after(held, data.draw(st.sampled_from(said)))
    assert held.values == before
    assert held.changed == set()


@given(histories(), PARTIAL, st.booleans())
def test_what_was_observed_earlier_never_wins(said: list[Said], incoming: dict[str, Any], whole: bool) -> None:
    held = after(empty(), *said)
    before = {key: value_of(held, key) for key in keys(held)}
    spoken = {key for key in keys(held) if holder(held.provenance, key, held_now=before[key] is not None)}
    stale = {name: value for name, value in incoming.items() if value is not None} if whole else incoming
    after(held, Said(stale, by(-1, 99), whole))
    for key in spoken:
        assert value_of(held, key) == before[key] or before[key] == "UNKNOWN", key


@given(histories())
def test_a_source_that_does_not_know_changes_nothing(said: list[Said]) -> None:
    held = after(empty(), *said)
    before = deepcopy(held.values)
    held.changed.clear()
    nothing: list[Any] = ["UNKNOWN", None]
    for number, value in enumerate(nothing):
        after(held, Said(dict.fromkeys(NEVER_UNKNOWN, value), by(100 + number, 200 + number), False))
        assert {name: held.values.get(name) for name in NEVER_UNKNOWN if before.get(name) is not None} == {
            name: before[name] for name in NEVER_UNKNOWN if before.get(name) is not None
        }


@given(histories())
def test_who_said_what_is_the_same_whether_a_record_is_attributed_as_a_whole_or_field_by_field(
    said: list[Said],
) -> None:
    whole, fields = after(empty(), *said), after(empty(), *said, attribute_fields=True)
    assert known(whole) == known(fields)
    assert STAR not in fields.provenance
    for key in keys(whole):
        is_held = value_of(whole, key) is not None
        assert holder(whole.provenance, key, held_now=is_held) == holder(fields.provenance, key, held_now=is_held), key


@given(histories())
def test_what_is_held_was_said_by_the_event_that_is_named(said: list[Said]) -> None:
    held = after(empty(), *said)
    for key in keys(held):
        value = value_of(held, key)
        if value is None:
            continue
        name, dot, part = key.partition(".")
        who = holder(held.provenance, key, held_now=True)
        assert who is not None, key
        (event,) = [event for event in said if str(event.saying.event_id) == who[2]]
        told = event.incoming[name][part] if dot else event.incoming[name]
        assert (told, event.saying.source) == (value, who[0])
        assert who[3:] == ([] if event.whole_record else [{"rule": f"{UUID(who[2]).int} of {key}"}]), "and why"


def test_the_figures_of_one_platform_leave_the_others_alone() -> None:
    held = after(empty(), Said({"statistics": {"mal": {"score": 8}, "kitsu": {"score": 7}}}, by(0, 1), True))
    after(held, Said({"statistics": {"mal": {"score": 9}}}, by(5, 2), False))
    assert held.values["statistics"] == {"mal": {"score": 9}, "kitsu": {"score": 7}}
    after(held, Said({"statistics": {"mal": {"score": 1}, "kitsu": {"score": 6}}}, by(3, 3), False))
    assert held.values["statistics"] == {"mal": {"score": 9}, "kitsu": {"score": 6}}


def test_a_map_that_was_removed_is_not_brought_back_by_what_was_said_before() -> None:
    held = after(empty(), Said({"statistics": {"mal": {"score": 8}}}, by(0, 1), True))
    after(held, Said({"statistics": None}, by(10, 2), False))
    assert held.values["statistics"] is None
    after(held, Said({"statistics": {"mal": {"score": 7}, "kitsu": {"score": 6}}}, by(5, 3), False))
    assert held.values["statistics"] is None
    after(held, Said({"statistics": {"kitsu": {"score": 6}}}, by(11, 4), False))
    assert held.values["statistics"] == {"kitsu": {"score": 6}}


def test_an_earlier_removal_leaves_the_platforms_that_spoke_later() -> None:
    held = after(empty(), Said({"statistics": {"mal": {"score": 8}}}, by(10, 1), False))
    after(held, Said({"statistics": {"kitsu": {"score": 6}}}, by(0, 2), False))
    after(held, Said({"statistics": None}, by(5, 3), False))
    assert held.values["statistics"] == {"mal": {"score": 8}}


def test_a_late_event_of_figures_for_an_anime_without_any_changes_it_once() -> None:
    held = after(empty(), Said({"title": "One"}, by(10, 1), True))
    held.changed.clear()
    after(held, Said({"statistics": {"mal": {"score": 8}}}, by(0, 2), False))
    assert held.changed == {"statistics"}


def test_of_two_events_of_one_instant_the_greater_id_wins() -> None:
    held = after(empty(), Said({"title": "Two"}, by(0, 2), False), Said({"title": "One"}, by(0, 1), False))
    assert held.values["title"] == "Two"


def test_a_known_type_wins_over_unknown_even_when_it_was_observed_earlier() -> None:
    held = after(empty(), Said({"type": "UNKNOWN"}, by(10, 1), True), Said({"type": "TV"}, by(0, 2), False))
    assert held.values["type"] == "TV"


def test_a_record_keeps_the_default_attribution_short() -> None:
    held = after(empty(), Said({"title": "One", "year": 2000, "statistics": {"mal": {"score": 8}}}, by(0, 1), True))
    assert set(held.provenance) == {STAR}
    after(held, Said({"year": 2001}, by(1, 2), False))
    assert set(held.provenance) == {STAR, "year"}
    after(held, Said({"title": "One", "year": 2001, "statistics": {"mal": {"score": 8}}}, by(2, 3), True))
    assert set(held.provenance) == {STAR}
