"""The embedded PostgreSQL as clients see it, and as it lies in its folder."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from streams.embedded import Home, PostgresServer, ServerFailed
from streams.embedded.account import ACCOUNT_NAME, Account
from streams.embedded.postgres import postgres_programs
from streams.embedded.process import ServerProcess
from streams.embedded.waiting import wait_until
from tests.integration.embedded.commands import python
from tests.integration.embedded.program import add_row
from tests.integration.embedded.programs import ROOT, runs

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change accounts")


async def test_it_is_what_was_promised(home: Home) -> None:
    server = PostgresServer(home)
    try:
        server.start()
        connection = await asyncpg.connect(server.dsn)
        said = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in ("server_encoding", "fsync", "synchronous_commit", "max_connections", "listen_addresses")
        }
        assert said == {
            "server_encoding": "UTF8",
            "fsync": "on",
            "synchronous_commit": "on",
            "max_connections": "50",
            "listen_addresses": "",
        }
        assert connection.get_server_version().major == 18
        locale = "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'postgres'"
        assert await connection.fetchval(locale) == "b C.UTF-8"
        await connection.close()
    finally:
        server.stop()


async def test_sqlalchemy_reaches_it_too(postgres_server: PostgresServer) -> None:
    engine = create_async_engine(postgres_server.sqlalchemy_url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 41 + 1"))).scalar() == 42
    await engine.dispose()


async def test_a_fresh_database_is_empty_and_of_this_test_alone(
    fresh_database: str, postgres_server: PostgresServer
) -> None:
    assert await add_row(fresh_database) == 1
    connection = await asyncpg.connect(postgres_server.dsn)
    assert await connection.fetchval("SELECT to_regclass('kept')") is None
    await connection.close()


@pytest.mark.parametrize("place", ["deep/" * 30 + "home", "My Anime, öffentlich/home"])
async def test_a_long_or_odd_path_works_as_well(folder: Path, place: str) -> None:
    home = Home.open(folder / place)
    server = PostgresServer(home)
    try:
        server.start()
        assert await add_row(server.dsn) == 1
        sockets = Path(server.dsn.split("host=")[1])
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        server.stop()
        server.start()
        assert await add_row(server.dsn) == 2
    finally:
        server.stop()
        home.close()
        sockets.rmdir()


async def test_a_stale_pid_file_whose_pid_was_given_out_again_harms_nobody(home: Home) -> None:
    server = PostgresServer(home)
    server.start()
    server.stop()
    data = home.path / "postgres" / "data"
    # Of the same account as the server: only of such a one does PostgreSQL think that it might be its rival.
    account = ACCOUNT_NAME if os.geteuid() == 0 else None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=account) as bystander:
        (data / "postmaster.pid").write_text(f"{bystander.pid}\n{data}\n1763800000\n5432\n\n\n  1 2\nready\n")
        try:
            server.start()
            assert await add_row(server.dsn) == 1
            assert bystander.poll() is None
        finally:
            server.stop()
            bystander.communicate(b"\n")


async def test_a_postmaster_that_our_records_missed_is_ended(home: Home) -> None:
    server = PostgresServer(home)
    server.start()
    await add_row(server.dsn)
    assert server.pid is not None
    forgotten = psutil.Process(server.pid)
    again = PostgresServer(home)
    try:
        again.start()
        assert not forgotten.is_running()
        assert await add_row(again.dsn) == 2
    finally:
        again.stop()
        server.stop()


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux says in which folder a process works")
async def test_a_query_that_outlived_its_postmaster_is_ended(home: Home) -> None:
    server = PostgresServer(home)
    server.start()
    await add_row(server.dsn)
    connection = await asyncpg.connect(server.dsn)
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    query = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 1000000000000) AS n"))
    again = PostgresServer(home)
    try:
        async with asyncio.timeout(10):
            # Computing, not waiting: only such a one does not notice that its postmaster is gone.
            while backend.cpu_times().user < 0.3:
                await asyncio.sleep(0.02)
        assert server.pid is not None
        postmaster = psutil.Process(server.pid)
        keeper = postmaster.parent()
        assert keeper is not None
        postmaster.suspend()
        keeper.kill()
        postmaster.kill()
        assert runs(backend)
        again.start()
        assert not runs(backend)
        assert await add_row(again.dsn) == 2
    finally:
        query.cancel()
        await asyncio.gather(query, return_exceptions=True)
        connection.terminate()
        if runs(backend):
            backend.kill()
        again.stop()
        server.stop()


async def test_a_creation_that_was_cut_off_is_begun_again(home: Home) -> None:
    half = home.folder("postgres") / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = PostgresServer(home)
    try:
        server.start()
        assert await add_row(server.dsn) == 1
        assert not half.exists()
    finally:
        server.stop()


def test_data_of_another_version_is_refused_and_left_alone(home: Home) -> None:
    data = home.folder("postgres") / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerFailed, match="was made by PostgreSQL 17, this is 18: dump it"):
        PostgresServer(home).start()
    assert (data / "PG_VERSION").read_text() == "17\n"


def test_a_setting_that_postgres_refuses_is_quoted(home: Home) -> None:
    with pytest.raises(ServerFailed, match="shared_buffers"):
        PostgresServer(home, settings={"shared_buffers": "lots"}).start()


@needs_root
@pytest.mark.parametrize("parent_mode", [0o700, 0o711])
async def test_as_root_folders_above_the_home_stay_as_they_are(folder: Path, parent_mode: int) -> None:
    needs_capability = parent_mode == 0o700 or _programs_are_closed_in()
    folder.chmod(parent_mode)
    home = Home.open(folder / "home")
    server = PostgresServer(home)
    try:
        server.start()
        assert await add_row(server.dsn) == 1
        assert server.pid is not None
        assert psutil.Process(server.pid).username() == ACCOUNT_NAME
        assert stat.S_IMODE(folder.stat().st_mode) == parent_mode
        assert stat.S_IMODE(home.path.stat().st_mode) == (0o700 if needs_capability else 0o710)
        assert _capabilities(server.pid).bit_count() == int(needs_capability)
    finally:
        server.stop()
        home.close()


@needs_root
async def test_an_ordinary_user_needs_nothing_special(folder: Path) -> None:
    nobody = Account(65_534, 65_534, 2)
    os.chown(folder, nobody.uid, nobody.gid)
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
sys.path[1:1] = {sys.path!r}
from streams.embedded import Home, PostgresServer
from tests.integration.embedded.program import add_row
home = Home.open({str(folder / "home")!r})
server = PostgresServer(home)
server.start()
print("rows", asyncio.run(add_row(server.dsn)), server.pid, flush=True)
server.stop()
print("stopped", flush=True)
"""
    command = dataclasses.replace(python(folder, code), account=nobody)
    process = ServerProcess(command)
    try:
        assert wait_until(lambda: not process.alive(), 60)
        said = command.log.read_text()
        assert process.wait(0) == 0, said
        assert "rows 1" in said
        assert (folder / "home" / "postgres" / "data").stat().st_uid == nobody.uid
    finally:
        process.stop()


def _capabilities(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("CapEff:")), 16)


def _programs_are_closed_in() -> bool:
    return any(not parent.stat().st_mode & stat.S_IXOTH for parent in postgres_programs().parents)
