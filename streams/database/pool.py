"""The pool of PostgreSQL connections, with a bound on every wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg

from handlers.postgres import ACQUIRE_TIMEOUT_S, outage


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Waits in seconds. asyncpg's own default for acquiring a connection is to wait for ever."""

    connections_max: int = 12
    acquire_timeout_s: float = ACQUIRE_TIMEOUT_S
    connect_timeout_s: float = 5.0
    command_timeout_s: float = 30.0
    statement_timeout_s: float = 30.0
    lock_timeout_s: float = 10.0
    idle_in_transaction_timeout_s: float = 60.0


class BoundedPool(asyncpg.Pool):
    """A pool whose own `fetch` and `execute` wait for a connection only so long; asyncpg's would wait for ever, since
    the timeout that they take is the statement's.
    """

    __slots__ = ("acquire_timeout_s",)
    acquire_timeout_s: float

    def acquire(self, *, timeout: float | None = None) -> Any:
        """Take a connection. Raises TimeoutError when none is free in time."""
        return super().acquire(timeout=self.acquire_timeout_s if timeout is None else timeout)


async def open_pool(dsn: str, limits: PoolLimits, *, application_name: str = "echora") -> asyncpg.Pool:
    """Open the pool. Raises Outage when PostgreSQL does not answer in time."""
    with outage():
        pool = BoundedPool(
            dsn,
            min_size=1,
            max_size=limits.connections_max,
            # The next five are what `create_pool` would pass, which cannot make a pool of another class.
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            timeout=limits.connect_timeout_s,
            command_timeout=limits.command_timeout_s,
            server_settings={
                "application_name": application_name,
                "timezone": "UTC",
                "statement_timeout": _ms(limits.statement_timeout_s),
                "lock_timeout": _ms(limits.lock_timeout_s),
                "idle_in_transaction_session_timeout": _ms(limits.idle_in_transaction_timeout_s),
            },
        )
        pool.acquire_timeout_s = limits.acquire_timeout_s
        return await pool


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))
