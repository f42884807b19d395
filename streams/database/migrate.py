"""Bring a database to the schema that this program needs, with Alembic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from contracts.errors import Permanent
from handlers.postgres import outage

if TYPE_CHECKING:
    from sqlalchemy import Connection

_STEPS = Path(__file__).parent / "migrations"
# Any number would do; it keeps two programs that start at once from migrating at once.
_LOCK_KEY = 0x45434852
CONNECT_TIMEOUT_S = 10
# Waiting would help later, when it is a password that somebody changes; at a start it is a mistake to be told of.
_NO_ENTRY = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


def newest() -> str:
    """The revision that this program needs: the number that the newest step's file begins with."""
    return max(path.name.partition("_")[0] for path in (_STEPS / "versions").glob("*.sql"))


async def migrate(dsn: str) -> str:
    """Run the missing steps and return the schema's revision.

    `dsn` is a libpq URL. Raises Permanent when the database was written by a newer program, Outage when it does not
    answer.
    """
    with outage():
        try:
            if await _current(dsn) != newest():
                # Importing the tool takes longer than the whole check, and mostly there is nothing to do.
                await _upgrade(dsn)
        except _NO_ENTRY as error:
            raise Permanent(
                f"PostgreSQL does not let us in: {error}; correct POSTGRES_URL or the rights there"
            ) from error
    return newest()


async def _current(dsn: str) -> str | None:
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S)
    except (asyncpg.InterfaceError, ValueError):
        # Whatever the library says of an address that it cannot read shows parts of it, a password's too.
        raise Permanent(
            "POSTGRES_URL cannot be read as an address; give postgresql://user:password@host:5432/database (in a "
            "password, write / ? # @ and % as %2F %3F %23 %40 %25)"
        ) from None
    try:
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return found
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()


async def _upgrade(dsn: str) -> None:
    run = await asyncio.to_thread(_import_tool)
    engine = run.create_async_engine("postgresql+asyncpg://", async_creator=_connector(dsn), poolclass=run.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(run.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
            await connection.commit()
            await connection.run_sync(_run_steps)
            await connection.commit()
    finally:
        await engine.dispose()


def _connector(dsn: str) -> Any:
    async def connect() -> Any:
        return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S)

    return connect


def _import_tool() -> Any:
    from types import SimpleNamespace

    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    return SimpleNamespace(text=text, create_async_engine=create_async_engine, NullPool=NullPool)


def _run_steps(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    known = {step.revision for step in script.walk_revisions()}
    if current is not None and current not in known:
        raise Permanent(
            f"the database has schema revision {current}, this program knows none above {newest()}; "
            "start the newer program that wrote it, or point POSTGRES_URL at another database"
        )
    command.upgrade(config, "head")
