"""What becomes of a message: acknowledged, tried again, given up with its story, or given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import pytest
from nats.aio.client import Client

from contracts.errors import Awaited, EchoraError, Outage, Permanent, Poison, Refused, Transient
from contracts.events import Event
from contracts.limits import ATTEMPTS_MAX
from handlers.dead_letters import letter_id
from streams.delivery.publish import Message, Publisher
from tests.events import updated
from tests.integration.delivery.lane import Lane, open_lane
from tests.waiting import eventually

Verdict = Callable[[Event, int], EchoraError | None]


@dataclass
class Recorder:
    """A step that notes what it was given, and answers as `verdict` says for an event and its how-many-th try."""

    verdict: Verdict = lambda event, attempt: None
    seen: dict[UUID, list[float]] = field(default_factory=dict)

    async def __call__(self, events: Sequence[Event]) -> list[EchoraError | None]:
        return [self._one(event) for event in events]

    def _one(self, event: Event) -> EchoraError | None:
        times = self.seen.setdefault(event.event_id, [])
        times.append(monotonic())
        return self.verdict(event, len(times))

    def tries(self, event: Event) -> int:
        return len(self.seen.get(event.event_id, []))


async def run(lane: Lane, step: Recorder, until: Callable[[], object], *, publisher: Publisher | None = None) -> None:
    """Pull and deliver until the condition holds and everything is settled."""
    puller = lane.puller(lane.settler(publisher), step)
    puller.start()
    try:
        await eventually(until)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()


def only(event: Event, error: EchoraError) -> Verdict:
    return lambda seen, attempt: error if seen.event_id == event.event_id else None


async def test_what_took_effect_is_acknowledged_and_never_comes_again(lane: Lane) -> None:
    events = [updated(str(number), status="ONGOING") for number in range(50)]
    await lane.publish(*events)
    step = Recorder()
    await run(lane, step, lambda: len(step.seen) == 50)
    assert {step.tries(event) for event in events} == {1}
    assert await lane.letters() == []


async def test_a_transient_failure_comes_again_not_before_its_time_and_then_goes_through(lane: Lane) -> None:
    event, neighbour = updated("a", status="ONGOING"), updated("b", status="ONGOING")
    await lane.publish(event, neighbour)
    step = Recorder(lambda e, n: Transient("busy", retry_after_s=0.15) if e == event and n < 3 else None)
    await run(lane, step, lambda: step.tries(event) == 3)
    first, second, third = step.seen[event.event_id]
    assert second - first >= 0.15
    assert third - second >= 0.15
    assert step.tries(neighbour) == 1
    assert await lane.letters() == []
    assert lane.failures.stories == {}, "its failures are forgotten with its success"


async def test_the_fifth_failure_goes_to_the_dead_letters_with_bytes_headers_and_story(lane: Lane) -> None:
    event, neighbour = updated("a", status="ONGOING"), updated("b", status="ONGOING")
    (sequence,) = await lane.publish(event, headers={"Nats-Msg-Id": "m1", "traceparent": "00-ab"})
    await lane.publish(neighbour)
    step = Recorder(only(event, Awaited(f"anime {UUID(int=1)} is not there yet", retry_after_s=0.02)))
    await run(lane, step, lambda: step.tries(event) == ATTEMPTS_MAX)
    (letter,) = await lane.letters()
    raw = await lane.jetstream.get_msg(lane.stream.name, sequence)
    assert letter.payload == raw.data
    assert letter.headers == {"Nats-Msg-Id": "m1", "traceparent": "00-ab"}
    assert (letter.subject, letter.stream, letter.consumer) == (
        lane.stream.subjects[0],
        lane.stream.name,
        lane.consumer.name,
    )
    assert (letter.stream_sequence, letter.attempts, letter.error_class) == (sequence, ATTEMPTS_MAX, "Awaited")
    assert letter.first_failed_at is not None
    assert letter.last_failed_at is not None
    assert letter.first_failed_at < letter.last_failed_at
    assert raw.time is not None
    assert letter.event_id == letter_id(lane.stream.name, lane.consumer.name, sequence, raw.time)
    assert "is not there yet" in letter.error
    assert step.tries(event) == ATTEMPTS_MAX
    assert step.tries(neighbour) == 1
    assert lane.failures.stories == {}


async def test_letters_of_one_kind_share_a_fingerprint(lane: Lane) -> None:
    events = [updated(str(number), status="ONGOING") for number in range(3)]
    await lane.publish(*events)
    step = Recorder(lambda e, n: Refused(f"anime {e.event_id}", "year" if e == events[2] else "title", "is missing"))
    await run(lane, step, lambda: len(step.seen) == 3)
    first, second, third = await lane.letters()
    assert first.fingerprint == second.fingerprint != third.fingerprint


async def test_what_cannot_be_read_is_a_dead_letter_at_once_and_its_neighbours_go_through(lane: Lane) -> None:
    events = [updated(str(number), status="ONGOING") for number in range(6)]
    garbage = [b"\xff\x00garbage", b"", b"0", b"{}"]
    await lane.publish(*events[:3], *garbage, *events[3:])
    step = Recorder()
    await run(lane, step, lambda: len(step.seen) == 6)
    letters = await lane.letters()
    assert sorted(letter.payload for letter in letters) == sorted(garbage)
    assert {(letter.error_class, letter.attempts) for letter in letters} == {(Poison.__name__, 1)}
    assert {step.tries(event) for event in events} == {1}


async def test_odd_headers_do_not_keep_a_letter_from_being_written(lane: Lane) -> None:
    headers = {"Status": "100", "Description": "Idle Heartbeat", "content-type": "text/\u00e4", "x": "1" * 5_000}
    await lane.publish(b"", headers=headers)
    step = Recorder()
    await run(lane, step, lambda: True)
    (letter,) = await lane.letters()
    assert letter.payload == b""
    assert letter.headers["x"] == headers["x"]


async def test_a_permanent_error_is_a_dead_letter_at_once_and_whoever_waits_hears_of_it_first(lane: Lane) -> None:
    event, neighbour = updated("a", status="ONGOING"), updated("b", status="ONGOING")
    await lane.publish(event, neighbour)
    step = Recorder(only(event, Permanent("never")))
    told: list[tuple[UUID, str, int]] = []
    settler = lane.settler()

    async def given_up(refused: Sequence[tuple[Event, str]]) -> None:
        told.extend([(one.event_id, reason, len(await lane.letters())) for one, reason in refused])

    raw = await fetched(lane, 2)
    await settler.deliver(lane.consumer, raw, [event, neighbour], step, given_up)
    assert told == [(event.event_id, "never", 0)]
    assert [letter.attempts for letter in await lane.letters()] == [1]
    await eventually(lane.is_settled)


async def fetched(lane: Lane, wanted: int) -> list[object]:
    """Messages as the library fetches them."""
    subscription = await lane.jetstream.pull_subscribe_bind(lane.consumer.name, lane.stream.name)
    return [message for _ in range(wanted) for message in await subscription.fetch(1, timeout=5)]


async def test_an_outage_uses_up_no_attempt_and_everything_is_handled_after_it(lane: Lane) -> None:
    away = True
    probes = 0

    class Dependent(Recorder):
        async def __call__(self, events: Sequence[Event]) -> list[EchoraError | None]:
            nonlocal probes
            if away:
                probes += 1
                raise Outage("PostgreSQL", "connection refused")
            return await super().__call__(events)

    events = [updated(str(number), status="ONGOING") for number in range(5)]
    await lane.publish(*events)
    step = Dependent()
    puller = lane.puller(lane.settler(), step)
    puller.start()
    try:
        await eventually(lambda: probes >= 3)
        assert (await lane.info()).num_redelivered == 0
        assert lane.failures.stories == {}
        away = False
        await eventually(lambda: len(step.seen) == 5)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
    assert {step.tries(event) for event in events} == {1}
    assert await lane.letters() == []


async def test_a_batch_that_takes_longer_than_the_ack_wait_is_kept_by_heartbeats(client: Client) -> None:
    lane = await open_lane(client, ack_wait_s=0.6)
    event = updated("slow", status="ONGOING")
    await lane.publish(event)
    release = asyncio.Event()

    class Slow(Recorder):
        async def __call__(self, events: Sequence[Event]) -> list[EchoraError | None]:
            results = await super().__call__(events)
            await release.wait()
            return results

    step = Slow()
    puller = lane.puller(lane.settler(), step)
    puller.start()
    try:
        await eventually(lambda: step.tries(event) == 1)
        began = monotonic()
        # Three times the wait go by; without heartbeats the server would have counted it as free again.
        await eventually(lambda: monotonic() - began > 3 * lane.consumer.ack_wait_s)
        release.set()
        await eventually(lane.is_settled)
        assert (await lane.info()).num_redelivered == 0
    finally:
        release.set()
        await puller.stop()
    assert step.tries(event) == 1


async def test_at_a_stop_during_an_outage_the_batch_is_given_back_and_comes_again_without_waiting(lane: Lane) -> None:
    events = [updated(str(number), status="ONGOING") for number in range(5)]
    await lane.publish(*events)
    probed = asyncio.Event()

    async def away(_: Sequence[Event]) -> list[EchoraError | None]:
        probed.set()
        raise Outage("PostgreSQL", "connection refused")

    settler = lane.settler()
    puller = lane.puller(settler, away)
    puller.start()
    await probed.wait()
    settler.stopping.set()
    await puller.stop()
    step = Recorder()
    # The ack wait is 30 s; whoever comes next gets them well before that.
    async with asyncio.timeout(10):
        await run(lane, step, lambda: len(step.seen) == 5)
    assert await lane.letters() == []
    assert lane.failures.stories == {}


async def test_a_defect_of_a_step_costs_its_neighbours_no_attempt(lane: Lane) -> None:
    events = [updated(str(number), status="ONGOING") for number in range(8)]
    await lane.publish(*events)

    class Defective(Recorder):
        async def __call__(self, events: Sequence[Event]) -> list[EchoraError | None]:
            if guilty in events:
                self.seen.setdefault(guilty.event_id, []).append(0.0)
                raise KeyError("what nobody thought of")
            return await super().__call__(events)

    guilty = events[3]
    step = Defective()
    settler = lane.settler()
    raw = await fetched(lane, 8)
    await settler.deliver(lane.consumer, raw, events, step)  # type: ignore[arg-type]
    assert {step.tries(event) for event in events if event is not guilty} == {1}
    assert [story.count for story in lane.failures.stories.values()] == [1]
    assert len(raw) == 8
    await eventually(lambda: pending(lane, 1))


async def pending(lane: Lane, wanted: int) -> bool:
    return (await lane.info()).num_ack_pending == wanted


class Deaf(Publisher):
    """A publisher whose server does not confirm."""

    deaf = True

    async def publish_all(self, messages: Sequence[Message]) -> list[bool]:
        return [False for _ in messages] if self.deaf else await super().publish_all(messages)


async def test_a_letter_that_nobody_confirmed_leaves_the_message_where_it_is(lane: Lane) -> None:
    event = updated("a", status="ONGOING")
    await lane.publish(event)
    publisher = Deaf(lambda: lane.client)
    step = Recorder(only(event, Permanent("never")))
    puller = lane.puller(lane.settler(publisher), step)
    puller.start()
    try:
        await eventually(lambda: step.tries(event) == 1)
        assert await lane.letters() == []
        assert (await lane.info()).num_ack_pending == 1
        publisher.deaf = False
        await eventually(lambda: step.tries(event) == 2)
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
    assert len(await lane.letters()) == 1


async def test_a_message_that_dies_twice_has_one_letter(lane: Lane) -> None:
    event = updated("a", status="ONGOING")
    await lane.publish(event)
    settler = lane.settler()
    (raw,) = await fetched(lane, 1)
    step = Recorder(only(event, Permanent("never")))

    class Lost:
        """The message with its acknowledgement lost on the way, as when we are killed just before it."""

        def __getattr__(self, name: str) -> object:
            return getattr(raw, name)

        async def ack(self) -> None:
            return None

    await settler.deliver(lane.consumer, [Lost()], [event], step)  # type: ignore[list-item]
    assert (await lane.info()).num_ack_pending == 1
    await raw.nak()  # type: ignore[attr-defined]
    await run(lane, step, lambda: step.tries(event) == 2)
    assert len(await lane.letters()) == 1


async def test_no_message_that_the_stream_takes_is_too_large_for_its_letter() -> None:
    from contracts import codec, limits
    from contracts.events import DeadLetterEvent
    from handlers.dead_letters import Delivery, dead_letter, shortened
    from streams.topology import EVENTS
    from tests.events import NOON

    room = EVENTS.message_bytes_max
    for header_bytes in (0, limits.HEADERS_BYTES_MAX):
        # The shortest headers cost the most in a letter, compared with what they take on the wire ("ab:\r\n").
        headers = {f"{number:x}": "" for number in range(header_bytes // 6)}
        size = room - header_bytes
        delivery = Delivery("S" * 50, "C" * 50, 2**60, "s" * 50, b"\xff" * size, headers, 5, NOON, NOON)
        letter = dead_letter(delivery, Permanent("\U0001f600" * 10_000), NOON)
        assert len(codec.encode(letter)) <= limits.DEAD_LETTER_BYTES_MAX
    beyond = Delivery("S", "C", 1, "s", b"\xff" * 4_000_000, {"a": "b"}, 5, NOON, NOON)
    short = codec.encode(shortened(dead_letter(beyond, Permanent("never"), NOON)))
    kept = codec.decode_as(DeadLetterEvent, "letter", short)
    assert isinstance(kept, DeadLetterEvent)
    assert "of 4000000 bytes" in kept.error


@pytest.mark.parametrize("error", [Transient("busy"), Awaited("not there yet")])
def test_delays_grow_and_stay_bounded(error: Transient) -> None:
    from streams.delivery.delays import LONGEST_S, delay_s

    waits = [delay_s(error, failures, lambda: 0.0) for failures in range(1, 40)]
    assert waits == sorted(waits)
    assert waits[0] > 0
    assert waits[1] == 2 * waits[0]
    assert waits[-1] == LONGEST_S
    assert delay_s(error, 1, lambda: 1.0) == 1.25 * waits[0]
    assert delay_s(Transient("busy", retry_after_s=7), 30, lambda: 1.0) == 7


async def test_while_a_dependency_is_away_a_consumer_pulls_nothing_further(lane: Lane) -> None:
    away, probes, batch_max = True, 0, 20

    async def step(events: Sequence[Event]) -> list[EchoraError | None]:
        nonlocal probes
        if away:
            probes += 1
            raise Outage("the index", "connection refused")
        return [None for _ in events]

    await lane.publish(*[updated(str(number), status="ONGOING") for number in range(300)])
    puller = lane.puller(lane.settler(), step, batch_max)
    puller.start()
    try:
        await eventually(lambda: probes >= 2)
        held = (await lane.info()).num_ack_pending
        # The batch in hand and what was asked for behind it; that many wait with us, the rest in the stream.
        assert 0 < held <= 3 * batch_max
        await eventually(lambda: probes >= 5)
        info = await lane.info()
        assert (info.num_ack_pending, info.num_redelivered) == (held, 0)
        assert info.num_pending == 300 - held
        away = False
        await eventually(lane.is_settled)
    finally:
        await puller.stop()
    assert await lane.letters() == []
