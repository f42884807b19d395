from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.errors import Outage, Permanent, Refused
from tests.unit.http.fakes import NOW, Program
from tests.unit.snapshot.lines import written

LINES = {"content-type": "application/x-ndjson"}


async def test_a_snapshot_streams_out_as_it_was_written(program: Program) -> None:
    async with program.client() as client:
        response = await client.get("/snapshot")
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert response.content == b"".join(written())


async def test_an_outage_before_the_first_line_is_said(program: Program) -> None:
    program.failure = Outage("PostgreSQL", "refused")
    async with program.client() as client:
        response = await client.get("/snapshot")
    assert response.status_code == 503
    assert response.json()["detail"] == "PostgreSQL is not available: refused"


async def test_a_restore_says_what_came_in(program: Program) -> None:
    async with program.client() as client:
        response = await client.post("/restore", content=b"".join(written()), headers=LINES)
    answered = {"taken_at": "2026-11-22T12:00:00Z", "rows": {"company": 2}, "already_restored_at": None}
    assert response.json() == answered
    assert program.restored == b"".join(written())


async def test_a_restore_says_that_it_was_done_before(program: Program) -> None:
    program.restored_before_at = NOW
    async with program.client() as client:
        response = await client.post("/restore", content=b"".join(written()), headers=LINES)
    assert (response.status_code, response.json()["already_restored_at"]) == (200, "2026-11-22T12:00:00Z")


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Refused("line 3 of the snapshot", "", "is wrong"), 422), (Permanent("not empty"), 409), (Outage("x", "y"), 503)],
)
async def test_a_refused_restore_reads_what_is_sent_before_it_answers(
    program: Program, failure: Exception, status: int
) -> None:
    program.restore_failure = failure
    sent = 0

    async def chunks():  # type: ignore[no-untyped-def]
        nonlocal sent
        for _ in range(50):
            sent += 1
            yield b"x" * 10_000

    async with program.client() as client:
        response = await client.post("/restore", content=chunks(), headers=LINES)
    assert (response.status_code, sent) == (status, 50)
    assert response.json()["detail"] == str(failure)


async def test_only_lines_are_taken(program: Program) -> None:
    async with program.client() as client:
        response = await client.post("/restore", content=b"{}", headers={"content-type": "application/json"})
    assert response.status_code == 415


async def test_a_process_without_the_role_says_who_has_it(program: Program) -> None:
    services = replace(program.services(), snapshot=None, restore=None)
    async with program.client(services) as client:
        assert (await client.get("/snapshot")).status_code == 503
        response = await client.post("/restore", content=b"", headers=LINES)
    assert "`ingest`" in response.json()["detail"]
