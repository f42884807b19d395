from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model.enums import AnimeStatus
from handlers.world.changes import ChangeKind, NextAiring
from handlers.world.simulation import simulate
from handlers.world.titles import as_records
from tests.unit.world.catalogue import ORIGIN, catalogue, world

RECORDS = as_records(catalogue())
WEEK = timedelta(days=7)
# A premiere, the end of a break and an announced total need their own circumstances; all else happens every week.
EVERY_WEEK = set(ChangeKind) - {
    ChangeKind.PREMIERE,
    ChangeKind.BREAK_ENDED,
    ChangeKind.EPISODE_COUNT_ANNOUNCED,
}


def weeks(seed: int, count: int):
    return list(islice(simulate(RECORDS, seed, ORIGIN), count))


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_truth(seed: int):
    assert weeks(seed, 2) == weeks(seed, 2)


def test_another_seed_gives_another_truth():
    assert weeks(1, 1) != weeks(2, 1)


def test_looking_further_ahead_never_alters_what_was_seen():
    assert weeks(7, 6)[:2] == weeks(7, 2)


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_of_change_happens_in_the_first_week(seed: int):
    found = {change.kind for change in weeks(seed, 1)[0].changes}
    assert found >= EVERY_WEEK


@pytest.mark.parametrize("seed", range(4))
def test_several_kinds_happen_in_every_later_week(seed: int):
    for week in weeks(seed, 5):
        assert len({change.kind for change in week.changes}) >= 8


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32))
def test_episodes_air_in_order_and_never_beyond_the_total(seed: int):
    aired = {record.anime.id: [e.episode_number for e in record.episodes] for record in RECORDS}
    totals = {record.anime.id: record.anime.episode_count for record in RECORDS}
    for change in (change for week in weeks(seed, 6) for change in week.changes):
        if change.field == "record":
            aired[change.entity_id], totals[change.entity_id] = [], change.new.anime.episode_count
        if change.field == "episode_count":
            totals[change.entity_id] = change.new
            assert change.new >= max(aired[change.entity_id], default=0)
        if change.field == "episodes":
            numbers, number = aired[change.entity_id], change.new.episode_number
            assert number == max(numbers, default=0) + 1
            assert totals[change.entity_id] is None or number <= totals[change.entity_id]
            numbers.append(number)


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32))
def test_each_change_starts_from_what_was_true(seed: int):
    now = defaultdict(dict)
    for change in (change for week in weeks(seed, 4) for change in week.changes):
        values = now[change.entity_id]
        if change.field in values and change.field != "episodes":
            assert change.old == values[change.field]
        values[change.field] = change.new


def test_a_show_finishes_with_its_last_episode_and_a_long_runner_does_not():
    aired, finished = {}, {}
    for change in (change for week in weeks(3, 16) for change in week.changes):
        if change.field == "episodes":
            aired[change.entity_id] = (change.new.episode_number, change.at)
        if change.kind is ChangeKind.FINALE and change.field == "status":
            finished[change.entity_id] = change
    assert finished
    assert all(one.new is AnimeStatus.FINISHED for one in finished.values())
    assert all(one.at - aired[anime_id][1] == timedelta(minutes=30) for anime_id, one in finished.items())
    assert RECORDS[4].anime.id not in finished
    assert aired[RECORDS[4].anime.id][0] > 260


def test_a_break_stops_the_episodes_until_it_ends():
    changes = [change for week in weeks(7, 8) for change in week.changes]
    begun = next(c for c in changes if c.kind is ChangeKind.BREAK_STARTED and c.field == "hiatus")
    ended = next(
        c for c in changes
        if c.kind is ChangeKind.BREAK_ENDED and c.field == "next_airing" and c.entity_id == begun.entity_id
    )  # fmt: skip
    assert isinstance(ended.new, NextAiring)
    assert ended.new.at == begun.new.hiatus_until
    aired = [c.at for c in changes if c.field == "episodes" and c.entity_id == begun.entity_id and c.at > begun.at]
    assert aired
    assert min(aired) == ended.new.at


def test_a_delayed_episode_airs_a_week_later():
    changes = [change for week in weeks(7, 3) for change in week.changes]
    delay = next(c for c in changes if c.kind is ChangeKind.DELAYED)
    assert delay.new.at - delay.old.at == WEEK
    aired = [c.at for c in changes if c.field == "episodes" and c.entity_id == delay.entity_id and c.at > delay.at]
    assert min(aired) == delay.new.at


def test_two_at_once_have_one_air_time_and_become_visible_together():
    changes = [c for c in weeks(7, 1)[0].changes if c.kind is ChangeKind.TWO_AT_ONCE and c.field == "episodes"]
    assert len(changes) >= 2
    by_time = defaultdict(list)
    for change in changes:
        by_time[change.entity_id].append(change)
    for pair in by_time.values():
        assert len({change.at for change in pair}) == 1
        assert len({tuple(sorted(change.visible.items())) for change in pair}) == 1


def test_a_premiere_turns_a_show_to_ongoing():
    changes = [change for week in weeks(7, 3) for change in week.changes]
    premieres = [change for change in changes if change.kind is ChangeKind.PREMIERE]
    assert {change.new for change in premieres} == {AnimeStatus.ONGOING}
    assert len(premieres) == 2


def test_an_announced_season_premieres_in_its_own_time():
    changes = [change for week in weeks(7, 10) for change in week.changes]
    announced = next(change for change in changes if change.field == "record")
    mine = [change for change in changes if change.entity_id == announced.entity_id]
    premiere = next(change for change in mine if change.kind is ChangeKind.PREMIERE)
    first = next(change for change in mine if change.field == "episodes")
    assert first.new.episode_number == 1
    assert timedelta(weeks=4) < first.at - announced.at < timedelta(weeks=7)
    assert premiere.at == first.at


def test_a_mistaken_title_is_shown_on_one_platform_only_and_put_right():
    changes = [change for week in weeks(7, 2) for change in week.changes if change.field == "title"]
    wrong, right = changes[0], changes[1]
    assert right.new == wrong.old
    assert set(wrong.visible) in ({"jikan", "mal"}, {"anilist"})
    assert all(right.visible[source] > wrong.visible[source] for source in wrong.visible)


def test_scores_move_differently_on_each_platform_and_some_beyond_the_threshold():
    first = {}
    for change in (c for c in weeks(7, 1)[0].changes if c.kind is ChangeKind.SCORE_DRIFT):
        old, new = change.old, change.new
        assert old.members is None or new.members > old.members
        if old.score:
            first.setdefault((change.entity_id, change.field), [old.score, 0])[1] = new.score
    moved = [after - before for before, after in first.values()]
    assert any(abs(step) > 0.1 for step in moved)
    printed = {"statistics.mal": 2, "statistics.anilist": 1, "statistics.kitsu": 3}
    assert all(score == round(score, printed[name]) for (_, name), (_, score) in first.items())
    assert len({round(step, 3) for step in moved}) > 10


def test_an_announced_season_enters_the_world_and_its_parent_points_to_it():
    seen = world()
    changes = seen.truth(ORIGIN, ORIGIN + WEEK)
    record = next(c for c in changes if c.kind is ChangeKind.SEASON_ANNOUNCED and c.field == "record")
    parent = next(c for c in changes if c.kind is ChangeKind.SEASON_ANNOUNCED and c.field == "related_anime")
    assert record.new.anime.status is AnimeStatus.UPCOMING
    assert parent.new["SEQUEL"][0].external_ids == record.new.anime.external_ids
    for source, when in record.visible.items():
        assert seen.at(source, when - timedelta(seconds=1)).anime_by_id(record.entity_id) is None
        assert seen.at(source, when).anime_by_id(record.entity_id) is not None


def test_a_break_that_is_on_at_the_origin_ends_when_the_record_says():
    records = catalogue()
    until = ORIGIN + timedelta(days=9, hours=13)
    records[0]["anime"] |= {
        "hiatus": {"reason": "Between two parts", "hiatus_until": until.isoformat()},
        "broadcast": {**records[0]["anime"]["broadcast"], "next_episode_at": until.isoformat()},
    }
    changes = [c for week in islice(simulate(as_records(records), 7, ORIGIN), 2) for c in week.changes]
    mine = [c for c in changes if str(c.entity_id) == records[0]["anime"]["id"]]
    ended = next(c for c in mine if c.kind is ChangeKind.BREAK_ENDED and c.field == "hiatus")
    first = next(c for c in mine if c.field == "episodes")
    assert ended.new is None
    assert ended.at < first.at == until


def test_a_record_without_dates_or_slot_neither_airs_nor_fails():
    bare = {"anime": {"id": str(RECORDS[0].anime.id), "title": "Bare", "status": "ONGOING"}}
    changes = [c for week in islice(simulate(as_records([bare]), 7, ORIGIN), 3) for c in week.changes]
    assert not [c for c in changes if c.field == "episodes"]


def test_an_empty_catalogue_has_an_empty_history():
    assert [week.changes for week in islice(simulate([], 7, ORIGIN), 2)] == [(), ()]
