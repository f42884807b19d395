"""What each kind of event leaves in the tables."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import pytest

from contracts import subjects
from contracts.errors import Awaited, Permanent, Refused
from handlers.persist import delete_anime
from tests.events import aired, at, character_updated, enriched, uid, updated
from tests.integration.persist.helpers import (
    CHARACTERS,
    anime,
    character,
    count,
    done,
    episode,
    outbox,
    outcomes,
    refused,
)

FULL = {
    "type": "TV",
    "status": "ONGOING",
    "season": "SPRING",
    "year": 2026,
    "rating": "PG13",
    "nsfw": False,
    "source_material": "MANGA",
    "synopsis": "A boxer learns.",
    "genres": ["Drama", "Sports"],
    "tags": ["boxing"],
    "themes": [{"name": "Growth", "description": None}],
    "episode_count": 12,
    "duration": 1440,
    "aired_dates": {"aired_from": "2026-04-01T15:00:00.120Z"},
    "score": {"arithmetic_geometric_mean": 8.1, "median": 8.25},
    "statistics": {"mal": {"score": 8.125, "scored_by": 10}},
    "external_ids": {"mal": "1", "anilist": "2"},
    "studios": [{"name": "Studio One"}],
    "producers": [{"name": "Maker"}, {"name": "Studio One"}],
    "broadcast": {
        "day": "monday",
        "time": "25:00",
        "timezone": "Asia/Tokyo",
        "next_episode_at": "2026-04-08T15:00:00Z",
    },
    "hiatus": {"reason": "illness", "hiatus_from": "2026-05-01T00:00:00Z"},
    "related_source_material": {"ADAPTATION": [{"title": "The Manga", "external_ids": {"mal": "77"}}]},
    "trailers": [{"url": "https://example.org/t"}],
}
EPISODES = [
    {"episode_number": 1, "title": "Bell", "aired": "2026-04-01T15:00:00Z", "score": 4.5, "filler": False},
    {"episode_number": 2, "title": "Bag"},
]


async def test_a_record_becomes_rows_links_and_messages(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=CHARACTERS, episodes=EPISODES, **FULL))
    row = await anime(pool, "Ring")
    assert (row["title"], row["type"], row["status"], row["nsfw"], row["version"]) == (
        "Ring",
        "TV",
        "ONGOING",
        False,
        1,
    )
    assert (row["score_agm"], row["score_mean"], row["score_median"]) == (8.1, None, 8.25)
    assert row["genres"] == ["Drama", "Sports"]
    assert row["themes"] == [{"name": "Growth"}]
    assert row["aired_from"].isoformat() == "2026-04-01T15:00:00.120000+00:00"
    assert row["meta"]["trailers"] == [{"url": "https://example.org/t"}]
    assert set(row["provenance"]) == {"*"}
    assert (await episode(pool, "Ring", 1))["filler"] is False
    assert (await character(pool, "hero"))["traits"] == ["shy"]
    assert await pool.fetchval("SELECT role FROM anime_character") == "MAIN"
    links = await pool.fetch("SELECT role, name FROM anime_company JOIN company ON id = company_id ORDER BY role, name")
    assert [tuple(link) for link in links] == [
        ("producer", "Maker"),
        ("producer", "Studio One"),
        ("studio", "Studio One"),
    ]
    assert await pool.fetchval("SELECT time FROM anime_broadcast") == "25:00"
    assert await pool.fetchval("SELECT reason FROM anime_hiatus") == "illness"
    assert await pool.fetchval("SELECT title FROM source_material") == "The Manga"
    assert await count(pool, "anime_source_material_relation") == 1
    assert await pool.fetchval("SELECT aired_at FROM episode_airing") == at(0).replace(
        year=2026, month=4, day=1, hour=15
    )
    sent = [(subject, version) for subject, _, version, _ in await outbox(pool)]
    assert sorted(sent) == [
        (subjects.ANIME_CREATED, 1),
        (subjects.CHARACTER_SYNCED, 1),
        (subjects.EPISODE_SYNCED, 1),
        (subjects.EPISODE_SYNCED, 1),
    ]


async def test_the_same_record_again_changes_nothing_and_sends_nothing(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=CHARACTERS, episodes=EPISODES, **FULL))
    sent = await outbox(pool)
    await done(pool, enriched("Ring", minute=5, characters=CHARACTERS, episodes=EPISODES, **FULL))
    assert await outbox(pool) == sent
    row = await anime(pool, "Ring")
    assert row["version"] == 1
    assert row["provenance"]["*"][1] == "2026-02-17T12:05:00Z", "it was confirmed later"


async def test_a_changed_record_raises_the_version_by_one_and_names_what_changed(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **FULL))
    await done(pool, enriched("Ring", minute=5, **FULL | {"status": "FINISHED", "studios": [{"name": "Studio Two"}]}))
    assert (await anime(pool, "Ring"))["version"] == 2
    assert (await outbox(pool))[-1] == (subjects.ANIME_SYNCED, uid("Ring"), 2, ["status", "studios"])
    names = await pool.fetch("SELECT name FROM anime_company JOIN company ON id = company_id WHERE role = 'studio'")
    assert [name["name"] for name in names] == ["Studio Two"]
    assert await pool.fetchval("SELECT count(*) FROM anime_company WHERE role = 'producer'") == 2


async def test_a_late_record_fills_gaps_and_overwrites_nothing(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", minute=10, year=2026), enriched("Ring", minute=5, year=2025, rating="R"))
    row = await anime(pool, "Ring")
    assert (row["year"], row["rating"]) == (2026, "R")
    assert row["provenance"]["rating"][1] == "2026-02-17T12:05:00Z"


async def test_a_further_external_id_joins_those_that_are_there(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", external_ids={"mal": "1", "anilist": "2"}))
    await done(pool, enriched("Ring", minute=1, external_ids={"mal": "1", "kitsu": "3"}))
    await done(pool, updated("Ring", minute=2, external_ids={"anidb": "4"}))
    rows = await pool.fetch("SELECT source, external_id FROM anime_reference ORDER BY source")
    assert [tuple(row) for row in rows] == [("anidb", "4"), ("anilist", "2"), ("kitsu", "3"), ("mal", "1")]


async def test_a_corrected_external_id_frees_the_old_one(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", external_ids={"mal": "1"}), enriched("Ring", minute=1, external_ids={"mal": "2"}))
    await done(pool, enriched("Other", external_ids={"mal": "1"}))
    rows = await pool.fetch("SELECT external_id, anime_id FROM anime_reference ORDER BY external_id")
    assert [tuple(row) for row in rows] == [("1", uid("Other")), ("2", uid("Ring"))]


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_an_external_id_of_another_anime_is_refused_and_named(pool: asyncpg.Pool, in_one_batch: bool) -> None:
    first, second = enriched("Ring", external_ids={"mal": "1"}), enriched("Copy", external_ids={"mal": "1"})
    if in_one_batch:
        _, outcome = await outcomes(pool, first, second)
    else:
        await done(pool, first)
        outcome = await refused(pool, second)
    assert isinstance(outcome, Refused)
    assert "Copy" in outcome.record
    assert outcome.field == "anime.external_ids.mal"
    assert str(uid("Ring")) in outcome.reason
    assert await count(pool, "anime") == 1
    assert await count(pool, "inbox") == 1, "what had no effect may come again"


async def test_an_update_may_not_take_the_external_id_of_another_either(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", external_ids={"mal": "1"}), enriched("Copy"))
    outcome = await refused(pool, updated("Copy", external_ids={"mal": "1"}))
    assert isinstance(outcome, Refused)
    assert (str(uid("Copy")) in outcome.record, outcome.field) == (True, "external_ids.mal")


async def test_a_record_without_a_title_is_refused(pool: asyncpg.Pool) -> None:
    event = enriched("Ring")
    bare = event.model_copy(update={"anime": event.anime.model_copy(update={"title": None})})  # type: ignore[union-attr]
    outcome = await refused(pool, bare)
    assert isinstance(outcome, Refused)
    assert outcome.field == "anime.title"


async def test_an_episode_number_twice_is_refused_and_nothing_of_the_record_stays(pool: asyncpg.Pool) -> None:
    outcome = await refused(pool, enriched("Ring", episodes=[{"episode_number": 3}, {"episode_number": 3}]))
    assert isinstance(outcome, Refused)
    assert (outcome.field, outcome.reason) == ("episodes.episode_number", "3 occurs more than once; keep one")
    assert [await count(pool, name) for name in ("anime", "episode", "outbox", "inbox")] == [0, 0, 0, 0]


async def test_an_update_changes_its_fields_and_names_who_said_it(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **FULL))
    change = updated("Ring", score={"median": 9.5}, statistics={"mal": {"score": 9.0}, "kitsu": {"score": 7.5}})
    await done(pool, change)
    row = await anime(pool, "Ring")
    assert (row["score_agm"], row["score_median"]) == (None, 9.5)
    assert row["statistics"] == {"mal": {"score": 9.0}, "kitsu": {"score": 7.5}}
    who = ["mal", "2026-02-17T12:01:00Z", str(change.event_id)]
    assert row["provenance"]["score"] == row["provenance"]["statistics.kitsu"] == who
    assert (await outbox(pool))[-1] == (subjects.ANIME_SYNCED, uid("Ring"), 2, ["score", "statistics"])


async def test_an_update_of_what_is_known_sends_nothing(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **FULL))
    sent = await outbox(pool)
    await done(pool, updated("Ring", status="ONGOING", broadcast=FULL["broadcast"], aired_dates=FULL["aired_dates"]))
    assert await outbox(pool) == sent
    assert (await anime(pool, "Ring"))["version"] == 1


async def test_a_name_without_a_value_removes_it_from_row_and_links(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **FULL))
    nothing = dict.fromkeys(("synopsis", "studios", "broadcast", "hiatus", "trailers", "score"))
    await done(pool, updated("Ring", source="person", **nothing))
    row = await anime(pool, "Ring")
    assert (row["synopsis"], row["score_agm"], row["meta"].get("trailers")) == (None, None, None)
    assert [await count(pool, name) for name in ("anime_broadcast", "anime_hiatus")] == [0, 0]
    assert await pool.fetchval("SELECT count(*) FROM anime_company WHERE role = 'studio'") == 0
    assert await pool.fetchval("SELECT count(*) FROM anime_company WHERE role = 'producer'") == 2


async def test_a_null_of_a_source_takes_nothing_away_that_cannot_be_none(pool: asyncpg.Pool) -> None:
    values = {
        "year": 2009,
        "season": "SPRING",
        "month": "April",
        "duration": 1440,
        "nsfw": False,
        "country_of_origin": "JP",
        "statistics": {"mal": {"score": 9.1}},
        "external_ids": {"mal": "5114"},
        "score": {"arithmetic_geometric_mean": 8.9},
    }
    await done(pool, enriched("Ring", **values))
    before = await anime(pool, "Ring")
    blank = dict.fromkeys(values)
    await done(pool, updated("Ring", minute=1, source="somebody", title_english="The Ring", **blank))
    after = await anime(pool, "Ring")
    assert (after["title_english"], after["version"]) == ("The Ring", 2), "the rest of the event is applied"
    told = {name: after[name] for name in ("year", "season", "duration", "nsfw", "statistics", "score_agm")}
    assert told == {name: before[name] for name in told}
    assert (told["year"], told["score_agm"]) == (2009, 8.9)
    assert {name: after["meta"].get(name) for name in ("month", "country_of_origin")} == {
        "month": "April",
        "country_of_origin": "JP",
    }
    assert await count(pool, "anime_reference") == 1
    assert after["provenance"].get("year") == before["provenance"].get("year"), "who said it still stands for it"
    # A person may.
    await done(pool, updated("Ring", minute=2, source="person", year=None))
    assert (await anime(pool, "Ring"))["year"] is None


async def test_unknown_and_null_leave_type_and_status_as_they_are(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **FULL))
    await done(pool, updated("Ring", status="UNKNOWN", type=None))
    row = await anime(pool, "Ring")
    assert (row["status"], row["type"], row["version"]) == ("ONGOING", "TV", 1)


async def test_the_title_cannot_be_removed(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"))
    outcome = await refused(pool, updated("Ring", title=None))
    assert isinstance(outcome, Refused)
    assert outcome.field == "title"


async def test_a_field_that_does_not_exist_is_not_dropped_silently(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"))
    change = updated("Ring", status="ONGOING").model_copy(update={"changed_fields": ["status", "popularity"]})
    outcome = await refused(pool, change)
    assert isinstance(outcome, Refused)
    assert "popularity" in outcome.reason
    assert (await anime(pool, "Ring"))["status"] is None


async def test_an_update_waits_for_its_anime_and_is_applied_when_it_is_there(pool: asyncpg.Pool) -> None:
    change = updated("Ring", status="FINISHED")
    assert isinstance(await refused(pool, change), Awaited)
    assert [await count(pool, name) for name in ("anime", "inbox", "outbox")] == [0, 0, 0]
    await done(pool, enriched("Ring"), change)
    assert (await anime(pool, "Ring"))["status"] == "FINISHED"


async def test_an_episode_and_a_later_part_of_a_record_wait_too(pool: asyncpg.Pool) -> None:
    part = enriched("Ring", episodes=[{"episode_number": 4}]).model_copy(update={"anime": None, "part": 2, "parts": 2})
    episode_aired = aired("Ring", 3)
    assert isinstance(await refused(pool, part), Awaited)
    assert isinstance(await refused(pool, episode_aired), Awaited)
    assert isinstance(await refused(pool, character_updated("hero", name="Hero")), Awaited)
    await done(pool, enriched("Ring"), part, episode_aired)
    assert await count(pool, "episode") == 2


async def test_an_episode_raises_the_announced_total_only_when_it_is_known_and_lower(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Known", episode_count=12), enriched("Unknown"))
    await done(pool, aired("Known", 12), aired("Unknown", 40))
    assert (await anime(pool, "Known"))["episode_count"] == 12
    assert (await anime(pool, "Unknown"))["episode_count"] is None
    await done(pool, aired("Known", 13, minute=2, title="Extra"))
    row = await anime(pool, "Known")
    assert (row["episode_count"], row["version"]) == (13, 2)
    # The total that was announced stays its announcer's word, so that a later announcement is still compared with it.
    assert "episode_count" not in row["provenance"]
    assert (await outbox(pool, uid("Known")))[-1] == (subjects.ANIME_SYNCED, uid("Known"), 2, ["episode_count"])
    assert (await episode(pool, "Known", 13))["aired"] == at(2)


async def test_the_total_ends_the_same_whatever_comes_first(pool: asyncpg.Pool) -> None:
    for name, order in (("Forward", (0, 1, 2)), ("Backward", (2, 1, 0)), ("Mixed", (1, 2, 0))):
        await done(pool, enriched(name, episode_count=12))
        events = (
            updated(name, minute=3, episode_count=13),
            aired(name, 15, minute=1),
            updated(name, minute=5, episode_count=14),
        )
        await done(pool, *(events[position] for position in order))
        row = await anime(pool, name)
        assert row["episode_count"] == 15
        assert datetime.fromisoformat(row["provenance"]["episode_count"][1]) == at(5)
        version = row["version"]
        await done(pool, updated(name, minute=6, episode_count=14))
        assert (await anime(pool, name))["version"] == version, "the same announcement again is no change"


async def test_an_episode_that_is_announced_becomes_aired_once(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episodes=[{"episode_number": 2, "title": "Bag"}]))
    await done(pool, aired("Ring", 2))
    row = await episode(pool, "Ring", 2)
    assert (row["title"], row["aired"], row["version"]) == ("Bag", at(1), 2)
    await done(pool, aired("Ring", 2, minute=1))
    assert (await episode(pool, "Ring", 2))["version"] == 2


async def test_a_character_is_updated(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=CHARACTERS))
    await done(pool, character_updated("hero", description="Brave", attributes={"height": "170"}))
    row = await character(pool, "hero")
    assert (row["description"], row["meta"]["attributes"], row["version"]) == ("Brave", {"height": "170"}, 2)
    assert (await outbox(pool))[-1] == (subjects.CHARACTER_SYNCED, uid("hero"), 2, ["attributes", "description"])
    outcome = await refused(pool, character_updated("hero", minute=2, name=None))
    assert isinstance(outcome, Refused)
    assert outcome.field == "name"


@pytest.mark.parametrize("target_first", [True, False])
async def test_a_relation_is_kept_and_resolved_when_its_target_is_there(pool: asyncpg.Pool, target_first: bool) -> None:
    sequel = enriched("Ring 2", external_ids={"anilist": "9", "mal": "10"})
    origin = enriched(
        "Ring",
        related_anime={"SEQUEL": [{"title": "Ring 2", "external_ids": {"mal": "10"}}, {"title": "Never made"}]},
    )
    await done(pool, *((sequel, origin) if target_first else (origin, sequel)))
    edges = await pool.fetch(
        "SELECT target_source, target_id, target_anime_id FROM anime_relation ORDER BY target_source"
    )
    assert [tuple(edge) for edge in edges] == [("mal", "10", uid("Ring 2")), ("title", "never made", None)]


async def test_relations_within_one_batch_are_resolved_in_both_directions(pool: asyncpg.Pool) -> None:
    def record(name: str, own: str, relation: str, other: str) -> object:
        works = [{"title": other, "external_ids": {"mal": other}}]
        return enriched(name, external_ids={"mal": own}, related_anime={relation: works})

    batch = [record("Ring", "1", "SEQUEL", "2"), record("Ring 2", "2", "PREQUEL", "1")]
    assert await outcomes(pool, *batch) == [None, None]  # type: ignore[arg-type]
    targets = {row[0] for row in await pool.fetch("SELECT target_anime_id FROM anime_relation")}
    assert targets == {uid("Ring"), uid("Ring 2")}


async def test_a_relation_is_resolved_by_an_id_that_an_update_brings(pool: asyncpg.Pool) -> None:
    works = [{"title": "Ring 2", "external_ids": {"kitsu": "5"}}]
    await done(pool, enriched("Ring", related_anime={"SEQUEL": works}), enriched("Ring 2"))
    await done(pool, updated("Ring 2", external_ids={"kitsu": "5"}))
    assert await pool.fetchval("SELECT target_anime_id FROM anime_relation") == uid("Ring 2")


async def test_deletion_is_soft_sent_once_and_stays(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", episode_count=1))
    assert await delete_anime(pool, uid("Ring")) == 2
    assert await delete_anime(pool, uid("Ring")) is None
    assert await delete_anime(pool, uid("nobody")) is None
    assert (await outbox(pool))[-1] == (subjects.ANIME_DELETED, uid("Ring"), 2, ["deleted_at"])
    sent = await outbox(pool)
    await done(pool, updated("Ring", status="ONGOING"), aired("Ring", 2))
    assert isinstance(await refused(pool, enriched("Ring", minute=9)), Permanent)
    row = await anime(pool, "Ring")
    assert (row["status"], row["version"], row["deleted_at"] is not None) == (None, 2, True)
    assert await outbox(pool) == sent
    assert await count(pool, "episode") == 0
