"""What the server adapter sends, byte for byte as the client puts it on the wire, and what it makes of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from qdrant_client import models

from contracts.errors import EchoraError, Outage, Permanent, Transient
from contracts.payload_index import packaged_payload_index
from handlers.index.filters import SearchFilters
from handlers.index.port import Deletion, Patch, Point
from handlers.index.server import OPERATIONS_PER_CALL_MAX, ServerIndex, connect
from handlers.index.server_collection import check_version
from handlers.index.space import VectorSpace

SPACE = VectorSpace("sentence-transformers/all-MiniLM-L6-v2", 3)
A, B, C = (UUID(int=n) for n in (1, 2, 3))
URL = "http://qdrant.test:6333"

pytestmark = pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")

Answer = Callable[[httpx.Request], httpx.Response]


def ok(result: object) -> httpx.Response:
    return httpx.Response(200, json={"result": result, "status": "ok", "time": 0.0})


def collection_info(vectors: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """What a server says of a collection, as far as the client demands it."""
    return {
        "status": "green",
        "optimizer_status": "ok",
        "segments_count": 1,
        "config": {
            "params": {"vectors": vectors},
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
            "optimizer_config": {
                "deleted_threshold": 0.2,
                "vacuum_min_vector_number": 1000,
                "default_segment_number": 0,
                "flush_interval_sec": 5,
            },
        },
        "payload_schema": schema,
    }


class FakeServer:
    """Answers like a server with one collection and keeps every request."""

    def __init__(self, *, exists: bool = False, version: str = "1.17.0", schema: dict[str, Any] | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self.exists = exists
        self.version = version
        self.schema = schema or {}
        self.vectors: dict[str, Any] = {SPACE.vector_name: {"size": 3, "distance": "Cosine"}}
        self.refuses_creation = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        route = (request.method, request.url.path.removeprefix("/collections/anime_database"))
        if route == ("GET", "/"):
            return httpx.Response(200, json={"title": "qdrant", "version": self.version})
        if route == ("GET", "/exists"):
            return ok({"exists": self.exists})
        if route == ("PUT", "") and self.refuses_creation:
            return httpx.Response(409, json={"status": {"error": "already exists"}})
        if route == ("GET", ""):
            return ok(collection_info(self.vectors, self.schema))
        if route == ("POST", "/points/query"):
            return ok({"points": [{"id": str(A), "version": 1, "score": 0.5, "payload": {"title": "x"}}]})
        if route == ("POST", "/points/batch"):
            return ok([{"operation_id": 1, "status": "completed"}])
        if route[0] == "PUT" and route[1] in ("/index", "/vectors/" + SPACE.vector_name):
            return ok({"operation_id": 1, "status": "completed"})
        return ok(True)

    def bodies(self, method: str, ending: str) -> list[Any]:
        """The parsed bodies of the requests to one path."""
        return [json.loads(r.content) for r in self.requests if r.method == method and r.url.path.endswith(ending)]


def index_on(answer: Answer, **options: Any) -> ServerIndex:
    client = connect(URL, "write key", transport=httpx.MockTransport(answer))
    return ServerIndex(client, SPACE, packaged_payload_index(), **options)


async def test_the_collection_is_made_as_specified() -> None:
    server = FakeServer()
    await index_on(server).prepare()
    (body,) = server.bodies("PUT", "/collections/anime_database")
    models.CreateCollection.model_validate(body)
    assert body == {
        "vectors": {SPACE.vector_name: {"size": 3, "distance": "Cosine", "on_disk": True}},
        "quantization_config": {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}},
        "on_disk_payload": True,
    }
    indexes = server.bodies("PUT", "/index")
    assert {(one["field_name"], one["field_schema"]) for one in indexes} == {
        (field.name, field.type) for field in packaged_payload_index()
    }


async def test_what_is_there_is_left_as_it_is() -> None:
    schema = {field.name: {"data_type": field.type, "points": 0} for field in packaged_payload_index()}
    server = FakeServer(exists=True, schema=schema | {"year": {"data_type": "keyword", "points": 0}})
    await index_on(server).prepare()
    assert server.bodies("PUT", "/collections/anime_database") == []
    assert server.bodies("PUT", "/index") == [{"field_name": "year", "field_schema": "integer"}]


async def test_another_process_may_make_the_collection_first() -> None:
    server = FakeServer()
    server.refuses_creation = True
    await index_on(server).prepare()
    assert len(server.bodies("PUT", "/index")) == len(packaged_payload_index())


async def test_upserts_are_guarded_and_grouped_by_version() -> None:
    server = FakeServer()
    points = [Point(one, version, [0.0, 1.0, 0.5], {"year": None}) for one, version in ((A, 7), (B, 7), (C, 8))]
    await index_on(server).upsert(points)
    (body,) = server.bodies("POST", "/points/batch")
    models.UpdateOperations.model_validate(body)
    assert [one["upsert"]["update_filter"] for one in body["operations"]] == [
        {"must": [{"key": "version", "range": {"lte": 7.0}}]},
        {"must": [{"key": "version", "range": {"lte": 8.0}}]},
    ]
    assert [[p["id"] for p in one["upsert"]["points"]] for one in body["operations"]] == [[str(A), str(B)], [str(C)]]
    assert body["operations"][1]["upsert"]["points"][0] == {
        "id": str(C),
        "vector": {SPACE.vector_name: [0.0, 1.0, 0.5]},
        "payload": {"version": 8},
    }
    assert "update_mode" not in body["operations"][0]["upsert"]
    assert server.requests[-1].url.params["wait"] == "true"


async def test_a_patch_names_one_id_and_older_versions_and_keeps_its_nulls() -> None:
    server = FakeServer()
    await index_on(server).patch([Patch(A, 3, {"score": 8.5, "season": None})])
    (body,) = server.bodies("POST", "/points/batch")
    models.UpdateOperations.model_validate(body)
    assert body["operations"] == [
        {
            "set_payload": {
                "payload": {"score": 8.5, "season": None, "version": 3},
                "filter": {"must": [{"has_id": [str(A)]}, {"key": "version", "range": {"lt": 3.0}}]},
            }
        }
    ]


async def test_a_deletion_spares_newer_points() -> None:
    server = FakeServer()
    await index_on(server).delete([Deletion(A, 3), Deletion(B, 3)])
    (body,) = server.bodies("POST", "/points/batch")
    models.UpdateOperations.model_validate(body)
    guard = {"must": [{"has_id": [str(A), str(B)]}, {"key": "version", "range": {"lte": 3.0}}]}
    assert body["operations"] == [{"delete": {"filter": guard}}]


async def test_many_operations_go_in_few_requests() -> None:
    server = FakeServer()
    await index_on(server).patch([Patch(UUID(int=n), 2, {"year": n}) for n in range(OPERATIONS_PER_CALL_MAX + 1)])
    assert [len(b["operations"]) for b in server.bodies("POST", "/points/batch")] == [OPERATIONS_PER_CALL_MAX, 1]


async def test_a_search_uses_the_named_vector_rescores_and_its_own_key() -> None:
    server = FakeServer()
    searcher = connect(URL, "read key", transport=httpx.MockTransport(server))
    index = index_on(server, searcher=searcher)
    hits = await index.search([1.0, 0.0, 0.0], SearchFilters(type=["TV"], year_from=1999), limit=5, offset=2)
    assert [(hit.id, hit.score, hit.payload) for hit in hits] == [(A, 0.5, {"title": "x"})]
    (body,) = server.bodies("POST", "/points/query")
    models.QueryRequest.model_validate(body)
    assert (body["using"], body["limit"], body["offset"]) == (SPACE.vector_name, 5, 2)
    assert body["params"] == {"quantization": {"rescore": True, "oversampling": 2.0}}
    assert body["filter"]["must"] == [
        {"key": "entity_type", "match": {"any": ["anime"]}},
        {"key": "type", "match": {"any": ["TV"]}},
        {"key": "year", "range": {"gte": 1999.0}},
    ]
    assert server.requests[-1].headers["api-key"] == "read key"
    await index.patch([Patch(A, 1, {})])
    assert server.requests[-1].headers["api-key"] == "write key"
    await index.close()


@pytest.mark.parametrize(
    ("size", "distance", "said"), [(4, "Cosine", "4 dimensions"), (3, "Dot", "distance Dot")], ids=["size", "distance"]
)
async def test_a_collection_of_another_shape_is_refused(size: int, distance: str, said: str) -> None:
    server = FakeServer(exists=True)
    server.vectors = {SPACE.vector_name: {"size": size, "distance": distance}}
    with pytest.raises(Permanent, match=said):
        await index_on(server).prepare(add_vector=True)


async def test_a_vector_is_added_only_when_that_is_asked_for() -> None:
    server = FakeServer(exists=True)
    server.vectors = {"older": {"size": 3, "distance": "Cosine"}}
    with pytest.raises(Permanent, match="older"):
        await index_on(server).prepare()
    await index_on(server).prepare(add_vector=True)
    assert any(r.method == "PUT" and r.url.path.endswith(SPACE.vector_name) for r in server.requests)


async def test_a_server_without_conditional_upserts_is_refused() -> None:
    with pytest.raises(Permanent, match=r"1\.15\.4.*1\.16"):
        await index_on(FakeServer(version="1.15.4")).prepare()


@pytest.mark.parametrize("version", ["1.16.0", "1.17.1-dev", "2.0.0"])
def test_newer_servers_are_fine(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Permanent),
        (401, Outage),
        (403, Outage),
        (404, Outage),
        (422, Permanent),
        (429, Transient),
        (500, Transient),
        (503, Outage),
    ],
)
async def test_what_an_answer_means(status: int, error: type[EchoraError]) -> None:
    index = index_on(lambda _: httpx.Response(status, json={"status": {"error": "words of the server"}}))
    with pytest.raises(error, match="words of the server") as raised:
        await index.patch([Patch(A, 1, {})])
    assert type(raised.value) is error


async def test_a_server_that_asks_to_slow_down_says_for_how_long() -> None:
    index = index_on(lambda _: httpx.Response(429, headers={"Retry-After": "7"}, json={"status": {"error": "slow"}}))
    with pytest.raises(Transient) as raised:
        await index.count()
    assert raised.value.retry_after_s == 7.0


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("too slow")], ids=str)
async def test_a_server_that_does_not_answer_is_an_outage(failure: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    index = index_on(fail)
    for call in (index.prepare(), index.stored([A]), index.patch([Patch(A, 1, {})]), index.scroll(None, 1)):
        with pytest.raises(Outage, match=str(failure)):
            await call


async def test_a_closed_client_is_an_outage() -> None:
    index = index_on(FakeServer())
    await index.close()
    with pytest.raises(Outage):
        await index.count()
