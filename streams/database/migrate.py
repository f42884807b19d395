"""Bring a database to the schema that this program needs. Alembic is the best kept tool for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from contracts.errors import Permanent

_STEPS = Path(__file__).parent / "migrations"
# Any number would do; it keeps two programs that start at once from migrating at once.
_LOCK_KEY = 0x45434852


async def migrate(dsn: str) -> str:
    """Run the missing steps and return the schema's revision.

    `dsn` is a libpq URL. Raises Permanent when the database was written by a newer program.
    """

    async def connect() -> Any:
        return await asyncpg.connect(dsn, timeout=10)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
            await connection.commit()
            revision: str = await connection.run_sync(_upgrade)
            await connection.commit()
            return revision
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> str:
    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    known = {step.revision for step in script.walk_revisions()}
    if current is not None and current not in known:
        raise Permanent(
            f"the database has schema revision {current}, this program knows none above {script.get_current_head()}; "
            "start the newer program that wrote it, or point POSTGRES_URL at another database"
        )
    command.upgrade(config, "head")
    return script.get_current_head() or ""
