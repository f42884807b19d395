"""What is found, held, missed and not due, one true change at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.workflow import DAY_S
from handlers.verdict.evidence import Held, Stored
from handlers.verdict.judge import Judged, Outcome, judge
from handlers.verdict.looks import METADATA
from handlers.verdict.truth import TrueChange, change_of
from tests.unit.verdict.sample import ALL, POLICIES, SHOW, at, change, evidence, span, told

NEW, OLD = "It begins quietly.", "It begins."


def only(judged: list[Judged]) -> Judged:
    (one,) = judged
    return one


def stored(**values: Any) -> Stored:
    return Stored("A Show", values, {"synopsis": OLD, "title": "A Show", "status": "ONGOING"}, platforms=ALL)


REWRITTEN = change("synopsis", OLD, NEW, {"mal": at(1, 6), "anilist": at(1, 3), "kitsu": at(1, 9)})


def test_what_the_record_holds_and_an_event_told_is_found_and_says_how_late() -> None:
    one = only(judge([REWRITTEN], evidence(stored(synopsis=NEW), [told("synopsis", NEW, at(2, 13))]), span()))
    assert (one.outcome, one.is_due, one.late) == (Outcome.FOUND, True, timedelta(days=1, hours=10))


def test_what_nobody_told_is_missed_and_the_reason_names_the_look() -> None:
    one = only(judge([REWRITTEN], evidence(stored(synopsis=OLD)), span()))
    assert (one.outcome, one.is_due) == (Outcome.MISSED, True)
    assert one.why == "mal showed it from Tue 06:00, a look was due Wed 12:00"


def test_another_value_is_missed() -> None:
    wrong = evidence(stored(synopsis="It ends."), [told("synopsis", "It ends.", at(2, 13))])
    assert only(judge([REWRITTEN], wrong, span())).outcome is Outcome.MISSED


def test_what_was_told_and_is_not_in_the_record_is_missed() -> None:
    lost = evidence(stored(synopsis=OLD), [told("synopsis", NEW, at(2, 13))])
    assert only(judge([REWRITTEN], lost, span())).outcome is Outcome.MISSED


def test_what_was_told_and_then_changed_again_is_found() -> None:
    again = change("synopsis", NEW, "Third.", {"mal": at(4)})
    both = judge([REWRITTEN, again], evidence(stored(synopsis="Third."), [told("synopsis", NEW, at(2, 13))]), span())
    assert [one.outcome for one in both] == [Outcome.FOUND, Outcome.NOT_DUE]


def test_a_record_that_moved_on_after_the_end_had_found_what_came_before() -> None:
    later = change("synopsis", NEW, "Third.", {"mal": at(7, 5)})
    moved_on = evidence(
        stored(synopsis="Third."), [told("synopsis", NEW, at(2, 13)), told("synopsis", "Third.", at(7, 6))]
    )
    one = only(judge([REWRITTEN, later], moved_on, span()))
    assert (one.change, one.outcome) == (REWRITTEN, Outcome.FOUND)


def test_what_waits_for_a_person_is_held_with_its_reasons() -> None:
    review = Held(SHOW, "title", "A Show: The Movie", at(2, 14), ("title changes",))
    mistaken = change("title", "A Show", "A Show: The Movie", {"mal": at(1)}, hidden={"mal": at(3)})
    one = only(judge([mistaken], evidence(stored(title="A Show"), held=[review]), span()))
    assert (one.outcome, one.is_due, one.why) == (Outcome.HELD, True, "title changes")


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (change("synopsis", OLD, NEW, {"mal": at(3)}), "no look was due after mal showed it"),
        (
            change("title", "A Show", "B", {"mal": at(1)}, hidden={"mal": at(2)}),
            "mal showed something else again before the next look",
        ),
        # Shown until just after the look, which may come as late as that.
        (
            change("title", "A Show", "B", {"mal": at(1)}, hidden={"mal": at(2, 15)}),
            "mal showed something else again before the next look",
        ),
        (change("title", "A Show", "B", {"anilist": at(1)}), "no source that is believed of it shows it"),
        (change("record", None, {}, {"mal": at(1)}), "it is a new show, and looks are for shows that are known"),
        (change("tags", [], ["sea"], {"anilist": at(1)}, entity_id="other"), "the catalogue does not have it"),
    ],
)
def test_what_no_look_could_see_is_not_due(one: TrueChange, reason: str) -> None:
    judged = only(judge([one], evidence(stored()), span()))
    assert (judged.outcome, judged.is_due, judged.why) == (Outcome.NOT_DUE, False, reason)


def test_what_is_shown_long_enough_after_the_look_is_due() -> None:
    long = change("title", "A Show", "B", {"mal": at(1)}, hidden={"mal": at(2, 19)})
    assert only(judge([long], evidence(stored()), span())).outcome is Outcome.MISSED


def test_looks_that_a_restart_spreads_may_come_later_still() -> None:
    spread = {**POLICIES, METADATA: replace(POLICIES[METADATA], catch_up_spread_s=DAY_S)}
    wide = replace(span(), policies=spread)
    for hidden, outcome in ((at(3, 17), Outcome.NOT_DUE), (at(3, 19), Outcome.MISSED)):
        short = change("title", "A Show", "B", {"mal": at(1)}, hidden={"mal": hidden})
        assert only(judge([short], evidence(stored()), wide)).outcome is outcome


def test_a_mistake_that_was_held_leaves_nothing_to_restore() -> None:
    restored = change("title", "B", "A Show", {"mal": at(1)})
    one = only(judge([restored], evidence(stored(title="A Show")), span()))
    assert (one.outcome, one.why) == (Outcome.NOT_DUE, "the record never said anything else")


def test_a_mistake_that_was_taken_over_has_to_be_restored() -> None:
    restored = change("title", "B", "A Show", {"mal": at(1)})
    assert only(judge([restored], evidence(stored(title="B")), span())).outcome is Outcome.MISSED


def test_the_most_believed_source_decides_from_when_it_is_due() -> None:
    late_at_mal = change("synopsis", OLD, NEW, {"mal": at(3), "anilist": at(1)})
    assert only(judge([late_at_mal], evidence(stored()), span())).outcome is Outcome.NOT_DUE
    only_anilist = Stored("A Show", {}, {"synopsis": OLD}, platforms=frozenset({"anilist"}))
    assert only(judge([late_at_mal], evidence(only_anilist), span())).outcome is Outcome.MISSED


def episode(number: int, visible: dict[str, Any], when: Any) -> TrueChange:
    return change("episodes", None, {"episode_number": number}, visible, happened=when, kind="episode_aired")


def test_an_episode_is_due_at_its_air_time_or_a_repeated_look() -> None:
    shown = episode(7, {"anilist": at(3, 13), "jikan": at(3, 16)}, at(3, 12))
    assert only(judge([shown], evidence(stored()), span())).outcome is Outcome.MISSED
    assert only(judge([shown], evidence(stored()), span(until=at(3, 13.5)))).outcome is Outcome.NOT_DUE
    assert only(judge([shown], evidence(stored()), span(until=at(3, 14)))).outcome is Outcome.MISSED


def test_an_episode_is_found_when_its_row_is_there() -> None:
    shown = episode(7, {"anilist": at(3, 13)}, at(3, 12))
    kept = Stored("A Show", {}, episodes=frozenset({6, 7}), platforms=ALL)
    found = only(judge([shown], evidence(kept, [told("episodes", 7, at(3, 14))]), span()))
    assert (found.outcome, found.late) == (Outcome.FOUND, timedelta(hours=1))
    unstored = Stored("A Show", {}, episodes=frozenset({6}), platforms=ALL)
    assert only(judge([shown], evidence(unstored, [told("episodes", 7, at(3, 14))]), span())).outcome is Outcome.MISSED


def test_a_show_without_an_air_time_is_looked_at_within_a_day() -> None:
    shown = episode(7, {"anilist": at(3, 13)}, at(3, 12))
    kept = Stored("A Show", {}, platforms=ALL, is_timed=False)
    assert only(judge([shown], evidence(kept), span(until=at(4, 12)))).outcome is Outcome.NOT_DUE
    assert only(judge([shown], evidence(kept), span(until=at(4, 14)))).outcome is Outcome.MISSED


def test_an_end_is_asked_for_daily() -> None:
    ended = change("status", "ONGOING", "FINISHED", {"anilist": at(4), "mal": at(4, 9)}, kind="finale")
    assert only(judge([ended], evidence(stored()), span(until=at(4, 23)))).outcome is Outcome.NOT_DUE
    assert only(judge([ended], evidence(stored()), span(until=at(5, 1)))).outcome is Outcome.MISSED


def test_figures_are_judged_by_the_score_that_they_make() -> None:
    assert judge([change("statistics.mal", {}, {"score": 9.0}, {"mal": at(1)})], evidence(), span()) == []


def test_a_character_is_looked_at_weekly_and_not_believed_of_myanimelists_interface() -> None:
    described = change("description", "", "Tall.", {"jikan": at(1), "mal": at(1)}, entity_type="character")
    assert only(judge([described], evidence(stored()), span())).outcome is Outcome.MISSED
    nowhere = evidence(Stored("A Show", {}))
    assert only(judge([described], nowhere, span())).why == "it has no id on any source"


def test_the_words_of_the_world_become_a_change() -> None:
    said = {
        "id": "1", "kind": "tag_added", "entity_type": "anime", "entity_id": SHOW, "title": "A Show", "field": "tags",
        "old": [], "new": ["sea"], "at": "2026-08-10T01:00:00+00:00",
        "visible": {"anilist": "2026-08-10T02:00:00+00:00"}, "hidden_from": {},
    }  # fmt: skip
    one = change_of(said)
    assert (one.at, one.visible, one.name) == (at(0, 1), {"anilist": at(0, 2)}, "tags")
    with pytest.raises(KeyError):
        change_of({})
