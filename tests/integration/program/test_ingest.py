"""What is refused is named and costs its neighbours nothing; deleting, large records, and what HTTP answers."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.events import uid, updated
from tests.integration.program.records import record
from tests.integration.program.running import Program, until
from tests.integration.program.wire import wire

TEN_MEGABYTES = 10_000_000


BAD = {
    "no title": (record("No title", title=None), "anime.title: is missing"),
    "no id": (record("No id", id=None), "anime.id: is missing"),
    "wrong type": (record("Wrong type", episode_count="a dozen"), "anime.episode_count"),
    "unknown word": (record("Unknown word", status="ON_A_BREAK"), "anime.status"),
    "too long": (record("Too long", synopsis="x" * TEN_MEGABYTES), "anime.synopsis"),
    "nul": (record("Nul", synopsis="a\x00b"), "anime.synopsis"),
    "number twice": (
        record("Number twice", episodes=[{"episode_number": 4}, {"episode_number": 4}]),
        "episodes.episode_number: 4",
    ),
    "id of another": (record("Second with that id", external_ids={"mal": "4242"}), "external_ids.mal: 4242"),
}


async def test_bad_records_are_refused_by_name_and_their_neighbours_go_in(program: Program) -> None:
    good = [record(f"Good {number}", synopsis=f"Good story {number}.") for number in range(len(BAD))]
    good[0]["anime"]["external_ids"] = {"mal": "4242"}
    mixed = [one for pair in zip(good, (bad for bad, _ in BAD.values()), strict=True) for one in pair]
    summary = program.ingest(*mixed)
    assert (summary["records"], summary["new"], summary["refused"]) == (2 * len(BAD), len(BAD), len(BAD))
    told = {one["where"].rsplit(" ", 1)[-1]: one for one in summary["not_in"]}
    for place, (name, (bad, words)) in enumerate(BAD.items()):
        refusal = told[str(2 * place + 2)]  # Good and bad take turns, and lines count from 1.
        label = bad["anime"].get("title") or bad["anime"]["id"]
        assert refusal["label"] == label, name
        assert refusal["reason"].startswith(label), name
        assert words in refusal["reason"], name
        assert len(refusal["reason"]) < 1_000, name
    async with wire(program) as behind:
        titles = {row["title"] for row in await behind.rows.fetch("SELECT title FROM anime")}
        assert {one["anime"]["title"] for one in good} <= titles
        refused_ids = [bad["anime"]["id"] for bad, _ in BAD.values() if "id" in bad["anime"]]
        for table, column in (("anime", "id"), ("episode", "anime_id"), ("anime_reference", "anime_id")):
            left = await behind.rows.fetchval(
                f"SELECT count(*) FROM {table} WHERE {column} = ANY ($1::uuid[])", refused_ids
            )
            assert left == 0, table
    people = program.echora("ingest", str(program.folder / "records.jsonl"))
    assert people.returncode == 1
    assert "not in the catalogue:" in people.stdout
    assert "episodes.episode_number" in people.stdout


def test_what_is_no_json_is_named_by_its_line(program: Program) -> None:
    path = program.folder / "broken.jsonl"
    path.write_text(json.dumps(record("Before")) + "\n{broken\n" + json.dumps(record("After")) + "\n")
    done = program.echora("ingest", str(path), "--json")
    summary = json.loads(done.stdout)
    assert done.returncode == 1
    assert (summary["new"], summary["refused"]) == (2, 1)
    assert "line 2" in summary["not_in"][0]["where"]


async def test_a_record_larger_than_a_message_goes_in_whole(program: Program) -> None:
    episodes = [
        {"episode_number": number, "title": f"Part {number}", "synopsis": f"What happens in {number}. " * 30}
        for number in range(1, 1_501)
    ]
    large = record("Very long runner", synopsis="It never ends.", episodes=episodes)
    assert len(json.dumps(large)) > 1_000_000
    summary = program.ingest(large)
    assert (summary["records"], summary["new"]) == (1, 1)
    async with wire(program) as behind:
        stored = await behind.rows.fetchval("SELECT count(*) FROM episode WHERE anime_id = $1", uid("Very long runner"))
        parts = await behind.rows.fetchval(
            "SELECT count(*) FROM ingestion_entries WHERE anime_id = $1", uid("Very long runner")
        )
    assert stored == len(episodes)
    assert parts > 1
    shown = program.json("show", str(uid("Very long runner")))
    assert [one["episode_number"] for one in shown["episodes"]] == list(range(1, 1_501))
    again = program.ingest(large)
    assert (again["records"], again["unchanged"]) == (1, 1)


async def test_deleted_stays_deleted(program: Program) -> None:
    words = "a lighthouse keeper who paints whales"
    program.ingest(record("Lighthouse", synopsis=words))
    assert until(lambda: "Lighthouse" in program.titles(words, limit=1))
    anime = str(uid("Lighthouse"))
    gone = program.echora("delete", anime, "--yes")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert until(lambda: "Lighthouse" not in program.titles(words))
    async with wire(program) as behind:
        await behind.send("anime.updated", updated("Lighthouse", minute=60 * 24 * 365 * 5, synopsis="It is back."))
    program.settle()
    assert "Lighthouse" not in program.titles("It is back.")
    shown = program.json("show", anime)
    assert shown["deleted_at"]
    assert shown["anime"]["synopsis"] == words
    assert program.echora("delete", anime, "--yes").returncode == 1
    again = program.ingest(record("Lighthouse", synopsis="Once more."))
    assert again["refused"] == 1
    assert "deleted" in again["not_in"][0]["reason"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/search", 422, "q: is missing"),
        ("/search?q=x&type=RADIO", 422, "type"),
        ("/search?q=x&year=2020..2010", 422, "2010..2020"),
        ("/search?q=x&limit=0", 422, "limit"),
        ("/anime/5", 422, "anime_id"),
        ("/anime/00000000-0000-0000-0000-000000000000", 404, "there is no anime"),
        ("/nothing/here", 404, "/docs"),
    ],
)
def test_errors_are_problem_documents(program: Program, path: str, status: int, words: str) -> None:
    answer = program.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["instance"] == path.partition("?")[0]
    assert words in problem["detail"]


def test_the_pages_and_documents_are_there(program: Program) -> None:
    assert program.get("/").headers["location"] == "/docs"
    for page in ("/docs", "/docs/asyncapi"):
        answer = program.get(page)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert 'src="http' not in answer.text, "a page must show without a network"
    openapi = program.get("/openapi.json").json()
    assert openapi["openapi"].startswith("3.")
    assert {"/ingest", "/search", "/anime/{anime_id}", "/status", "/healthz/live", "/healthz/ready"} <= set(
        openapi["paths"]
    )
    messages = program.get("/docs/asyncapi.json").json()
    assert messages["asyncapi"].startswith("3.")
    assert yaml.safe_load(program.get("/docs/asyncapi.yaml").text) == messages


def test_health_and_metrics(program: Program) -> None:
    assert program.get("/healthz/live").json() == {"status": "ok"}
    assert program.get("/healthz/ready").json() == {"status": "ok"}
    metrics = program.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert 'consumer="postgres-consumer"' in metrics.text


def test_without_a_program_a_command_says_how_to_start_it(program: Program) -> None:
    away = Program(program.folder, {})
    done = away.echora("status")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert f"nothing answers at {away.url}" in done.stderr
    assert "make run" in done.stderr
