"""Where a program's servers are: embedded in its folder, or in containers where Docker answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.containers import NATS_IMAGE, POSTGRES_IMAGE, QDRANT_IMAGE, docker_answers

ROOT = Path(__file__).parents[3]
# A process with servers of its own asks no source; the roles of the spine are enough here.
ROLES = "ingest,persist,relay,index,search"
_READY_TIMEOUT_S = 60


@contextmanager
def containers() -> Iterator[dict[str, str]]:
    """The settings that name a NATS, a PostgreSQL and a Qdrant in containers, as docker-compose.yml has them."""
    if not docker_answers():
        pytest.skip("Docker does not answer, so there are no containers to test with")
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    broker = DockerContainer(NATS_IMAGE).with_exposed_ports(4222).with_command("--config /etc/nats/nats.conf")
    broker = broker.with_volume_mapping(str(ROOT / "deploy" / "nats" / "nats.conf"), "/etc/nats/nats.conf", "ro")
    database = DockerContainer(POSTGRES_IMAGE).with_exposed_ports(5432)
    for name in ("USER", "PASSWORD", "DB"):
        database = database.with_env(f"POSTGRES_{name}", "echora")
    index = DockerContainer(QDRANT_IMAGE).with_exposed_ports(6333)
    index = index.with_env("QDRANT__SERVICE__API_KEY", "write").with_env("QDRANT__SERVICE__READ_ONLY_API_KEY", "read")
    with ExitStack() as stack:
        for container, words in (
            (broker, "Server is ready"),
            # The first of two starts only makes the database.
            (database, "init process complete[\\s\\S]*ready to accept connections"),
            (index, "Qdrant HTTP listening"),
        ):
            stack.enter_context(container)
            wait_for_logs(container, words, timeout=_READY_TIMEOUT_S)
        yield {
            "ECHORA_ROLES": ROLES,
            "NATS_URL": f"nats://{_address(broker, 4222)}",
            "POSTGRES_URL": f"postgresql://echora:echora@{_address(database, 5432)}/echora",
            "QDRANT_URL": f"http://{_address(index, 6333)}",
            "QDRANT_API_KEY": "write",
            "QDRANT_READ_ONLY_API_KEY": "read",
        }


def _address(container: object, port: int) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"  # type: ignore[attr-defined]
