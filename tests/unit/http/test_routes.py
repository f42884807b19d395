from __future__ import annotations

import re

import pytest

from handlers.index.filters import SearchFilters
from tests.unit.http.fakes import ID, STATUS, Program


async def test_search_hands_on_every_filter(program: Program) -> None:
    parameters = [
        ("q", "a boxer's son"),
        ("type", "tv"),
        ("type", "MOVIE"),
        ("status", "finished"),
        ("season", "FALL"),
        ("rating", "PG13"),
        ("genre", "Sports"),
        ("genre", "Drama"),
        ("year", "2015..2020"),
        ("min_score", "7.5"),
        ("limit", "3"),
        ("offset", "6"),
    ]
    async with program.client() as client:
        response = await client.get("/search", params=parameters)
    assert response.status_code == 200
    assert response.json()["hits"][0]["title"] == "Hajime no Ippo"
    expected = SearchFilters(
        type=["TV", "MOVIE"],
        status=["FINISHED"],
        season=["FALL"],
        rating=["PG13"],
        genres=["Sports", "Drama"],
        year_from=2015,
        year_to=2020,
        min_score=7.5,
    )
    assert program.searches == [("a boxer's son", expected, 3, 6)]


@pytest.mark.parametrize(
    ("written", "years"),
    [("2015", (2015, 2015)), ("2015..2020", (2015, 2020)), ("2015..", (2015, None)), ("..2020", (None, 2020))],
)
async def test_a_year_or_a_range_of_years(program: Program, written: str, years: tuple[int | None, int | None]) -> None:
    async with program.client() as client:
        await client.get("/search", params={"q": "x", "year": written})
    ((_, filters, _, _),) = program.searches
    assert (filters.year_from, filters.year_to) == years


async def test_a_record_leaves_out_what_is_not_known(program: Program) -> None:
    async with program.client() as client:
        found = (await client.get(f"/anime/{ID}")).json()
    assert found["anime"]["title"] == "Cowboy Bebop"
    assert found["version"] == 3
    assert "deleted_at" not in found
    assert "year" not in found["anime"]


async def test_delete_tells_the_version(program: Program) -> None:
    async with program.client() as client:
        assert (await client.delete(f"/anime/{ID}")).json() == {"id": str(ID), "version": 4}


async def test_status_health_and_metrics(program: Program) -> None:
    async with program.client() as client:
        assert (await client.get("/status")).json() == STATUS.model_dump(mode="json")
        assert (await client.get("/healthz/live")).status_code == 200
        assert (await client.get("/healthz/ready")).json() == {"status": "ok"}
        metrics = await client.get("/metrics")
        assert "echora_sample_total 1.0" in metrics.text
        assert metrics.headers["content-type"].startswith("text/plain")
        program.ready = ["PostgreSQL does not answer", "the index is being filled"]
        unready = await client.get("/healthz/ready")
        assert unready.status_code == 503
        assert unready.json()["detail"] == "PostgreSQL does not answer; the index is being filled"
        assert (await client.get("/healthz/live")).status_code == 200


async def test_the_page_lists_every_route_and_loads_nothing_from_elsewhere(program: Program) -> None:
    async with program.client() as client:
        page = (await client.get("/docs")).text
        document = (await client.get("/openapi.json")).json()
        assert (await client.get("/")).headers["location"] == "/docs"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page
            assert operation["description"] or path == "/metrics"
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert re.findall(r"(?:src|href)=\"?(?:https?:)?//", page) == []
    assert "/ingest" in document["paths"]
