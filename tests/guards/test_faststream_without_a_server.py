"""Defaults of the library that show without a server, and ours beside them; see test_faststream_defaults."""

from __future__ import annotations

import ast
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from faststream import AckPolicy, Context
from faststream.nats import NatsBroker, PullSub, Schedule, TestNatsBroker
from faststream.nats.message import NatsBatchMessage
from faststream.nats.prometheus import NatsPrometheusMiddleware
from faststream.nats.response import NatsPublishCommand
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from faststream.response import PublishType
from faststream.specification import AsyncAPI
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from contracts import subjects
from contracts.events import Event
from handlers.schedule.row import Row
from handlers.schedule.timer import SCHEDULE, timer_of
from handlers.update.workflows import WORKFLOWS
from streams import asyncapi, topology
from streams.compose import wire
from streams.settings import Settings
from streams.start import Servers
from tests.architecture.source import ROOT, calls, trees
from tests.events import at
from tests.guards.test_faststream_defaults import PLAIN, STREAM, SUBJECT, THEIRS

# It stands for a server where only the wiring is looked at, and here.
WITHOUT_A_SERVER = ("tests/streams/", "tests/guards/")


@pytest.fixture
def broker() -> NatsBroker:
    """A broker as the library makes it, connected to nothing."""
    return NatsBroker("nats://127.0.0.1:1", logger=None)


@pytest.fixture(scope="module")
def wired() -> NatsBroker:
    """The program's broker with every subscriber that it has."""
    return wire(Settings(_env_file=None), Servers(None, "nats://127.0.0.1:1", "", ())).broker  # type: ignore[call-arg]


# --- F10: the broker in memory -----------------------------------------------------------------------------------


async def test_f10_by_default_the_broker_in_memory_knows_no_redelivery_no_repetition_no_time_and_no_batch(
    broker: NatsBroker,
) -> None:
    seen: list[list[str]] = []

    @broker.subscriber(
        SUBJECT,
        stream=PLAIN,
        durable=THEIRS,
        pull_sub=PullSub(batch=True, batch_size=10),
        ack_policy=AckPolicy.MANUAL,
    )
    async def handle(body: list[str], message: Annotated[NatsBatchMessage, Context("message")]) -> None:
        seen.append(body)
        await message.nack()

    in_an_hour = Schedule(datetime.now(UTC) + timedelta(hours=1), SUBJECT)
    async with TestNatsBroker(broker) as memory:
        for _ in range(2):
            await memory.publish("given back", SUBJECT, stream=STREAM, headers={"Nats-Msg-Id": "the same"})
        await memory.publish("later", SUBJECT, stream=STREAM, schedule=in_an_hour)
    assert seen == [["given back"], ["given back"], ["later"]]


async def test_f10_by_default_an_error_of_the_step_comes_back_to_whoever_published(broker: NatsBroker) -> None:
    @broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=True)
    async def handle(body: str) -> None:
        raise RuntimeError("the step fails")

    async with TestNatsBroker(broker) as memory:
        with pytest.raises(RuntimeError, match="the step fails"):
            await memory.publish("any", SUBJECT, stream=STREAM)


def test_f10_with_us_nothing_but_the_wiring_is_tried_on_it() -> None:
    name = TestNatsBroker.__name__
    texts = {
        path: path.read_text(encoding="utf-8") for one in ("tests", "bench") for path in (ROOT / one).rglob("*.py")
    }
    using = {
        path.relative_to(ROOT).as_posix()
        for path, text in texts.items()
        if name in text and name in names_of(ast.parse(text))
    }
    assert using, "the look for it finds it"
    assert [path for path in sorted(using) if not path.startswith(WITHOUT_A_SERVER)] == []


def names_of(tree: ast.Module) -> set[str]:
    """Every name that a module imports or uses."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return used | {
        name.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for name in node.names
    }


# --- F11: schedules ----------------------------------------------------------------------------------------------


def test_f11_by_default_a_schedule_is_an_instant_and_nothing_else() -> None:
    assert {field.name for field in fields(Schedule)} == {"time", "target"}
    schedule = Schedule(at(0), "ticks")
    command = NatsPublishCommand(b"", subject="timers", _publish_type=PublishType.PUBLISH, schedule=schedule)
    headers = command.headers_to_publish()
    assert headers[SCHEDULE] == f"@at {at(0).isoformat()}"
    assert {name for name in headers if name.startswith("Nats-")} == {SCHEDULE, "Nats-Schedule-Target"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_f11_with_us_an_instant_is_all_that_a_timer_asks_for(name: str) -> None:
    row = Row(name, "ring", due_at=at(60), slot_at=at(60), plan_version=1)
    headers = timer_of(row, WORKFLOWS[name].workflow.policy, at(0), lambda instant: instant).headers
    kind, instant = headers[SCHEDULE].split(" ")
    assert kind == "@at"
    assert datetime.fromisoformat(instant) >= at(60)
    # What a recurring schedule would need besides; with it the server, and not the row, would decide what comes next.
    assert [header for header in headers if header.endswith(("Time-Zone", "Source", "Rollup"))] == []


# --- F13: labels of metrics ----------------------------------------------------------------------------------------


async def test_f13_by_default_every_id_in_a_subject_is_a_label_of_its_own() -> None:
    registry = CollectorRegistry()
    broker = NatsBroker("nats://127.0.0.1:1", logger=None, middlewares=[NatsPrometheusMiddleware(registry=registry)])

    @broker.subscriber("anime.*.changed", stream=PLAIN, durable=THEIRS, pull_sub=True)
    async def handle(body: str) -> None:
        """Nothing."""

    async with TestNatsBroker(broker) as memory:
        for number in range(20):
            await memory.publish("any", f"anime.{number}.changed", stream=STREAM)
    received = {
        sample.labels["handler"]
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "faststream_received_messages_total"
    }
    assert received == {f"anime.{number}.changed" for number in range(20)}


def test_f13_with_us_no_middleware_of_the_library_counts(wired: NatsBroker) -> None:
    assert [one for one in wired.middlewares if "Prometheus" in type(one).__name__] == []
    assert [path for path, tree in trees().items() if "NatsPrometheusMiddleware" in names_of(tree)] == []


# --- F15: batches and workers --------------------------------------------------------------------------------------


def test_f15_with_us_every_subscriber_takes_batches_and_none_asks_for_workers(wired: NatsBroker) -> None:
    assert len(wired.subscribers) == len(topology.CONSUMERS)
    assert [one for one in wired.subscribers if not isinstance(one, BatchPullStreamSubscriber)] == []
    asking = {
        path
        for path, tree in trees().items()
        for call in calls(tree)
        if any(keyword.arg == "max_workers" for keyword in call.keywords)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "subscriber"
    }
    assert asking == set()


# --- F20: what the document says a message is ------------------------------------------------------------------------


class Told(BaseModel):
    """An event of somebody."""

    number: int


class Unread(BaseModel):
    """What could not be read."""

    reason: str


def payloads(document: Any) -> list[dict[str, Any]]:
    """The payload of every message, resolved one step."""
    schemas = document["components"]["schemas"]
    found = [message["payload"] for message in document["components"]["messages"].values()]
    return [schemas[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in found]


def test_f20_by_default_a_batch_that_may_hold_poison_is_an_array_of_alternatives(broker: NatsBroker) -> None:
    @broker.subscriber(SUBJECT, stream=PLAIN, durable=THEIRS, pull_sub=PullSub(batch=True))
    async def handle(body: list[Told | Unread]) -> None:
        """Nothing."""

    (payload,) = payloads(AsyncAPI(broker).to_specification().to_jsonable())
    assert payload["type"] == "array"
    assert [one["$ref"].rpartition("/")[2] for one in payload["items"]["anyOf"]] == ["Told", "Unread"]


def test_f20_with_us_every_message_is_one_event(wired: NatsBroker) -> None:
    document = asyncapi.document(wired)
    found = payloads(document)
    assert {one["title"] for one in found} == {kind.__name__ for kind in kinds()}
    assert {one["type"] for one in found} == {"object"}
    assert "PoisonMessage" not in document["components"]["schemas"]
    assert all(len(channel["messages"]) == 1 for channel in document["channels"].values())


def kinds() -> set[type[Event]]:
    """Every type of event that a stream of ours carries."""
    carried = {
        subjects.event_of(subject.replace(">", "x")) for stream in topology.STREAMS for subject in stream.subjects
    }
    return {kind for kind in carried if kind is not None and kind.__name__ != "AdvisoryEvent"}
