"""A loopback port that is free now and, as well as that can be had, free again at the next start."""

from __future__ import annotations

import hashlib
import socket

LOOPBACK = "127.0.0.1"
# Below the ports that kernels hand to outgoing connections (32768 and up on Linux, 49152 on macOS), above the services.
_FIRST_PORT = 20_000
_PORTS = 10_000
_TRIES_MAX = 100


def choose_port(before: object, *, seed: str, besides: int = 0) -> int:
    """The port `before` if it is one and free; else the first free one from a place that `seed` decides.

    Two data folders thus start their search at different places and seldom want the same port. `besides` is promised to
    another server, though nobody listens there yet.
    """
    if isinstance(before, int) and 1024 <= before <= 65_535 and before != besides and is_free(before):
        return before
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    candidates = (_FIRST_PORT + (start + offset) % _PORTS for offset in range(_TRIES_MAX))
    return next((port for port in candidates if port != besides and is_free(port)), 0) or _any_port()


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback `port` at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of before that still lingers does not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _any_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
