"""Whether Docker is there, and the images that stand in for an operator's servers."""

from __future__ import annotations

import os
import socket
from typing import Final
from urllib.parse import urlsplit

NATS_IMAGE: Final = os.environ.get("ECHORA_TEST_NATS_IMAGE", "nats:2.14-alpine")
POSTGRES_IMAGE: Final = os.environ.get("ECHORA_TEST_POSTGRES_IMAGE", "postgres:18-alpine")
QDRANT_IMAGE: Final = os.environ.get("ECHORA_TEST_QDRANT_IMAGE", "qdrant/qdrant:v1.17.0")


def docker_answers() -> bool:
    """Whether somebody listens where Docker should. The docker package leaks a socket when nobody does."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(5)
                door.connect(address.path)
        else:
            socket.create_connection((address.hostname or "127.0.0.1", address.port or 2375), timeout=5).close()
    except OSError:
        return False
    return True
