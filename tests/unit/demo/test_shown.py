"""What the world's sources showed of a field at a time, asked again of the same world."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from handlers.verdict.evidence import Told
from handlers.verdict.invented import inventions
from handlers.world.changes import ChangeKind, Source
from handlers.world.world import World
from streams.demo.meaning import made_of
from streams.demo.shown import ASKED_BEFORE, ShownBySources
from streams.world import demo_origin, demo_records

ORIGIN = demo_origin()


@pytest.fixture(scope="module")
def world() -> World:
    made = World(demo_records(), seed=7, origin=ORIGIN)
    made.history.reach(ORIGIN + timedelta(days=7))
    return made


def told(field: str, value: object, entity: object, source: str, at: datetime) -> Told:
    return Told(str(entity), field, value, source, at, at)


def is_invented(world: World, one: Told) -> bool:
    return bool(inventions([one], ShownBySources(world).of, {}, {}, made_of))


def test_a_text_is_shown_from_its_time_on_and_by_its_source(world: World) -> None:
    change = next(one for one in world.truth(ORIGIN, ORIGIN + timedelta(days=7)) if one.field == "synopsis")
    seen_from = change.visible[Source.MAL]
    after, long_before = seen_from + timedelta(minutes=1), seen_from - ASKED_BEFORE - timedelta(hours=1)
    assert not is_invented(world, told("synopsis", change.new, change.entity_id, "mal", after))
    assert is_invented(world, told("synopsis", change.new, change.entity_id, "mal", long_before))
    assert is_invented(world, told("synopsis", f"{change.new} And more.", change.entity_id, "mal", after))


def test_an_episode_is_true_once_it_has_aired(world: World) -> None:
    aired = next(one for one in world.truth(ORIGIN, ORIGIN + timedelta(days=7)) if one.kind is ChangeKind.EPISODE_AIRED)
    number = aired.new.episode_number
    after, before = aired.at + timedelta(hours=1), aired.at - timedelta(hours=1)
    assert not is_invented(world, told("episodes", number, aired.entity_id, "anilist", after))
    assert not is_invented(world, told("episodes", number - 1, aired.entity_id, "anilist", before))
    assert is_invented(world, told("episodes", number, aired.entity_id, "anilist", before))
    assert is_invented(world, told("episodes", number + 1, aired.entity_id, "anilist", after))


def test_a_score_is_the_means_of_what_the_platforms_showed(world: World) -> None:
    title = next(one for one in world.history.titles.values() if (one.record.anime.statistics or {}).get("mal"))
    shown = next(ShownBySources(world).of(told("score", None, title.id, "mal", ORIGIN + timedelta(days=2))))
    assert not is_invented(world, told("score", shown, title.id, "mal", ORIGIN + timedelta(days=2)))
    off = {**shown, "median": shown["median"] + 0.5}
    assert is_invented(world, told("score", off, title.id, "mal", ORIGIN + timedelta(days=2)))


def test_ids_are_those_of_the_world(world: World) -> None:
    title = next(iter(world.history.titles.values()))
    kitsu = str(title.ids[Source.KITSU])
    assert not is_invented(world, told("external_ids", {"kitsu": kitsu}, title.id, "anilist", ORIGIN))
    assert is_invented(world, told("external_ids", {"kitsu": f"{kitsu}1"}, title.id, "anilist", ORIGIN))


def test_a_voice_is_shown_by_the_cast_of_an_anime(world: World) -> None:
    week = world.truth(ORIGIN, ORIGIN + timedelta(days=7))
    joined = next(one for one in week if one.kind is ChangeKind.VOICE_ACTOR_JOINED)
    shown = joined.visible[Source.ANILIST] + timedelta(minutes=1)
    said = [{"name": actor.name, "language": actor.language} for actor in joined.new]
    assert not is_invented(world, told("voice_actors", said, joined.entity_id, "anilist", shown))
    nobody = [*said, {"name": "Nobody", "language": "German"}]
    assert is_invented(world, told("voice_actors", nobody, joined.entity_id, "anilist", shown))
