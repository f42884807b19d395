"""Whatever event can be made comes back as it was: absent stays absent, and 0, false and "" stay values."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import codec, events
from contracts.model import Episode
from contracts.model.anime_parts import AiredDates, Score, Statistics
from tests.unit.contracts.strategies import EVENTS, SCORES, carried_by_float32, models

SAMPLE = UUID(int=7)
MOMENT = "2026-02-17T12:00:00Z"
generous = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def back(event: events.Event) -> events.Event | codec.PoisonMessage:
    return codec.decode_as(type(event), "test", codec.encode(event))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@generous
@given(data=st.data())
def test_every_event_survives_the_wire(kind: type[events.Event], data: st.DataObject) -> None:
    event = data.draw(models(kind))
    assert back(event) == event


@given(SCORES)
def test_a_float32_is_read_as_what_was_written(score: float) -> None:
    update = updated(score=Score(median=score))
    assert back(update) == update


@given(st.floats(0, 10))
def test_a_platforms_score_is_a_double_and_keeps_every_digit(score: float) -> None:
    update = updated(statistics={"mal": Statistics(score=score)})
    assert back(update) == update


@given(st.floats(0, 10))
def test_more_digits_than_a_float32_has_are_cut_once_and_no_more(score: float) -> None:
    once = back(updated(score=Score(median=score)))
    assert isinstance(once, events.AnimeUpdatedEvent)
    assert once.score is not None
    assert once.score.median == pytest.approx(carried_by_float32(score), rel=1e-6)
    assert back(once) == once


def test_zero_false_and_the_empty_text_are_values() -> None:
    episode = Episode(episode_number=0, title="", score=0, filler=False, recap=None, duration=0)
    aired = events.EpisodeAiredEvent(event_id=SAMPLE, timestamp=MOMENT, anime_id=SAMPLE, episode=episode)
    read = back(aired)
    assert isinstance(read, events.EpisodeAiredEvent)
    assert (read.episode.episode_number, read.episode.title, read.episode.score) == (0, "", 0)
    assert (read.episode.filler, read.episode.recap, read.episode.duration) == (False, None, 0)


def test_an_empty_part_that_is_there_differs_from_one_that_is_not() -> None:
    there = updated(values=events.AnimeValues(aired_dates=AiredDates()), statistics={"mal": Statistics()})
    read = back(there)
    assert isinstance(read, events.AnimeUpdatedEvent)
    assert read.values == events.AnimeValues(aired_dates=AiredDates())
    assert read.statistics == {"mal": Statistics()}
    without = back(updated())
    assert isinstance(without, events.AnimeUpdatedEvent)
    assert (without.values, without.score) == (None, None)


def updated(**values: object) -> events.AnimeUpdatedEvent:
    fixed = {"event_id": SAMPLE, "timestamp": MOMENT, "anime_id": SAMPLE}
    return events.AnimeUpdatedEvent.model_validate(fixed | values)
