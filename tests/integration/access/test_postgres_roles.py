"""Each role of the program may do in PostgreSQL what its list says, and nothing else."""

from __future__ import annotations

import asyncpg
import pytest

from streams import access, topology


@pytest.fixture
async def tables(pool: asyncpg.Pool) -> set[str]:
    """A database with the schema and the roles; gives its tables."""
    await pool.execute(access.roles_sql())
    await pool.execute(access.roles_sql())  # As often as one likes.
    rows = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


def test_every_role_of_the_program_has_a_list() -> None:
    assert set(access.TABLES) == set(topology.ROLES)


async def test_every_table_is_in_somebodys_list(tables: set[str]) -> None:
    """A new table fails here until it is listed."""
    assert tables == access.listed()


@pytest.mark.parametrize("role", [*access.TABLES, access.COPY])
async def test_the_database_allows_what_is_listed_and_no_more(pool: asyncpg.Pool, tables: set[str], role: str) -> None:
    rows = await pool.fetch(
        """SELECT t AS table, v AS verb, has_table_privilege($1, t, v) AS may
           FROM unnest($2::text[]) AS t CROSS JOIN unnest($3::text[]) AS v""",
        f"echora_{role}",
        sorted(tables),
        [*access.VERBS.values(), "TRUNCATE", "REFERENCES", "TRIGGER"],
    )
    allowed = {(row["table"], row["verb"]) for row in rows if row["may"]}
    rights = access.rights_of(role, tables)
    assert allowed == {(table, access.VERBS[letter]) for table, letters in rights.items() for letter in letters}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("search", "INSERT INTO outbox (event_id) SELECT gen_random_uuid()"),
        ("search", "SELECT * FROM review"),
        ("index", "UPDATE anime SET title = 'x'"),
        ("relay", "DELETE FROM schedule"),
        ("ingest", "UPDATE anime SET title = 'x'"),
        ("letters", "UPDATE outbox SET processed_at = NULL"),
        ("update", "DELETE FROM inbox"),
        ("persist", "DELETE FROM anime"),
        ("persist", "CREATE TABLE mine (id int)"),
    ],
)
async def test_what_is_not_listed_is_refused(pool: asyncpg.Pool, tables: set[str], role: str, statement: str) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"SET LOCAL ROLE echora_{role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        await transaction.rollback()
