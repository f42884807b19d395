"""The pool of PostgreSQL connections, with a bound on every wait."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from handlers.postgres import outage


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Waits in seconds. asyncpg's own default for acquiring a connection is to wait for ever."""

    connections_max: int = 12
    connect_timeout_s: float = 5.0
    command_timeout_s: float = 30.0
    statement_timeout_s: float = 30.0
    lock_timeout_s: float = 10.0
    idle_in_transaction_timeout_s: float = 60.0


async def open_pool(dsn: str, limits: PoolLimits, *, application_name: str = "echora") -> asyncpg.Pool:
    """Open the pool. Raises Outage when PostgreSQL does not answer in time."""
    with outage():
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=limits.connections_max,
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


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))
