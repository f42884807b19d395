"""Switches that break the program on purpose, one promise each. Every one must be caught by the scenario it names.

A saboteur is installed in the forked program alone, before anything is wired. It reaches into the program by name; when
a name is gone it fails loudly, because a saboteur that breaks nothing would pass for one that was caught.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import nats


@dataclass(frozen=True, slots=True)
class Saboteur:
    """What it breaks in words, the scenario that must catch it, how it is put in, and what the ledger must say then.

    `shows` is the beginning of a sentence of the ledger, as a pattern: whatever else goes wrong with a broken program,
    only the promise that was broken counts as noticed.
    """

    breaks: str
    scenario: str
    install: Callable[[], None]
    shows: str


def ack_before_commit() -> None:
    from streams.delivery.settle import Settler

    deliver = Settler.deliver

    async def early(self: Settler, consumer: Any, raw: Any, *rest: Any) -> None:
        for message in raw:
            await message._client.publish(message.reply)
        await raw[0]._client.flush()
        await deliver(self, consumer, raw, *rest)

    Settler.deliver = early  # type: ignore[method-assign]


def outbox_after_commit() -> None:
    from handlers.persist import sync
    from streams import persist

    queue, apply = sync.queue, persist.apply
    kept: ContextVar[list[Any]] = ContextVar("kept")

    async def later(_: Any, syncs: Sequence[Any]) -> None:
        kept.get().extend(syncs)

    async def applied(pool: Any, *rest: Any) -> Any:
        kept.set([])
        outcomes = await apply(pool, *rest)
        async with pool.acquire() as connection, connection.transaction():
            await queue(connection, kept.get())
        return outcomes

    sync.queue, persist.apply = later, applied


def relay_by_cursor() -> None:
    from handlers.relay.store import OutboxStore

    claim = OutboxStore.claim
    seen = [0]

    async def beyond(self: OutboxStore, rows_max: int) -> Any:
        messages = [message for message in await claim(self, rows_max) if message.row_id > seen[0]]
        seen[0] = max([seen[0], *(message.row_id for message in messages)])
        return messages

    OutboxStore.claim = beyond  # type: ignore[method-assign]


def marked_before_published() -> None:
    from streams import relay

    drain = relay.drain

    async def hasty(store: Any, publish: Any, rows_max: int) -> int:
        async def after_marking(messages: Any) -> Any:
            await store.mark([message.row_id for message in messages])
            return await publish(messages)

        return await drain(store, after_marking, rows_max)

    relay.drain = hasty


def published_unconfirmed() -> None:
    from streams.delivery.publish import Publisher

    async def hopeful(self: Any, messages: Sequence[Any]) -> list[bool]:
        client = self._client()
        for message in messages:
            await client.publish(message.subject, message.payload, headers=dict(message.headers))
        return [True] * len(messages)

    Publisher.publish_all = hopeful  # type: ignore[method-assign]


def nak_without_delay() -> None:
    from nats.aio.msg import Msg

    nak = Msg.nak

    async def at_once(self: Msg, delay: float | None = None) -> None:
        await nak(self)

    Msg.nak = at_once  # type: ignore[method-assign,assignment]


def no_inbox() -> None:
    from handlers.persist import batch

    async def unclaimed(connection: Any, consumer: str, events: Any, step: Any) -> Any:
        return await step(connection, events)

    _has(batch, "_claim_and_apply")
    batch._claim_and_apply = unclaimed


def inbox_for_a_moment() -> None:
    from handlers.persist import batch

    claim = batch._claim_and_apply

    async def forgetful(connection: Any, consumer: str, events: Any, step: Any) -> Any:
        await connection.execute("DELETE FROM inbox WHERE received_at < now() - interval '1 second'")
        return await claim(connection, consumer, events, step)

    batch._claim_and_apply = forgetful


def no_version_guard() -> None:
    from handlers.index import edge_writes

    _has(edge_writes, "version_of")
    edge_writes.version_of = lambda _: -1


def arrival_counts() -> None:
    from handlers.persist import saying

    for name in ("of_update", "of_enriched"):
        setattr(saying, name, _arrived(getattr(saying, name)))


def _arrived(said: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def now(event: Any) -> Any:
        return said(event.model_copy(update={"observed_at": datetime.now(UTC)}))

    return now


def update_swallowed() -> None:
    from handlers.persist import updated

    apply = updated.apply_anime
    swallowed: list[int] = []

    async def all_but_the_first(connection: Any, events: Sequence[Any]) -> Any:
        if not swallowed:
            swallowed.append(len(events))
            return [None] * len(events)
        return await apply(connection, events)

    updated.apply_anime = all_but_the_first


def ack_before_the_letter() -> None:
    from streams.delivery.settle import Settler

    bury = Settler._bury

    async def early(self: Settler, consumer: Any, dead: Any, *rest: Any) -> None:
        for message, *_ in dead:
            await message._client.publish(message.reply)
        await dead[0][0]._client.flush()
        await bury(self, consumer, dead, *rest)

    Settler._bury = early  # type: ignore[method-assign]


def outages_count() -> None:
    from contracts.errors import Outage, Transient
    from streams.delivery.settle import Settler

    run = Settler._run

    async def impatient(self: Settler, consumer: Any, events: Any, step: Any) -> Any:
        async def once(these: Any) -> Any:
            try:
                return await step(these)
            except Outage as outage:
                return [Transient(str(outage), retry_after_s=0.1)] * len(these)

        return await run(self, consumer, events, once)

    Settler._run = impatient  # type: ignore[method-assign]


def one_for_all() -> None:
    from contracts.errors import Permanent
    from streams import persist

    apply = persist.apply

    async def together(pool: Any, consumer: str, events: Any, step: Any) -> Any:
        async def whole(connection: Any, these: Any) -> Any:
            outcomes = await step(connection, these)
            refused = next((outcome for outcome in outcomes if isinstance(outcome, Permanent)), None)
            return [refused] * len(these) if refused else outcomes

        return await apply(pool, consumer, events, whole)

    persist.apply = together


def poison_dropped() -> None:
    from contracts.codec import PoisonMessage
    from streams.delivery.settle import Settler

    deliver = Settler.deliver

    async def shrug(self: Settler, consumer: Any, raw: Any, events: Any, *rest: Any) -> None:
        for message, event in zip(raw, events, strict=True):
            if isinstance(event, PoisonMessage):
                await message.ack()
        pairs = [(m, e) for m, e in zip(raw, events, strict=True) if not isinstance(e, PoisonMessage)]
        if pairs:
            await deliver(self, consumer, [m for m, _ in pairs], [e for _, e in pairs], *rest)

    Settler.deliver = shrug  # type: ignore[method-assign]


def deletions_ignored() -> None:
    from handlers.index.edge import EdgeIndex

    async def kept(*_: Any) -> None:
        """Nothing is removed."""

    _has(EdgeIndex, "delete")
    EdgeIndex.delete = kept  # type: ignore[method-assign]


def acked_at_stop() -> None:
    from streams.delivery import pull, settle

    async def swept(raw: Sequence[Any]) -> None:
        for message in raw:
            if not message.is_acked:
                await message.ack()

    _has(pull, "hand_back")
    pull.hand_back = settle.hand_back = swept


def timer_before_row() -> None:
    """The timer leaves at once and beside the transaction, so it may be out for a plan that was never committed."""
    from handlers.schedule import store

    timer_of, write = store.timer_of, store.ScheduleStore._write
    made: ContextVar[list[Any]] = ContextVar("made")

    def noted(*args: Any) -> Any:
        timer = timer_of(*args)
        made.get().append(timer)
        return timer

    async def hasty(self: Any, connection: Any, *rest: Any) -> int:
        made.set([])
        count = await write(self, connection, *rest)
        ids = [timer.event_id for timer in made.get()]
        await connection.execute("DELETE FROM outbox WHERE event_id = ANY ($1::uuid[])", ids)
        await _publish(made.get())
        return count

    store.timer_of, store.ScheduleStore._write = noted, hasty  # type: ignore[method-assign]


def secret_told() -> None:
    """An address is logged as it is used, with its password."""
    import structlog

    from streams import start

    plain = start._plain

    def told(secret: Any) -> str:
        structlog.get_logger("start").info("connecting", address=plain(secret))
        return plain(secret)

    start._plain = told


async def _publish(messages: Sequence[Any]) -> None:
    if messages:
        client = await nats.connect(os.environ["NATS_URL"])
        for message in messages:
            await client.jetstream().publish(message.subject, message.payload, headers=dict(message.headers))
        await client.close()


def _has(place: Any, name: str) -> None:
    assert hasattr(place, name), f"{place!r} has no {name} any more: correct this saboteur"


_STALE_POINT: Final = r"stale: the index has "
_NEVER_HANDLED: Final = r"lost: .*the event was never claimed, so nobody handled it"

SABOTEURS: Final[dict[str, Saboteur]] = {
    "ack before commit": Saboteur(
        "messages are acknowledged first", "dies before the commit", ack_before_commit, _NEVER_HANDLED
    ),
    "outbox in its own transaction": Saboteur(
        "two commits", "dies after the commit", outbox_after_commit, r"lost: anime .* has 0 outbox rows"
    ),
    "relay by cursor": Saboteur(
        "reads ids above the last", "an earlier id commits last", relay_by_cursor, r"stuck: outbox: 1 rows not sent"
    ),
    "marked before published": Saboteur(
        "rows are marked first", "dies before it publishes", marked_before_published, _STALE_POINT
    ),
    "published unconfirmed": Saboteur(
        "no confirmation is awaited", "the broker refuses", published_unconfirmed, _STALE_POINT
    ),
    "nak without delay": Saboteur(
        "attempts are burned at once",
        "an update comes early",
        nak_without_delay,
        r"lost: anime\.updated .* is a dead letter: .* is not there yet",
    ),
    "no inbox": Saboteur("nothing is claimed", "calm", no_inbox, r"doubled: .* has no inbox row"),
    "dedupe by window only": Saboteur(
        "claims are forgotten", "an event comes again later", inbox_for_a_moment, r"doubled: .* took event .* 2 times"
    ),
    "no version guard": Saboteur(
        "the index takes what is older",
        "an old write comes late",
        no_version_guard,
        rf"{_STALE_POINT}\(0, 'what was there long ago'",
    ),
    "arrival counts, not observation": Saboteur(
        "the last to arrive wins", "an old word comes late", arrival_counts, r"stale: anime .* went from .* back to"
    ),
    "an update is swallowed": Saboteur(
        "claimed without effect", "a later word follows", update_swallowed, r"lost: .*the event was claimed when "
    ),
    "ack before the dead letter": Saboteur(
        "letters may be lost", "dies before the letter", ack_before_the_letter, r"lost: .* has no dead letter"
    ),
    "outages use up attempts": Saboteur(
        "an outage counts",
        "the index is away",
        outages_count,
        r"lost: anime\.synced .* is a dead letter: index is not available",
    ),
    "one bad event costs its batch": Saboteur(
        "neighbours are given up",
        "one is refused among many",
        one_for_all,
        r"lost: anime\.updated .* is a dead letter: .* title: cannot be removed",
    ),
    "poison is dropped": Saboteur(
        "no letter is written", "calm", poison_dropped, r"lost: token poison.* has no dead letter"
    ),
    "deletions are ignored": Saboteur(
        "points stay",
        "what is in the index is deleted",
        deletions_ignored,
        r"stale: the index holds .*, which has no living row",
    ),
    "timer before row": Saboteur(
        "a timer may stand for nothing",
        "dies while it resumes a look",
        timer_before_row,
        r"stale: rows and timers had come apart",
    ),
    "a secret is logged": Saboteur("an address with its password", "calm", secret_told, r"leaked: the log: "),
    "acknowledged at a stop": Saboteur(
        "what was fetched is swept away", "stops with much in hand", acked_at_stop, _NEVER_HANDLED
    ),
}
