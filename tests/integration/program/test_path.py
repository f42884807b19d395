"""The whole path, on events published straight to NATS: from the stream to rows, to the index, to a search."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import UUID

import pytest

from contracts import codec
from contracts.events import AnimeSyncedEvent, Event, SyncUpdateType
from streams import topology
from tests.events import aired, at, character_updated, enriched, uid, updated
from tests.integration.program.conftest import NewProgram, started
from tests.integration.program.places import containers
from tests.integration.program.running import Program, until
from tests.integration.program.wire import Wire, wire
from tests.waiting import eventually

WITHIN_S = 60.0
_NUMBERS = count(1)


@pytest.fixture(scope="module", params=["embedded", "containers"])
def path(request: pytest.FixtureRequest) -> Iterator[Program]:
    """A running program, and where its servers are."""
    if request.param == "embedded":
        yield request.getfixturevalue("program")
        return
    with containers() as settings:
        new_program: NewProgram = request.getfixturevalue("new_program")
        with started(new_program, **settings) as program:
            yield program


def named(word: str) -> str:
    """A title that no other test has used."""
    return f"{word} {next(_NUMBERS)} on the wire"


def score_of(program: Program, query: str, title: str) -> float:
    """How near the anime of that title is to the query, by the index alone."""
    return next(float(hit["score"]) for hit in program.hits(query, limit=100) if hit["title"] == title)


async def version(behind: Wire, name: str) -> int:
    found: int | None = await behind.rows.fetchval("SELECT version FROM anime WHERE id = $1", uid(name))
    return found or 0


async def test_an_enriched_record_becomes_a_hit(path: Program) -> None:
    name, words = named("Clockmaker"), "a clockmaker repairs the calendars of forgotten kings"
    async with wire(path) as behind:
        await behind.send("anime.enriched", enriched(name, synopsis=words, type="TV", year=2019))
    assert until(lambda: name in path.titles(words, limit=1))
    hit = path.hits(words, limit=1, year="2019", type="TV")[0]
    assert hit["id"] == str(uid(name))
    assert hit["synopsis"] == words


async def test_a_change_of_score_patches_and_a_change_of_words_embeds_again(path: Program) -> None:
    name, words, query = named("Glassblower"), "a glassblower hears voices in the furnace", "glass and fire"
    async with wire(path) as behind:
        await behind.send("anime.enriched", enriched(name, synopsis=words, score={"arithmetic_geometric_mean": 5}))
        assert until(lambda: name in path.titles(query, limit=100))
        before = score_of(path, query, name)
        await behind.send("anime.updated", updated(name, score={"arithmetic_geometric_mean": 9.5}))
        assert until(lambda: name in path.titles(query, limit=100, min_score=9.4))
        synced = await behind.events_about("anime.synced", uid(name))
        assert [event.update_type for event in synced] == [SyncUpdateType.PAYLOAD_ONLY]  # type: ignore[attr-defined]
        assert score_of(path, query, name) == pytest.approx(before, abs=1e-6), "the vector is the one it was"
        await behind.send("anime.updated", updated(name, minute=2, synopsis="an accountant counts sheep at night"))
        assert until(lambda: name in path.titles("an accountant counts sheep at night", limit=1))
        synced = await behind.events_about("anime.synced", uid(name))
        assert synced[-1].update_type is SyncUpdateType.PAYLOAD_AND_VECTOR  # type: ignore[attr-defined]
        assert score_of(path, query, name) != pytest.approx(before, abs=1e-3)
        # An older observation comes late: it changes neither the row nor the index.
        known = await version(behind, name)
        await behind.send("anime.updated", updated(name, minute=1, synopsis="a glassblower again"))
        path.settle()
        assert await version(behind, name) == known


async def test_an_episode_that_aired_is_in_the_row_and_announced(path: Program) -> None:
    name = named("Weekly")
    async with wire(path) as behind:
        await behind.send("anime.enriched", enriched(name, status="ONGOING", episode_count=3))
        await behind.send("anime.episode.aired", aired(name, 4, title="The fourth"))

        async def episode() -> object:
            return await behind.rows.fetchrow("SELECT title FROM episode WHERE anime_id = $1", uid(name))

        row = await eventually(episode, within_s=WITHIN_S)
        assert row["title"] == "The fourth"
        count_now = await behind.rows.fetchval("SELECT episode_count FROM anime WHERE id = $1", uid(name))
        assert count_now == 4
        path.settle()
        assert len(await behind.events_about("episode.synced", uid(name))) == 1
    hit = next(hit for hit in path.hits(name, limit=100) if hit["title"] == name)
    assert hit["episode_count"] == 4
    assert [one["episode_number"] for one in path.get(f"/anime/{uid(name)}").json()["episodes"]] == [4]


async def test_a_character_changes(path: Program) -> None:
    name = named("Ensemble")
    hero = {"id": str(uid(name, "hero")), "name": "Hero"}
    async with wire(path) as behind:
        await behind.send("anime.enriched", enriched(name, characters=[hero]))

        async def character() -> object:
            return await behind.rows.fetchval("SELECT id FROM character WHERE id = $1", uid(name, "hero"))

        await eventually(character, within_s=WITHIN_S)
        change = character_updated(name, description="She plays the cello.", favorites=7)
        await behind.send("character.updated", change.model_copy(update={"character_id": uid(name, "hero")}))

        async def description() -> bool:
            said = await behind.rows.fetchval("SELECT description FROM character WHERE id = $1", uid(name, "hero"))
            return bool(said == "She plays the cello.")

        await eventually(description, within_s=WITHIN_S)


async def test_a_relation_finds_its_target_when_that_arrives(path: Program) -> None:
    first, second, number = named("First"), named("Second"), str(900_000 + next(_NUMBERS))
    sequel = {"SEQUEL": [{"title": second, "external_ids": {"mal": number}}]}
    shown = f"/anime/{uid(first)}"

    def target() -> object:
        return path.get(shown).raise_for_status().json()["relations"][0].get("anime_id")

    async with wire(path) as behind:
        await behind.send("anime.enriched", enriched(first, related_anime=sequel))
        assert until(lambda: path.get(shown).status_code == 200)
        assert target() is None
        await behind.send("anime.enriched", enriched(second, external_ids={"mal": number}))
    assert until(lambda: target() == str(uid(second)))


# What the program reads of others; letters and advisories are its own and the server's words.
READ = [one for one in topology.CONSUMERS if one.stream in (topology.EVENTS.name, topology.SCHEDULE.name)]


async def test_garbage_on_every_subject_is_put_aside_and_its_neighbours_go_through(path: Program) -> None:
    """Garbage stands between two good events on each subject that somebody reads."""
    name = named("Neighbour")
    async with wire(path) as behind:
        await behind.send("anime.enriched", enriched(name))
        assert until(lambda: name in path.titles(name, limit=5))
        known = {letter.event_id for letter in await behind.dead_letters()}
        garbage: dict[tuple[str, int], tuple[str, str, bytes]] = {}
        for consumer in READ:
            for subject in consumer.subjects:
                for data in (b"\xff\xfe garbage of " + subject.encode(), b""):
                    sequence = await behind.send_bytes(subject, data, consumer.stream)
                    garbage[consumer.stream, sequence] = (subject, consumer.name, data)
                await neighbours(behind, subject, name)
        expected = len(garbage)

        async def buried() -> bool:
            return len({letter.event_id for letter in await behind.dead_letters()} - known) >= expected

        await eventually(buried, within_s=WITHIN_S)
        path.settle()
        letters = [letter for letter in await behind.dead_letters() if letter.event_id not in known]
        assert {
            (letter.stream, letter.stream_sequence): (letter.subject, letter.consumer, letter.payload)
            for letter in letters
        } == garbage
        assert all(letter.error for letter in letters)
        row = await behind.rows.fetchrow("SELECT synopsis, episode_count FROM anime WHERE id = $1", uid(name))
        assert row is not None
        assert row["synopsis"] == "after the garbage"
        assert await behind.rows.fetchval("SELECT count(*) FROM episode WHERE anime_id = $1", uid(name)) == 1
    found = {hit["title"]: hit["synopsis"] for hit in path.hits("after the garbage", limit=100)}
    assert found[name] == "after the garbage"


async def neighbours(behind: Wire, subject: str, name: str) -> None:
    """A good event behind the garbage of that subject."""
    events: dict[str, Event] = {
        "anime.enriched": enriched(named("Behind the garbage")),
        "anime.updated": updated(name, minute=5, synopsis="after the garbage"),
        "anime.episode.aired": aired(name, 1, minute=5),
    }
    if subject in events:
        await behind.send(subject, events[subject])


async def test_an_event_for_nobody_costs_nobody_anything(path: Program) -> None:
    """The index is told of an anime that has no row: it keeps no point, and nothing is put aside."""
    async with wire(path) as behind:
        known = len(await behind.dead_letters())
        nobody = AnimeSyncedEvent(event_id=uid("nobody", next(_NUMBERS)), timestamp=at(0), anime_id=UUID(int=5))
        assert codec.encode(nobody)
        await behind.send("anime.synced", nobody)
        path.settle()
        assert len(await behind.dead_letters()) == known
