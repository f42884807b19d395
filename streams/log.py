"""Logging: structlog for us, and the same lines for the libraries that use the standard module."""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = {
    "uvicorn.error": logging.WARNING,
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    # They show every header, so every key, at the level of debug.
    "httpcore": logging.WARNING,
    "h2": logging.WARNING,
    "hpack": logging.WARNING,
    "nats": logging.ERROR,
    # They show a traceback for every second of an outage that our own lines name once.
    "asyncpg.pool": logging.ERROR,
    "faststream": logging.ERROR,
}


def configure_logging(log_format: str, level: str) -> None:
    """Set up logging once per process; `auto` is readable on a terminal and JSON elsewhere."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        # The renderer's own tracebacks show every local variable, passwords among them.
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
