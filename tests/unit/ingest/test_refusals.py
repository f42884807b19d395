"""Bad input: every record that cannot go in is refused with its name and the field, and its text is never repeated."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import Refused
from handlers.ingest.findings import FINDINGS_MAX
from handlers.ingest.records import prepare
from tests.unit.ingest.samples import anime_id, raw_record


def refusal(raw: object) -> Refused:
    with pytest.raises(Refused) as caught:
        prepare(raw, 3)
    assert len(str(caught.value)) < 3_000
    return caught.value


@pytest.mark.parametrize("raw", [None, 5, "text", [], [{}], True])
def test_what_is_no_object(raw: object) -> None:
    assert refusal(raw).record == "record 3"


@pytest.mark.parametrize("raw", [{}, {"anime": None}, {"anime": []}, {"title": "flat"}])
def test_a_record_without_an_anime(raw: object) -> None:
    assert refusal(raw).field == "anime"


@pytest.mark.parametrize(
    ("anime", "field", "reason"),
    [
        ({"title": None}, "anime.title", "is missing"),
        ({"title": "  "}, "anime.title", "is empty"),
        ({"title": 5}, "anime.title", "string"),
        ({"id": None}, "anime.id", "is missing"),
        ({"id": None, "external_ids": {"mal": "1"}}, "anime.id", "is missing"),
        ({"id": "not-a-uuid"}, "anime.id", "UUID"),
        ({"type": "RADIO PLAY"}, "anime.type", "'TV'"),
        ({"status": "PAUSED"}, "anime.status", "'FINISHED'"),
        ({"genres": "Action"}, "anime.genres", "list"),
        ({"genres": ["Action", 5]}, "anime.genres[1]", "string"),
        ({"year": "soon"}, "anime.year", "integer"),
        ({"year": 12}, "anime.year", "1900"),
        ({"episode_count": -1}, "anime.episode_count", "greater"),
        ({"episode_count": 12.5}, "anime.episode_count", "integer"),
        ({"synopsis": "x" * 10_000_000}, "anime.synopsis", "a text of 10000000 characters"),
        ({"synopsis": "a\x00b"}, "anime.synopsis", "NUL"),
        ({"title": "a\x00b"}, "anime.title", "NUL"),
        ({"statistics": {"mal": {"score": 87}}}, "anime.statistics.mal.score", "10"),
        ({"statistics": [1]}, "anime.statistics", "dictionary"),
        ({"aired_dates": {"from": "2020-02-31"}}, "anime.aired_dates.aired_from", "date"),
        ({"aired_dates": "2020"}, "anime.aired_dates", ""),
        ({"related_anime": [{"relation_type": "FRIEND", "title": "x"}]}, "anime.related_anime.FRIEND (its key)", ""),
        ({"related_anime": [{"relation_type": "SEQUEL"}]}, "anime.related_anime.SEQUEL[0].title", "is missing"),
        ({"external_ids": {"mal": 1.5}}, "anime.external_ids.mal", "string"),
        ({"external_ids": [1]}, "anime.external_ids", "dictionary"),
        ({"staff_data": {"directors": [{"role": "x"}]}}, "anime.staff_data.directors[0].name", "is missing"),
        ({"enrichment_metadata": {"enriched_at": "yesterday"}}, "enrichment_metadata.enriched_at", "date"),
        ({"enrichment_metadata": "x"}, "enrichment_metadata", ""),
    ],
)
def test_a_wrong_field_is_named(anime: dict[str, Any], field: str, reason: str) -> None:
    refused = refusal(raw_record(**anime))
    assert refused.field == field
    assert reason in refused.reason


def test_the_record_is_named_by_its_title_else_its_id() -> None:
    assert refusal(raw_record(7, status="PAUSED")).record == "Sample 7"
    assert refusal(raw_record(7, title=None)).record == str(anime_id(7))
    assert refusal(raw_record(7, title=None, id=None)).record == "record 3"


def with_belongings(**changes: Any) -> dict[str, Any]:
    return raw_record() | changes


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (with_belongings(episodes=[{"episode_number": 4}, {"episode_number": 4}]), "episodes.episode_number"),
        (with_belongings(episodes=[{"title": "no number"}]), "episodes[0].episode_number"),
        (with_belongings(episodes=[{"episode_number": -1}]), "episodes[0].episode_number"),
        (with_belongings(episodes=[{"episode_number": 1, "anime_id": str(anime_id(9))}]), "episodes[0].anime_id"),
        (with_belongings(episodes={"1": {}}), "episodes"),
        (with_belongings(episodes=["one"]), "episodes[0]"),
        (with_belongings(characters=[{"role": "Main"}]), "record"),
        (with_belongings(characters=[{"name": "A", "role": "Boss"}]), "characters[0].roles[0]"),
        (with_belongings(characters=[{"name": "A"}, {"name": "a "}]), "characters.id"),
        (with_belongings(characters="none"), "characters"),
    ],
)
def test_what_belongs_to_an_anime_is_checked_too(raw: dict[str, Any], field: str) -> None:
    refused = refusal(raw)
    if field == "record":  # Two findings at once: a character without a name has no derived id either.
        assert "characters[0].id: is missing; characters[0].name: is missing" in sorted_findings(refused.reason)
    else:
        assert refused.field == field


def sorted_findings(reason: str) -> str:
    return "; ".join(sorted(reason.split("; ")))


def test_all_findings_of_a_record_come_at_once_and_bounded() -> None:
    refused = refusal(raw_record(title=None, status="PAUSED", year="soon"))
    assert refused.field == ""
    for field in ("anime.title", "anime.status", "anime.year"):
        assert field in refused.reason
    many = refusal(with_belongings(episodes=[{"title": "no number"} for _ in range(500)]))
    assert many.reason.count("is missing") == FINDINGS_MAX
    assert many.reason.endswith(f"and {500 - FINDINGS_MAX} more")
