"""One index per engine for the conformance suite: Edge, the client's own memory, and a server where Docker answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.payload_index import packaged_payload_index
from handlers.index.edge import EdgeIndex
from handlers.index.port import VectorIndex
from tests.containers import QDRANT_IMAGE, docker_answers
from tests.integration.index.samples import SPACE, Opener


@pytest.fixture(params=["edge", "memory", "server"])
def opener(request: pytest.FixtureRequest) -> Opener:
    """A way to open one empty place as often as a test likes."""
    opened: Opener = request.getfixturevalue(f"{request.param}_opener")
    return opened


@pytest.fixture
def edge_opener(tmp_path: Path) -> Opener:
    """Qdrant Edge in a folder."""
    return lambda space: EdgeIndex(tmp_path / "index", space, packaged_payload_index())


@pytest.fixture
def memory_opener() -> Opener:
    """The client's local mode; it forgets when it is closed, so the openings share one client that stays open."""
    from qdrant_client import AsyncQdrantClient

    from handlers.index.server import ServerIndex

    class Unclosed(ServerIndex):
        async def close(self) -> None:
            """The next opening needs the client."""

    client = AsyncQdrantClient(":memory:")
    return lambda space: Unclosed(client, space, packaged_payload_index())


@pytest.fixture
def server_opener(server_url: str) -> Opener:
    """A real server, a new collection for each test."""
    from handlers.index.server import ServerIndex, connect

    name = f"test_{uuid4().hex}"
    return lambda space: ServerIndex(connect(server_url), space, packaged_payload_index(), collection=name)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The address of a Qdrant server in a container."""
    if not docker_answers():
        pytest.skip("Docker does not answer, so there is no Qdrant server to test")
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    with DockerContainer(QDRANT_IMAGE).with_exposed_ports(6333) as container:
        wait_for_logs(container, "Qdrant HTTP listening", timeout=60)
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(6333)}"


@pytest.fixture
async def index(opener: Opener) -> AsyncIterator[VectorIndex]:
    """A prepared, empty index."""
    opened = opener(SPACE)
    await opened.prepare()
    yield opened
    await opened.close()
