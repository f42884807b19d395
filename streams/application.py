"""The application object: FastStream's, with HTTP by a web framework and a stop that keeps its time."""

from __future__ import annotations

import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from faststream.asgi import AsgiFastStream

from contracts.errors import EchoraError
from streams.embedded import EmbeddedError
from streams.settings import is_loopback, unguarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faststream.asgi.types import ASGIApp, Receive, Scope, Send
    from faststream.nats import NatsBroker

# Open requests may take this long at a stop; then they are cut off.
HTTP_GRACE_S = 1


class EchoraApplication(AsgiFastStream):
    """`faststream run streams:app`. FastStream's own routes match a path exactly, so HTTP goes to `http` instead."""

    def __init__(
        self, broker: NatsBroker, *, http: ASGIApp, host: str, port: int, has_token: bool, **lifecycle: Any
    ) -> None:
        super().__init__(broker, **lifecycle)
        self._http = http
        self._address = (host, port)
        self._has_token = has_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the lifespan as FastStream does, and everything else as the web framework does."""
        if scope["type"] == "lifespan":
            await self.lifespan(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """FastStream's, but what our own code refuses at start is said in one line instead of a traceback."""

        async def without_traceback(message: Any) -> None:
            if message["type"].endswith(".failed"):
                message = {"type": message["type"], "message": ""}
                # It would add that the start failed, which is said here in better words.
                logging.getLogger("uvicorn.error").disabled = True
            await send(message)

        try:
            await super().lifespan(scope, receive, without_traceback)
        except (EchoraError, EmbeddedError) as error:
            self.has_failed = True
            print(f"echora: {error}", file=sys.stderr)  # noqa: T201 - the one line that the operator is to see
        except Exception:
            self.has_failed = True
            structlog.get_logger("echora").exception("the program cannot go on")

    has_failed = False

    async def run(self, log_level: int = logging.INFO, run_extra_options: dict[str, Any] | None = None) -> None:
        """Serve until a signal. `--host` and `--port` of the command line win over the settings."""
        options = run_extra_options or {}
        self._run_extra_options = options
        host, port = self._address
        config = uvicorn.Config(
            self,
            host=str(options.get("host", host)),
            port=int(options.get("port", port)),
            fd=int(options["fd"]) if options.get("fd") else None,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=HTTP_GRACE_S,
        )
        reached_at = config.host if config.fd is None else _host_behind(config.fd)
        if not self._has_token and not is_loopback(reached_at):
            # `--host` and a socket that was handed over win over the settings, which were checked.
            sys.exit(f"echora: {unguarded(reached_at)}")
        # Taken before anything starts: a program that nobody can reach should not say that it is up.
        sockets = None if config.fd else [_bound(config.host, config.port)]
        try:
            await uvicorn.Server(config).serve(sockets)
        finally:
            if self.has_failed:
                raise SystemExit(1)


def _host_behind(descriptor: int) -> str:
    """The address of a socket that was handed over; one in the file system is reached from this machine only."""
    with socket.socket(fileno=os.dup(descriptor)) as given:
        return "localhost" if given.family == socket.AF_UNIX else str(given.getsockname()[0])


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the address and does not listen yet."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        sys.exit(
            f"echora: HTTP cannot listen on {host}, port {port} ({error.strerror}): "
            "end what holds it, or set ECHORA_HTTP_PORT (and ECHORA_HTTP_HOST) to another address"
        )
    return bound


def workers_asked_for(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """How many processes `faststream run` was asked for; a value that is no number is left to FastStream to refuse."""
    value = environment.get("FASTSTREAM_WORKERS", "1")
    for position, argument in enumerate(arguments):
        if argument in ("--workers", "-w") and position + 1 < len(arguments):
            value = arguments[position + 1]
        elif argument.startswith("--workers="):
            value = argument.partition("=")[2]
    return int(value) if value.isdigit() else 1
