"""Canaries in every secret: the real program in good starts, refused ones and outages says none of them anywhere."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from contracts.subjects import ANIME_UPDATED
from streams import topology
from streams.embedded import NatsServer, PostgresServer
from tests.integration.program.canaries import PLACES, all_planted, canary, planted
from tests.integration.program.running import Program, end, environment, free_port, running, until
from tests.integration.program.test_sources import FRIEREN, PATHS
from tests.integration.program.wire import wire
from tests.integration.world.process import WorldProcess, running_world
from tests.servers import running_nats, temporary_folder, temporary_home

ROLES = "ingest,persist,relay,update,letters"


class Heard:
    """Whatever came out, by where."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def hear(self, where: str, what: object) -> None:
        text = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        self.texts.append((where, text))

    def answered(self, response: httpx.Response) -> httpx.Response:
        self.hear(f"{response.request.method} {response.request.url.path}", f"{response.headers}\n{response.text}")
        return response

    def look(self, program: Program) -> None:
        """Everything that the program shows whoever asks, and its processes' arguments."""
        for path in (
            "/metrics",
            "/status",
            "/healthz/live",
            "/healthz/ready",
            "/activity",
            "/openapi.json",
            "/nowhere",
        ):
            self.answered(program.http.get(path))
        for path in ("/dead-letters", "/dead-letters/groups", "/schedules", "/reviews"):
            self.answered(program.http.get(path))
        program.look()
        for one in program.left():
            self.hear("arguments", " ".join(one.cmdline()))

    def found(self, word: str) -> list[str]:
        return [where for where, text in self.texts if word in text]

    def whole(self) -> str:
        return "\n".join(text for _, text in self.texts)


class Servers:
    """A NATS and a PostgreSQL of these tests alone, and a world."""

    def __init__(self, nats: NatsServer, postgres: PostgresServer, world: WorldProcess) -> None:
        self.nats, self.postgres, self.world = nats, postgres, world

    def settings(self, database: str) -> dict[str, str]:
        addresses = {
            "NATS_URL": planted("NATS_URL", self.nats.url.partition("://")[2]),
            "POSTGRES_URL": planted(
                "POSTGRES_URL", self.postgres.dsn.partition("@")[2].replace("/postgres?", f"/{database}?")
            ),
            "WORLD_URL": planted("WORLD_URL", self.world.url.partition("://")[2]),
        }
        return {**all_planted(), **addresses, "ECHORA_ROLES": ROLES, "ECHORA_LOG_LEVEL": "debug"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack:
        home = stack.enter_context(temporary_home())
        nats = stack.enter_context(running_nats(home, payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX))
        postgres = PostgresServer(home)
        stack.callback(postgres.stop)
        postgres.start()
        world = stack.enter_context(running_world(tmp_path_factory.mktemp("world"), "--speed", "600"))
        yield Servers(nats, postgres, world)


async def _database(servers: Servers, name: str) -> None:
    import asyncpg

    rows = await asyncpg.connect(servers.postgres.dsn, timeout=10)
    try:
        await rows.execute(f'CREATE DATABASE "{name}"')
    finally:
        await rows.close()


def ask_badly(program: Program, heard: Heard) -> None:
    """What a client that makes mistakes sends."""
    ask = program.http.post
    wrong = {"authorization": f"Bearer {canary('a wrong token')}"}
    assert heard.answered(ask("/dead-letters/replay", json={}, headers=wrong)).status_code == 401
    token = {"authorization": f"Bearer {canary('ECHORA_API_TOKEN')}", "cookie": canary("a cookie of a request")}
    beside = {"authorization": f"Bearer {canary('a token beside a body that is none')}"}
    heard.answered(ask("/ingest", content=b"no JSON", headers={"content-type": "application/json", **beside}))
    for path in ("/ingest", "/dead-letters/replay", "/sources/mal/anime", "/nowhere"):
        heard.answered(ask(path, content=b"no JSON", headers={"content-type": "application/json", **token}))
        heard.answered(ask(path, content=b"x", headers={"content-type": "text/plain", **token}))
        heard.answered(ask(path, json={"ids": 7}, headers=token))


async def send_poison(program: Program, heard: Heard) -> None:
    """A message of somebody else's, with headers that are nobody's business, that becomes a dead letter."""
    headers = {
        "Authorization": f"Bearer {canary('Authorization of a message')}",
        "Cookie": canary("Cookie of a message"),
        "X-Trace": "kept",
    }
    async with wire(program) as behind:
        await behind.jetstream.publish(ANIME_UPDATED, b"\xff poison", stream=topology.EVENTS.name, headers=headers)
        assert await asyncio.to_thread(until, lambda: program.dead_letters() == 1)
        (letter,) = await behind.dead_letters()
        assert letter.headers["X-Trace"] == "kept"
        heard.hear("the dead letter", letter)
        assert await asyncio.to_thread(until, lambda: program.get("/dead-letters").json()["letters"])
        row = await behind.rows.fetchrow("SELECT * FROM dead_letter")
        heard.hear("the row of the dead letter", row)
    for one in program.get("/dead-letters").json()["letters"]:
        heard.answered(program.get(f"/dead-letters/{one['id']}"))


def command(heard: Heard, program: Program, words: list[str], **settings: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        program.command(*words),
        env=environment(settings),
        cwd=program.folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    heard.hear(f"echora {' '.join(words)}", done.stdout + done.stderr)
    return done


def end_servers_and_start_them(program: Program, servers: Servers, heard: Heard) -> None:
    """Each of them away for a moment."""
    for server in (servers.nats, servers.postgres):
        server.stop()
        assert until(lambda: program.http.get("/healthz/ready").status_code == 503)
        heard.look(program)
        # What hands records in would wait for the server.
        wish = {"authorization": f"Bearer {canary('ECHORA_API_TOKEN')}"}
        heard.answered(program.http.post("/dead-letters/replay", json={"all": True}, headers=wish))
        server.start()
        assert until(program.ready), program.said


async def in_a_world(servers: Servers, heard: Heard) -> None:
    """A good start with the world elsewhere, Redis and the webhook away, and then each server away."""
    await _database(servers, "world")
    settings = {**servers.settings("world"), "ECHORA_SOURCES": "world", "ECHORA_LOG_FORMAT": "console"}
    with temporary_folder() as folder, running(Program(folder, settings)) as program:
        heard.look(program)
        ask_badly(program, heard)
        await send_poison(program, heard)
        heard.answered(program.get("/sources/jikan/anime", ids=FRIEREN["jikan"]))
        command(
            heard, program, ["fetch", "jikan", "52991"], ECHORA_URL=program.url, ECHORA_API_TOKEN="word with blanks"
        )
        elsewhere = f"http://echora:{canary('ECHORA_URL')}@127.0.0.1:{free_port()}"
        assert command(heard, program, ["status"], ECHORA_URL=elsewhere).returncode != 0
        broken = canary("ECHORA_API_TOKEN of the command line") + "\nx"
        assert command(heard, program, ["status"], ECHORA_URL=program.url, ECHORA_API_TOKEN=broken).returncode != 0
        assert until(lambda: "the webhook did not take an alert" in program.said), program.said
        await asyncio.to_thread(end_servers_and_start_them, program, servers, heard)
        program.interrupt()
        heard.hear("the log of a world", program.said)


async def in_live(servers: Servers, heard: Heard) -> None:
    """A good start that asks services at addresses of its settings, one of which nobody answers at."""
    await _database(servers, "live")
    host = servers.world.url.partition("://")[2]
    addresses = {name: planted(name, host + path) for name, path in PATHS.items()}
    addresses["KITSU_BASE_URL"] = planted("KITSU_BASE_URL", f"127.0.0.1:{free_port()}/kitsu/api/edge")
    settings = {**servers.settings("live"), **addresses, "ECHORA_SOURCES": "live", "ECHORA_LOG_FORMAT": "json"}
    del settings["REDIS_URL"]
    with temporary_folder() as folder, running(Program(folder, settings)) as program:
        done = {
            source: command(heard, program, ["fetch", source, FRIEREN[source]], **asked(program)) for source in FRIEREN
        }
        assert {source for source, one in done.items() if one.returncode == 0} == set(FRIEREN) - {"kitsu"}, heard.texts[
            -4:
        ]
        heard.look(program)
        program.interrupt()
        heard.hear("the log of live", program.said)


def asked(program: Program) -> dict[str, str]:
    return {"ECHORA_URL": program.url, "ECHORA_API_TOKEN": canary("ECHORA_API_TOKEN")}


def refused(servers: Servers, heard: Heard) -> None:
    """Starts that must fail, side by side."""
    good = {**servers.settings("world"), "ECHORA_SOURCES": "world"}
    unread = f"postgresql://echora:{canary('POSTGRES_URL that cannot be read')}/x@127.0.0.1/e"
    world = servers.world.url.partition("://")[2]
    wrong: dict[str, dict[str, str]] = {
        "PostgreSQL is not available": {"POSTGRES_URL": planted("POSTGRES_URL", f"127.0.0.1:{free_port()}/e")},
        "POSTGRES_URL cannot be read": {"POSTGRES_URL": unread},
        "no connection to nats://127": {"NATS_URL": planted("NATS_URL", f"127.0.0.1:{free_port()}")},
        "did not tell its time (All": {"WORLD_URL": planted("WORLD_URL")},
        "did not tell its time (it answered 404)": {"WORLD_URL": planted("WORLD_URL", f"{world}/nowhere")},
        "NATS_URL: is no address": {"NATS_URL": planted("NATS_URL").replace("@", "/x@")},
        "both set": {"MAL_CLIENT_ID_FILE": "/dev/null"},
        "ECHORA_ROLES": {"ECHORA_ROLES": "dance"},
    }
    with temporary_folder() as folder:
        starts = {words: Program(folder / str(n), {**good, **wrong[words]}) for n, words in enumerate(wrong)}
        try:
            for program in starts.values():
                program.launch()
            for words, program in starts.items():
                assert program.wait(120) == 1, words
                heard.hear(f"refused: {words}", program.said)
                assert words in program.said, program.said
        finally:
            for program in starts.values():
                end(program)


@pytest.fixture(scope="module")
async def heard(servers: Servers) -> Heard:
    """Everything that came out of all of it."""
    heard = Heard()
    await in_a_world(servers, heard)
    await in_live(servers, heard)
    await asyncio.to_thread(refused, servers, heard)
    return heard


def test_the_canaries_were_where_something_could_be_heard() -> None:
    assert len({canary(place) for place in PLACES}) == len(PLACES) >= 20


@pytest.mark.parametrize(
    "words",
    [
        "the simulated world stands for the sources",
        "connection lost",
        "dead letter",
        "PostgreSQL",
        "Unauthorized",
    ],
)
async def test_what_the_program_went_through_was_heard(heard: Heard, words: str) -> None:
    assert words in heard.whole()


@pytest.mark.parametrize("place", PLACES)
async def test_a_canary_is_found_nowhere(heard: Heard, place: str) -> None:
    assert heard.found(canary(place)) == []
