"""What a service shows at an instant follows from the truth: after the lag and never before."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.world.anilist_airing import air_times, next_node
from handlers.world.changes import ChangeKind, Source
from handlers.world.lags import LAG_S_MAX
from handlers.world.truth import change_json, hidden_from
from handlers.world.world import state
from tests.unit.world.catalogue import ORIGIN, world

SPAN = timedelta(days=21)
WORLD = world()
TRUTH = WORLD.truth(ORIGIN, ORIGIN + SPAN)
instants = st.integers(0, int(SPAN.total_seconds())).map(lambda seconds: ORIGIN + timedelta(seconds=seconds))


def _value(shown, name: str):
    if name == "next_airing":
        return shown.next_airing
    name, _, platform = name.partition(".")
    value = getattr(shown.anime, name)
    return (value or {}).get(platform) if platform else value


def test_nothing_shows_before_it_happened_and_everything_within_the_longest_lag():
    for change in TRUTH:
        for when in change.visible.values():
            assert change.at <= when <= change.at + timedelta(seconds=LAG_S_MAX + 60)


@settings(max_examples=30)
@given(now=instants, source=st.sampled_from(Source))
def test_each_field_shows_the_last_change_that_is_visible(now, source):
    expected, episodes = {}, defaultdict(set)
    for change in sorted(TRUTH, key=lambda c: c.at):
        if change.entity_type != "anime" or source not in change.visible or change.visible[source] > now:
            continue
        if change.field == "episodes":
            episodes[change.entity_id].add(change.new.episode_number)
        elif change.field != "record":
            expected[change.entity_id, change.field] = change.new
    shown = state(WORLD, source, now)
    for (anime_id, name), value in expected.items():
        assert _value(shown[anime_id], name) == value, (name, source)
    untouched = {
        (one.title.id, name)
        for one in shown.values()
        for name in ("title", "synopsis", "tags", "status", "episode_count", "hiatus")
    } - set(expected)
    for anime_id, name in untouched:
        assert _value(shown[anime_id], name) == getattr(shown[anime_id].title.record.anime, name), (name, source)
    for one in shown.values():
        before = {e.episode_number for e in one.title.record.episodes if e.aired}
        assert {e.episode_number for e in one.episodes if e.aired} == before | episodes[one.title.id]


@pytest.mark.parametrize("source", list(Source))
def test_every_change_of_a_week_shows_at_its_time_and_not_a_second_earlier(source):
    for change in (c for c in TRUTH if c.field == "episodes" and source in c.visible):
        when, number = change.visible[source], change.new.episode_number
        before, after = (
            {e.episode_number for e in one.episodes if e.aired}
            for at in (when - timedelta(seconds=1), when)
            if (one := WORLD.at(source, at).anime_by_id(change.entity_id)) is not None
        )
        assert number not in before
        assert number in after


def test_characters_change_too_but_not_on_mal():
    for change in (c for c in TRUTH if c.entity_type == "character"):
        assert Source.MAL not in change.visible
        for source, when in change.visible.items():
            shown = WORLD.at(source, when).character_by_id(change.entity_id)
            earlier = WORLD.at(source, when - timedelta(seconds=1)).character_by_id(change.entity_id)
            assert getattr(shown.character, change.field) == change.new
            assert getattr(earlier.character, change.field) == change.old


@settings(max_examples=20)
@given(now=instants)
def test_anilists_schedule_agrees_with_what_it_shows_as_aired(now):
    showing = WORLD.at(Source.ANILIST, now)
    for shown in showing.anime():
        following = next_node(shown, showing)
        assert following is None or following["airingAt"] > now.timestamp()
        listed = {number for number, at in air_times(shown) if at <= now}
        assert listed == {e.episode_number for e in shown.episodes if e.aired}


def test_anilist_lists_the_stream_of_an_episode_until_it_is_out():
    delayed = [
        change
        for change in TRUTH
        if change.field == "episodes" and change.visible.get(Source.ANILIST, change.at) > change.at
        and WORLD.history.titles[change.entity_id].published
    ]  # fmt: skip
    assert delayed
    for change in delayed:
        showing = WORLD.at(Source.ANILIST, change.visible[Source.ANILIST] - timedelta(seconds=1))
        shown = showing.anime_by_id(change.entity_id)
        coming = [(number, at) for number, at in air_times(shown) if at > showing.now]
        following = next_node(shown, showing)
        assert (following["episode"], following["airingAt"]) == (coming[0][0], int(coming[0][1].timestamp()))
        assert following["airingAt"] == change.visible[Source.ANILIST].timestamp()


def test_looking_back_gives_what_was_shown_then():
    now = ORIGIN + timedelta(days=3)
    first = state(WORLD, Source.JIKAN, now)
    state(WORLD, Source.JIKAN, now + timedelta(days=9))
    assert state(WORLD, Source.JIKAN, now) == first


def test_a_second_world_of_the_same_seed_is_the_same_world():
    again = world()
    assert again.truth(ORIGIN, ORIGIN + SPAN) == TRUTH
    later = ORIGIN + timedelta(days=11)
    assert state(again, Source.KITSU, later) == state(WORLD, Source.KITSU, later)


def test_services_show_an_episode_at_different_times():
    aired = [c for c in TRUTH if c.kind is ChangeKind.EPISODE_AIRED and c.field == "episodes"]
    assert {len(set(change.visible.values())) for change in aired} == {3}


def test_each_service_shows_the_changes_of_a_field_in_their_order():
    shown = defaultdict(list)
    for change in sorted(WORLD.truth(ORIGIN, ORIGIN + 6 * SPAN), key=lambda c: c.at):
        for source, when in change.visible.items():
            shown[source, change.entity_id, change.field].append(when)
    assert all(times == sorted(times) for times in shown.values())


def test_only_services_with_words_for_a_field_show_it():
    fields = defaultdict(set)
    for change in TRUTH:
        fields[change.field] |= set(change.visible)
    assert fields["hiatus"] == {Source.ANILIST}
    assert fields["episodes"] == {Source.JIKAN, Source.ANILIST, Source.KITSU}
    assert fields["tags"] == fields["next_airing"] == {Source.ANILIST, Source.KITSU}
    assert fields["statistics.mal"] == {Source.JIKAN, Source.MAL}
    assert fields["status"] == set(Source)


def test_the_truth_says_from_when_a_newer_value_stands_in_its_place():
    wrong, right = (
        next(c for c in TRUTH if c.kind is kind) for kind in (ChangeKind.TITLE_MISTAKEN, ChangeKind.TITLE_RESTORED)
    )
    for source in wrong.visible:
        assert hidden_from(wrong, source, WORLD) == right.visible[source]
    said = change_json(wrong, WORLD)
    assert said["hidden_from"] == {source.value: when.isoformat() for source, when in right.visible.items()}
    aired = next(c for c in TRUTH if c.field == "episodes")
    assert change_json(aired, WORLD)["hidden_from"] == {}
    assert change_json(aired, WORLD)["new"]["episode_number"] == aired.new.episode_number
