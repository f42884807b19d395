"""The laws of the diff, for every field that a record has."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from contracts.model import AnimeFields, CharacterFields
from contracts.observation import Observation
from handlers.update.canonical import canonical
from handlers.update.current import Current
from handlers.update.diff import Diff, diff_anime, diff_character
from handlers.update.kinds import ANIME, CHARACTER, Kind
from handlers.update.score_change import without_figures
from handlers.update.vocabulary import WORDS
from tests.unit.contracts.strategies import models
from tests.unit.update.said import applied, at, heard, heard_character, record

SOURCES = ("jikan", "mal", "anilist", "kitsu")
ROUNDS = 4
RELAXED = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def shaken(value: Any) -> Any:
    """The same value written otherwise: lists backwards, texts with more space."""
    if isinstance(value, list):
        return [shaken(one) for one in reversed(value)]
    if isinstance(value, dict):
        return {key: value[key] for key in reversed(value)}
    return value


# Values that meet each other often: the laws are about agreement and disagreement, not about rare characters.
NAMES = st.sampled_from(("Bones", "bones", "MAPPA", "Madhouse"))
FIRMS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={"external_ids": st.dictionaries(st.sampled_from(("mal", "anilist")), st.sampled_from("12"), min_size=1)},
)
MOMENTS = st.sampled_from(("2017-09-30T15:00:00Z", "2017-10-22T15:00:00Z", "2018-03-01T03:00:00Z"))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(("Monster", "Monster ", "Monsuta")),
    "synopsis": st.sampled_from(("A doctor.", "A  doctor.\n", "A doctor saves a boy and regrets it.")),
    "type": st.sampled_from(("TV", "TV_SHORT", "TV_SPECIAL", "SPECIAL", "ONA", "UNKNOWN")),
    "status": st.sampled_from(("UPCOMING", "ONGOING", "FINISHED", "CANCELLED", "UNKNOWN")),
    "rating": st.sampled_from(("PG", "PG13", "R", "RPLUS")),
    "episode_count": st.integers(10, 14),
    "duration": st.sampled_from((1380, 1426, 1440)),
    "genres": st.lists(st.sampled_from(("Drama", "drama", "Mystery", "Action")), max_size=3),
    "synonyms": st.lists(st.sampled_from(("MONSTER", "Monster", "怪物")), max_size=3),
    "studios": st.lists(FIRMS, max_size=3),
    "sources": st.lists(
        st.sampled_from(("https://myanimelist.net/anime/19/M", "https://anilist.co/anime/19")), max_size=2
    ),
    "images": st.fixed_dictionaries({}, optional={"covers": st.lists(st.sampled_from("ab"), min_size=1, max_size=2)}),
    "external_sources": st.dictionaries(st.sampled_from(("Site", "Twitter")), st.sampled_from(("u", "v"))),
    "aired_dates": st.fixed_dictionaries({}, optional={"aired_from": MOMENTS, "aired_to": MOMENTS}),
    "broadcast": st.fixed_dictionaries(
        {}, optional={"day": st.sampled_from(("friday", "saturday")), "time": st.sampled_from(("25:30", "01:30"))}
    ),
    "hiatus": st.just({"reason": "listed as on hiatus"}) | st.none(),
    "statistics": st.just({}),
}


@st.composite
def looks(draw: st.DrawFn, sources: tuple[str, ...] = SOURCES, least: int = 1) -> list[Observation]:
    """What some sources say, each at its own time, of a few of the fields."""
    seen: list[Observation] = []
    names = draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=4))
    for source in draw(st.lists(st.sampled_from(sources), min_size=least, max_size=4, unique=True)):
        fields = {name: draw(FIELDS[name]) for name in sorted(names)}
        # A source has only the words that it has.
        fields |= {name: "UNKNOWN" for name in fields if fields[name] not in WORDS.get((source, name), [fields[name]])}
        minute = draw(st.sampled_from((-5, 0, 1, 2, 3)))
        if source in ("anilist", "kitsu") and "broadcast" in fields:
            day = draw(st.sampled_from((None, 1, 2)))
            fields["broadcast"] = {"next_episode_at": f"2026-03-0{day}T12:00:00Z"} if day else None
        if "statistics" in fields:
            fields["statistics"] = {heard(source).platform: {"score": draw(st.integers(1, 9))}}
            fields["external_ids"] = {draw(st.sampled_from(("mal", "anilist"))): draw(st.sampled_from("12"))}
        seen.append(heard(source, minute, **fields))
    return seen


@st.composite
def records(draw: st.DrawFn) -> Current:
    values = {name: value for name, value in draw(st.fixed_dictionaries({}, optional=FIELDS)).items() if value}
    return record(draw(st.sampled_from((*SOURCES, "enrichment", "anilist+jikan", "person"))), 0, **values)


@RELAXED
@given(models(AnimeFields), st.sampled_from(SOURCES), st.sampled_from((*SOURCES, "enrichment")))
def test_an_anime_that_is_said_as_it_is_held_gives_no_change(anime: AnimeFields, source: str, holder: str) -> None:
    plain = anime.model_dump(mode="json", exclude_none=True)
    same = {name: shaken(value) for name, value in plain.items()}
    assert diff_anime(record(holder, 0, **plain), [heard(source, 1, **same)]).changes == ()


@RELAXED
@given(models(CharacterFields), st.sampled_from(SOURCES))
def test_a_character_that_is_said_as_it_is_held_gives_no_change(character: CharacterFields, source: str) -> None:
    plain = character.model_dump(mode="json", exclude_none=True)
    same = {name: shaken(value) for name, value in plain.items()}
    current = Current(plain, record().provenance, 1)
    assert diff_character(current, [heard_character(source, 1, **same)]).changes == ()


@RELAXED
@given(models(AnimeFields))
def test_applying_what_one_source_says_of_an_empty_record_gives_that(anime: AnimeFields) -> None:
    plain = anime.model_dump(mode="json", exclude_none=True)
    found = diff_anime(Current(), [heard("jikan", 1, **plain)]).changes
    after = applied(Current(), found)
    for name in set(plain) - {"score", "statistics", "external_ids", "sources"}:
        assert canonical(name, after.values.get(name)) == canonical(name, plain[name]), name


@RELAXED
@given(records(), looks())
def test_applying_a_diff_gives_its_target_and_hearing_the_same_again_gives_nothing(
    current: Current, seen: list[Observation]
) -> None:
    found = diff_anime(current, seen).changes
    after = applied(current, found)
    for one in found:
        outer, dot, key = one.field.partition(".")
        value = after.values.get(outer)
        assert (value[key] if dot else value) == one.new, one
    assert diff_anime(after, seen).changes == ()


@RELAXED
@given(records(), looks(least=2), st.randoms(use_true_random=False))
def test_the_order_in_which_sources_are_heard_does_not_matter(
    current: Current, seen: list[Observation], random: Any
) -> None:
    shuffled = list(seen)
    random.shuffle(shuffled)
    assert _as_set(diff_anime(current, seen)) == _as_set(diff_anime(current, shuffled))


@RELAXED
@given(records(), looks(least=2), st.data())
def test_services_that_repeat_themselves_in_any_turn_come_to_rest(
    current: Current, seen: list[Observation], data: st.DataObject
) -> None:
    """Services that disagree, heard one after the other or some at once, do not swing the record to and fro.

    Only of figures the newest word counts, whichever of a platform's doors it came through: they drift anyway.
    """
    turns = data.draw(st.lists(st.sets(st.sampled_from(range(len(seen))), min_size=1), min_size=1, max_size=3))
    minute, changes = 10, 0
    for _ in range(ROUNDS):
        changes = 0
        for turn in turns:
            minute += 10
            found = diff_anime(current, [_later(seen[place], minute) for place in turn]).changes
            changes += len(without_figures(found))
            current = applied(current, found, minute)
    assert changes == 0, "still changing in the last round"


@given(records(), looks())
def test_a_change_is_news_to_persist_and_names_who_said_it(current: Current, seen: list[Observation]) -> None:
    names = {one.source for one in seen}
    for one in diff_anime(current, seen).changes:
        assert one.observed_at > at(0) or current.values.get(one.field) in (None, "UNKNOWN"), one
        assert set(one.source.split("+")) & names, one
        assert one.rule


def test_every_field_of_the_record_has_a_kind() -> None:
    tables: tuple[tuple[type[BaseModel], dict[str, Kind]], ...] = (
        (AnimeFields, dict(ANIME)),
        (CharacterFields, dict(CHARACTER)),
    )
    for model, kinds in tables:
        assert set(kinds) == set(model.model_fields)


def _as_set(found: Diff) -> tuple[set[str], set[str]]:
    return {repr(one) for one in found.changes}, {repr(one) for one in found.dissents}


def _later(seen: Observation, minute: int) -> Observation:
    return seen.model_copy(update={"observed_at": at(minute)})
