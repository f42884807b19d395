"""The program's own adapters read the world as it was written: at its origin nothing has changed yet."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import orjson
import pytest

from contracts.model import AnimeRecord
from contracts.observation import Kind
from handlers.sources.notes import Notes
from handlers.sources.port import Ask as Question
from handlers.sources.port import Call, Reply
from handlers.sources.sources import SOURCES
from handlers.world.asking import Ask
from handlers.world.changes import Source
from handlers.world.dialects import dialects
from handlers.world.world import World
from tests.unit.world.catalogue import ORIGIN, catalogue

# Fields in which a service must say exactly what the record says. The rest gains ids and addresses on the way.
EVERYWHERE = (
    "title",
    "title_english",
    "title_japanese",
    "status",
    "synopsis",
    "episode_count",
    "duration",
    "aired_dates",
)
SAID: dict[Source, tuple[str, ...]] = {
    Source.JIKAN: (
        *("synonyms", "background", "genres", "demographics", "rating", "source_material", "season"),
        "statistics",
    ),
    Source.ANILIST: ("synonyms", "genres", "tags", "nsfw", "country_of_origin", "statistics"),
    Source.KITSU: ("genres", "tags", "nsfw"),
    Source.MAL: ("synonyms", "rating", "nsfw", "season"),
}


def demo() -> list[Any]:
    return list(json.loads(files("handlers.ingest.demo").joinpath("catalogue.json").read_text("utf-8"))["data"])


def read(world: World, source: Source, kind: Kind) -> dict[str, Any]:
    """Everything that an adapter reads of one kind, by the source's id."""
    adapter, dialect, notes = SOURCES[source.value], dialects()[source], Notes(source.value)
    showing = world.at(source, ORIGIN)
    ids = tuple(str(showing.number(shown)) for shown in showing.anime())
    found: dict[str, Any] = {}
    for start in range(0, len(ids), adapter.capability[kind].batch):
        question = Question(kind, ids[start : start + adapter.capability[kind].batch])
        calls: list[Call] = list(adapter.calls(question))
        while calls:
            call = calls.pop()
            sent = orjson.dumps(call.body) if call.body is not None else b""
            ask = Ask("POST" if sent else "GET", call.path, call.params, {"x-mal-client-id": "tests"}, sent)
            answer = dialect.answer(ask, showing)
            reply = Reply(answer.status, {}, orjson.loads(orjson.dumps(answer.body)))
            assert adapter.fault(reply) is None, (call, reply.data)
            page = adapter.page(question, call, reply)
            calls += page.more
            for external_id, item in page.items.items():
                said = adapter.said(question, external_id, item, notes, ORIGIN)
                assert not said.errors, said.errors
                found.setdefault(external_id, []).append(said)
    assert notes.surprises == []
    assert set(found) == set(ids)
    return found


@pytest.mark.parametrize("records", [catalogue, demo], ids=["small", "demo"])
@pytest.mark.parametrize("source", list(Source))
def test_an_adapter_reads_what_the_record_says(source: Source, records):
    world = World(records(), seed=7, origin=ORIGIN)
    showing = world.at(source, ORIGIN)
    for external_id, (said,) in read(world, source, Kind.ANIME).items():
        shown = showing.anime_by_number(int(external_id))
        wanted = shown.title.record.anime
        for name in (*EVERYWHERE, *SAID[source]):
            ours, theirs = getattr(said.anime, name), getattr(wanted, name)
            if name == "statistics":
                platform = SOURCES[source.value].platform
                ours, theirs = (((one or {}).get(platform)) for one in (ours, theirs))
            assert _same(ours, theirs), (source, wanted.title, name, ours, theirs)


@pytest.mark.parametrize("source", [Source.JIKAN, Source.ANILIST, Source.KITSU])
def test_an_adapter_counts_the_episodes_that_have_aired(source: Source):
    world = World(demo(), seed=7, origin=ORIGIN)
    showing = world.at(source, ORIGIN)
    for external_id, pages in read(world, source, Kind.EPISODES).items():
        record: AnimeRecord = showing.anime_by_number(int(external_id)).title.record
        aired = {e.episode_number for e in record.episodes if e.aired and e.aired <= ORIGIN}
        seen = {e.episode_number for said in pages for e in said.episodes or [] if e.aired and e.aired <= ORIGIN}
        assert seen == aired, record.anime.title


def _same(ours: Any, theirs: Any) -> bool:
    if not ours and not theirs:
        return True
    if isinstance(ours, list):
        return sorted(map(str, ours)) == sorted(map(str, theirs))
    return bool(ours == theirs)
