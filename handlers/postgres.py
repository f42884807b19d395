"""What every room has to know of PostgreSQL: its connections, and what its errors mean.

    AWAY       nothing is wrong with what was asked: wait until it answers, and count no attempt
    CONFLICT   another transaction was in the way: the same transaction may go through at once
    REFUSED    the database does not take these values: trying again cannot help
    BUG        our statement is wrong, or nobody has thought of this error yet: an attempt counts

The table goes by SQLSTATE, a code or else its class (the first two characters), since the driver's classes do not
follow it: `57P01` is no kind of connection error there. https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import asyncpg

from contracts.errors import Outage

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

# The driver's own default is to wait for ever for a connection of the pool.
ACQUIRE_TIMEOUT_S: Final = 10.0


class Verdict(StrEnum):
    """Whose fault an error is, and so what becomes of the work."""

    AWAY = "away"
    CONFLICT = "conflict"
    REFUSED = "refused"
    BUG = "bug"


BY_CLASS: Final[Mapping[str, tuple[Verdict, str]]] = {
    "08": (Verdict.AWAY, "the connection broke or was never made"),
    "22": (Verdict.REFUSED, "a value that its type does not have"),
    "23": (Verdict.REFUSED, "a value that a constraint forbids"),
    "28": (Verdict.AWAY, "a login that is refused fails every message alike, until somebody corrects it"),
    "40": (Verdict.CONFLICT, "the transaction was rolled back for the sake of another"),
    "53": (Verdict.AWAY, "disk, memory or connections have run out"),
    "54": (Verdict.REFUSED, "a value beyond a limit, such as a name too long for the index that keeps it unique"),
    "57": (Verdict.AWAY, "an operator, a shutdown, a start, or a time limit ended it"),
    "58": (Verdict.AWAY, "the machine below it fails: an I/O error, a file that is gone"),
    "F0": (Verdict.AWAY, "its configuration or lock file is not in order"),
}
BY_STATE: Final[Mapping[str, tuple[Verdict, str]]] = {
    "25006": (Verdict.AWAY, "read only: a standby, until the failover is over"),
    "25P03": (Verdict.AWAY, "we were idle inside a transaction for too long, a sign that this process is starved"),
    "25P04": (Verdict.AWAY, "the transaction took too long"),
    "3D000": (Verdict.AWAY, "the database is not there, for every message alike"),
    "40002": (Verdict.REFUSED, "rolled back, but by a constraint"),
    "40003": (Verdict.AWAY, "it is not known whether the statement took effect; who repeats finds out"),
    "42501": (Verdict.AWAY, "a right that is missing fails every message alike, until somebody grants it"),
    "55P03": (Verdict.CONFLICT, "somebody held the row for longer than the lock timeout"),
    "72000": (Verdict.CONFLICT, "the snapshot is too old; a new transaction takes a new one"),
}
# What the driver says of its own accord, without a SQLSTATE; or with one that says less. The first that fits counts.
BY_TYPE: Final[tuple[tuple[type[Exception], Verdict, str], ...]] = (
    (asyncpg.InvalidCachedStatementError, Verdict.CONFLICT, "the schema changed under a prepared statement"),
    (asyncpg.OutdatedSchemaCacheError, Verdict.CONFLICT, "the schema changed under a cached type"),
    (asyncpg.ClientConfigurationError, Verdict.BUG, "an address that cannot be read"),
    (asyncpg.UnsupportedClientFeatureError, Verdict.BUG, "the driver cannot do what was asked"),
    (asyncpg.UnsupportedServerFeatureError, Verdict.BUG, "the server cannot do what was asked"),
    (asyncpg.InterfaceError, Verdict.AWAY, "the connection or its pool is closed"),
    (asyncpg.InternalClientError, Verdict.AWAY, "the connection broke amid an exchange"),
    (UnicodeError, Verdict.REFUSED, "text that has no bytes, or bytes that are no text"),
    (OverflowError, Verdict.REFUSED, "a number or date beyond the type's range"),
    (OSError, Verdict.AWAY, "no way to the server"),  # TimeoutError is one too: of connecting, or of a command.
)
# What to do, where the server's own words leave that open and waiting alone changes nothing.
REMEDIES: Final[Mapping[str, str]] = {
    "42501": (
        "grant it: run deploy/postgres/roles.sql as the owner, and give this login the roles of ECHORA_ROLES "
        "(for a snapshot or a restore also echora_copy)"
    ),
}
# Another transaction may have entered the same row between our look and our insert: looking again tells which it is.
RACES: Final = frozenset({"23503", "23505"})
ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that asking PostgreSQL may raise, for work that is put off whatever the reason."""


def verdict(error: BaseException) -> Verdict:
    """What `error` means. Whatever is not PostgreSQL's or its driver's is a BUG, and of no concern here."""
    if isinstance(error, asyncpg.InterfaceError) and "argument" in str(error):
        return Verdict.BUG  # As many arguments as the statement has no place for; the driver has no class for it.
    for kind, meaning, _ in BY_TYPE:
        if isinstance(error, kind):
            return meaning
    return verdict_of_state(sqlstate(error) or "")


def verdict_of_state(state: str) -> Verdict:
    """What a SQLSTATE means; BUG when neither it nor its class is in the tables."""
    meaning = BY_STATE.get(state) or BY_CLASS.get(state[:2])
    return meaning[0] if meaning else Verdict.BUG


def sqlstate(error: BaseException) -> str | None:
    """The code that the server gave, None for what is no error of the server."""
    return error.sqlstate if isinstance(error, asyncpg.PostgresError) else None


def as_outage(error: BaseException) -> Outage:
    """The Outage that says it, and what to do where that is known."""
    remedy = REMEDIES.get(sqlstate(error) or "")
    return Outage("PostgreSQL", f"{type(error).__name__}: {error}" + (f"; {remedy}" if remedy else ""))


def is_refused(error: Exception) -> bool:
    """Whether the values of a transaction that failed are refused (True), or another was in its way (False).

    Raises `error` itself when it is a BUG, and Outage when PostgreSQL is AWAY.
    """
    meaning = verdict(error)
    if meaning is Verdict.BUG:
        raise error
    if meaning is Verdict.AWAY:
        raise as_outage(error) from error
    return meaning is Verdict.REFUSED


@contextmanager
def outage() -> Iterator[None]:
    """Raise what waiting helps against as an Outage; what was refused, and bugs, go through as they are.

    A conflict is one here too: whoever cannot repeat the transaction at once lets the caller repeat it later.
    """
    try:
        yield
    except Exception as error:
        if verdict(error) in (Verdict.AWAY, Verdict.CONFLICT):
            raise as_outage(error) from error
        raise
