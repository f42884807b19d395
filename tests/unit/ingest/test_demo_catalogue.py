"""The demo catalogue: what it promises of itself, checked record by record."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean, median
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

import pytest

from contracts.model import AnimeRecord
from contracts.model.enums import Relation, SourceMaterial

CATALOGUE = Path(__file__).parents[3] / "handlers" / "ingest" / "demo" / "catalogue.json"
DOCUMENT: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
RECORDS: list[dict[str, Any]] = DOCUMENT["data"]
ANIME: list[dict[str, Any]] = [record["anime"] for record in RECORDS]
AS_OF = datetime.fromisoformat(DOCUMENT["as_of"]).replace(tzinfo=UTC)

PLATFORMS = {"mal", "anilist", "kitsu"}
PAGES = {
    "mal": "https://myanimelist.net/anime/",
    "anilist": "https://anilist.co/anime/",
    "kitsu": "https://kitsu.app/anime/",
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SLOT_TIME = re.compile(r"(?:[01]\d|2\d):[0-5]\d")
SYNOPSIS_WORDS_MIN, SYNOPSIS_WORDS_MAX = 50, 110
SHARED_RUN_WORDS = 8
# Their next air time was not known on the day of the file.
ONGOING_WITHOUT_NEXT_EPISODE = {"21", "235"}

each_record = pytest.mark.parametrize("record", RECORDS, ids=[anime["title"] for anime in ANIME])


def instant(text: str) -> datetime:
    """The UTC instant of a text that must end in Z."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)


def agm(values: list[float]) -> float:
    """The arithmetic-geometric mean, iterated from both means of the values."""
    a, g = fmean(values), math.prod(values) ** (1 / len(values))
    for _ in range(50):
        a, g = (a + g) / 2, math.sqrt(a * g)
    return a


def shape(value: Any) -> Any:
    """The names in a value, all the way down, without what they hold."""
    if isinstance(value, dict):
        return {str(name): shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else None


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return re.findall(r"\w+", text.casefold())


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of words that two synopses may not share."""
    found = words(text)
    return (tuple(found[at : at + SHARED_RUN_WORDS]) for at in range(len(found) - SHARED_RUN_WORDS + 1))


def test_the_file_is_big_enough_and_says_what_it_is() -> None:
    assert len(RECORDS) >= 60
    assert DOCUMENT["as_of"] == AS_OF.date().isoformat()
    assert len(words(DOCUMENT["note"])) > 20


@each_record
def test_the_canonical_model_accepts_it(record: dict[str, Any]) -> None:
    parsed = AnimeRecord.model_validate(record)
    assert parsed.anime.title == record["anime"]["title"]
    assert len(parsed.characters) == len(record["characters"])
    assert len(parsed.episodes) == len(record["episodes"])
    assert shape(parsed.model_dump(mode="json", exclude_unset=True)) == shape(record), "a name the model does not know"


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_no_two_titles_share_an_external_id(platform: str) -> None:
    ids = [anime["external_ids"][platform] for anime in ANIME if platform in anime["external_ids"]]
    assert [one for one, times in Counter(ids).items() if times > 1] == []
    assert all(one.isdigit() for one in ids)
    assert len(ids) >= 30


def test_ids_are_unique_and_derived() -> None:
    namespace = uuid5(NAMESPACE_URL, "https://echora.example/anime")
    assert len({anime["id"] for anime in ANIME}) == len(ANIME)
    assert [UUID(anime["id"]) for anime in ANIME] == [
        uuid5(namespace, f"mal:{anime['external_ids']['mal']}") for anime in ANIME
    ]
    episode_ids = [episode["id"] for record in RECORDS for episode in record["episodes"]]
    assert len(set(episode_ids)) == len(episode_ids)


def test_a_character_in_several_titles_is_one_character() -> None:
    told: dict[str, tuple[str, str, list[str]]] = {}
    for record in RECORDS:
        seen = [character["id"] for character in record["characters"]]
        assert len(set(seen)) == len(seen)
        for character in record["characters"]:
            assert record["anime"]["id"] in character["anime_ids"]
            fact = (character["name"], character["description"], character["anime_ids"])
            assert told.setdefault(character["id"], fact) == fact
    homes = Counter(character["id"] for record in RECORDS for character in record["characters"])
    assert {one: len(fact[2]) for one, fact in told.items()} == homes
    assert len({fact[0] for fact in told.values()}) == len(told)


@each_record
def test_the_required_facts_are_there(record: dict[str, Any]) -> None:
    anime = record["anime"]
    for field in ("title", "title_english", "title_japanese", "type", "status", "rating", "source_material", "year"):
        assert anime[field], field
    assert {"mal", "anilist"} <= anime["external_ids"].keys() <= PLATFORMS
    assert anime["sources"] == [PAGES[source] + one for source, one in anime["external_ids"].items()]
    assert anime["genres"]
    assert all(re.fullmatch(r"[A-Z][\w' -]*", genre) for genre in anime["genres"])
    assert anime["tags"]
    assert all(tag == tag.lower() for tag in anime["tags"])
    assert anime["studios"]
    assert instant(anime["aired_dates"]["aired_from"])
    if anime["status"] == "FINISHED":
        assert anime["episode_count"] >= 1
        assert anime["duration"] > 0
    assert len(record["characters"]) >= (2 if anime["type"] == "MUSIC" else 3)
    for character in record["characters"]:
        assert len(words(character["description"])) >= 5
        assert len(character["roles"]) == 1


@each_record
def test_status_agrees_with_the_dates(record: dict[str, Any]) -> None:
    anime = record["anime"]
    begun = instant(anime["aired_dates"]["aired_from"])
    ended = anime["aired_dates"].get("aired_to")
    match anime["status"]:
        case "FINISHED":
            assert begun <= instant(ended) <= AS_OF
        case "ONGOING":
            assert begun <= AS_OF
            assert ended is None
        case "UPCOMING":
            assert begun > AS_OF
            assert ended is None
        case other:
            pytest.fail(f"the catalogue has no title with status {other}")
    first = begun.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (first.year, first.strftime("%B")) == (anime["year"], anime["month"])
    assert (first.hour, first.minute) == (0, 0)


@each_record
def test_scores_are_the_means_of_the_platforms(record: dict[str, Any]) -> None:
    anime = record["anime"]
    assert anime["statistics"].keys() <= PLATFORMS
    values = [figures["score"] for figures in anime["statistics"].values() if "score" in figures]
    if anime["status"] == "UPCOMING":
        assert values == []
        assert "score" not in anime
        return
    assert values
    assert all(0 < value <= 10 and value == round(value, 2) for value in values)
    assert anime["score"] == pytest.approx(
        {"arithmetic_geometric_mean": agm(values), "arithmetic_mean": fmean(values), "median": median(values)}, abs=1e-5
    )


@each_record
def test_relations_name_a_title_and_its_id(record: dict[str, Any]) -> None:
    for relation, works in record["anime"]["related_anime"].items():
        assert relation in set(Relation)
        for work in works:
            assert work["title"]
            assert work["external_ids"]["mal"].isdigit()
            assert work["external_ids"]["mal"] != record["anime"]["external_ids"]["mal"]
    for relation, works in record["anime"]["related_source_material"].items():
        assert relation == "ADAPTATION"
        assert all(work["type"] in set(SourceMaterial) for work in works)


def test_relations_stay_inside_and_lead_outside() -> None:
    titles = {anime["external_ids"]["mal"]: anime["title"] for anime in ANIME}
    edges = [
        (anime["external_ids"]["mal"], relation, work["external_ids"]["mal"], work["title"])
        for anime in ANIME
        for relation, works in anime["related_anime"].items()
        for work in works
    ]
    inside = {(here, relation, there) for here, relation, there, _ in edges if there in titles}
    assert len(inside) >= 16
    assert len(edges) - len(inside) >= 20
    assert all(titles[there] == title for _, _, there, title in edges if there in titles)
    back = {"SEQUEL": {"PREQUEL"}, "PREQUEL": {"SEQUEL"}, "SIDE_STORY": {"PARENT_STORY"}, "SUMMARY": {"FULL_STORY"}}
    answered = {(there, relation, here) for here, relation, there in inside}
    for here, relation, there in inside:
        wanted = back.get(relation)
        if wanted:
            assert any((here, other, there) in answered for other in wanted), (titles[here], relation, titles[there])


@each_record
def test_the_slot_is_one_that_television_prints(record: dict[str, Any]) -> None:
    anime = record["anime"]
    broadcast = anime.get("broadcast")
    if broadcast is None:
        assert anime["status"] != "ONGOING"
        return
    assert broadcast["day"] in WEEKDAYS
    assert SLOT_TIME.fullmatch(broadcast["time"])
    assert broadcast["timezone"] == "Asia/Tokyo"
    if "next_episode_at" in broadcast:
        upcoming = instant(broadcast["next_episode_at"])
        assert upcoming > AS_OF
        hour, minute = map(int, broadcast["time"].split(":"))
        local = upcoming.astimezone(ZoneInfo("Asia/Tokyo"))
        shown = local - timedelta(days=hour // 24)
        assert (WEEKDAYS[shown.weekday()], local.hour, local.minute) == (broadcast["day"], hour % 24, minute)


@each_record
def test_episodes_are_numbered_in_order_and_only_the_next_one_is_in_the_future(record: dict[str, Any]) -> None:
    anime, episodes = record["anime"], record["episodes"]
    numbers = [episode["episode_number"] for episode in episodes]
    assert numbers == sorted(set(numbers))
    assert all(episode["anime_id"] == anime["id"] for episode in episodes)
    assert all(number <= anime.get("episode_count", number) for number in numbers)
    times = [instant(episode["aired"]) for episode in episodes]
    assert times == sorted(times) or anime["external_ids"]["mal"] == "1", "Cowboy Bebop began with its second episode"
    announced = [episode for episode in episodes if instant(episode["aired"]) > AS_OF]
    if anime["status"] == "FINISHED":
        assert announced == []
        assert episodes
    elif anime["status"] == "ONGOING" and anime["external_ids"]["mal"] not in ONGOING_WITHOUT_NEXT_EPISODE:
        assert [episode["aired"] for episode in announced] == [anime["broadcast"]["next_episode_at"]]
        assert numbers[-1] == announced[0]["episode_number"]


@each_record
def test_the_synopsis_is_neither_a_line_nor_a_page(record: dict[str, Any]) -> None:
    count = len(record["anime"]["synopsis"].split())
    assert SYNOPSIS_WORDS_MIN <= count <= SYNOPSIS_WORDS_MAX


def test_no_two_synopses_share_a_run_of_words() -> None:
    told: dict[tuple[str, ...], str] = {}
    for anime in ANIME:
        for run in set(runs(anime["synopsis"])):
            assert told.setdefault(run, anime["title"]) == anime["title"], run


def test_the_catalogue_has_what_the_world_needs() -> None:
    status = Counter(anime["status"] for anime in ANIME)
    assert status["ONGOING"] >= 14
    assert status["UPCOMING"] >= 2
    kinds = {anime["type"] for anime in ANIME}
    assert {"TV", "MOVIE", "OVA", "ONA", "SPECIAL", "MUSIC"} <= kinds
    ongoing = [anime for anime in ANIME if anime["status"] == "ONGOING"]
    assert any("episode_count" not in anime for anime in ongoing)
    assert any("episode_count" in anime for anime in ongoing)
    assert any(anime["broadcast"]["time"] >= "25:00" for anime in ongoing)
    assert any(anime["broadcast"]["time"] == "24:00" for anime in ongoing)
    assert any(anime["year"] < 2000 for anime in ongoing)
    assert any("hiatus" in anime for anime in ongoing)
    premieres = [instant(anime["aired_dates"]["aired_from"]) for anime in ANIME if anime["status"] == "UPCOMING"]
    assert min(premieres) < AS_OF + timedelta(days=30)
