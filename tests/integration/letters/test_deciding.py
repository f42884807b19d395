"""Letters as people see them: grouped, told of once, sent again in order and at a rate, or dropped with a reason."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from contracts import codec, subjects
from contracts.errors import Refused
from contracts.events import AnimeEnrichedEvent
from handlers.dead_letters import LIST_MAX, Choice, State, choose, drop, groups, replay_next
from streams import topology
from streams.alerts import AlertKind
from streams.dead_letters import DeadLetterAnswers
from streams.http.letter_models import DropWish, LetterQuery, LettersDecided, ReplayWish
from tests.events import at, enriched, uid, updated
from tests.integration.letters.parts import Parts
from tests.waiting import eventually

ALL = (State.WAITING, State.REPLAYED, State.DROPPED)


def answers(parts: Parts) -> DeadLetterAnswers:
    return DeadLetterAnswers(parts.graph.runtime)


async def replayed(parts: Parts, **wish: Any) -> tuple[list[int], LettersDecided]:
    """The progress of a replay, and its account."""
    said = [one async for one in await answers(parts).replay(ReplayWish(**{"per_second": 5_000} | wish))]
    account = said.pop()
    assert isinstance(account, LettersDecided)
    return [one for one in said if isinstance(one, int)], account


async def committed(parts: Parts, record: AnimeEnrichedEvent) -> None:
    """Have an anime in the database, by the program itself."""
    await parts.publish(subjects.ANIME_ENRICHED, record)
    await eventually(lambda: parts.pool.fetchval("SELECT 1 FROM anime WHERE id = $1", record.anime_id))


async def test_a_letter_that_is_sent_again_takes_effect_with_its_own_event_id(with_persist: Parts) -> None:
    parts = with_persist
    await committed(parts, enriched("Ring", status="UPCOMING"))
    event = updated("Ring", status="ONGOING", minute=5)
    letter = await parts.letter(
        subjects.ANIME_UPDATED, event, 1, event_id=uid("l"), headers={"Nats-Msg-Id": "m", "a": "b"}
    )
    progress, account = await replayed(parts, ids=[letter.event_id], by="me")
    assert (progress, account.done, account.letters, account.error) == ([1], 1, 1, None)
    await eventually(lambda: parts.pool.fetchval("SELECT 1 FROM anime WHERE status = 'ONGOING'"))
    assert await parts.pool.fetchval("SELECT 1 FROM inbox WHERE event_id = $1", event.event_id)
    row = await parts.row(letter.event_id)
    assert row is not None
    assert (row["state"], row["replays"], row["decided_by"]) == ("replayed", 1, "me")
    # On the wire it is another message, or JetStream would have dropped it as known.
    raw = await parts.jetstream.get_last_msg(topology.EVENTS.name, subjects.ANIME_UPDATED)
    assert raw.data == codec.encode(event)
    assert raw.headers is not None
    assert raw.headers["Nats-Msg-Id"] not in ("m", str(event.event_id))
    assert (raw.headers["a"], raw.headers["Echora-Replay-Of"]) == ("b", str(letter.event_id))


async def test_what_fails_again_comes_back_once_and_knows_how_often_it_was_sent(with_persist: Parts) -> None:
    parts = with_persist
    letter = await parts.letter(subjects.ANIME_UPDATED, b"\xff\x00garbage", 1, event_id=uid("l"))
    _, account = await replayed(parts, all=True)
    assert account.done == 1

    async def back() -> asyncpg.Record | None:
        return await parts.pool.fetchrow("SELECT * FROM dead_letter WHERE state = 'waiting'")

    again = await eventually(back)
    assert (again["replay_of"], again["replays"], again["payload"]) == (letter.event_id, 1, b"\xff\x00garbage")
    _, account = await replayed(parts, ids=[again["id"]])
    third = await eventually(lambda: parts.pool.fetchrow("SELECT * FROM dead_letter WHERE replay_of = $1", again["id"]))
    assert third["replays"] == 2
    assert len(await parts.rows()) == 3


async def test_a_replay_does_not_run_after_its_own_tail(parts: Parts) -> None:
    first = await parts.letter(subjects.ANIME_UPDATED, updated("a", status="ONGOING"), 1, event_id=uid("1"))
    chosen = await choose(parts.pool, Choice(fingerprint=first.fingerprint))
    await parts.letter(subjects.ANIME_UPDATED, updated("a", status="ONGOING"), 2, event_id=uid("2"))
    assert await replay_next(parts.pool, chosen, 100, "test", at(9)) == 1
    assert await replay_next(parts.pool, chosen, 100, "test", at(9)) == 0


async def test_the_order_per_entity_is_that_of_the_stream(parts: Parts) -> None:
    events = [updated(f"anime {number % 3}", status="ONGOING", minute=number) for number in range(30)]
    places = list(enumerate(events, start=1))
    random.Random(7).shuffle(places)
    for sequence, event in places:
        await parts.letter(subjects.ANIME_UPDATED, event, sequence, event_id=uid("letter", sequence))
    progress, account = await replayed(parts, consumer=topology.UPDATED.name)
    assert (account.done, progress) == (30, [25, 30])

    async def sent() -> bool:
        return bool((await parts.jetstream.stream_info(topology.EVENTS.name)).state.messages == 30)

    await eventually(sent)
    arrived = [await parts.jetstream.get_msg(topology.EVENTS.name, sequence) for sequence in range(1, 31)]
    for name in {event.anime_id for event in events}:
        expected = [codec.encode(event) for event in events if event.anime_id == name]
        assert [raw.data for raw in arrived if raw.data in expected] == expected


async def test_every_letter_is_sent_once_by_two_replays_at_once(parts: Parts) -> None:
    import asyncio

    for sequence in range(1, 41):
        event = updated("a", status="ONGOING", minute=sequence)
        await parts.letter(subjects.ANIME_UPDATED, event, sequence, event_id=uid("letter", sequence))
    (_, one), (_, other) = await asyncio.gather(replayed(parts, all=True), replayed(parts, all=True))
    assert one.done + other.done == 40
    assert await parts.pool.fetchval("SELECT count(*) FROM outbox") == 40
    assert await parts.pool.fetchval("SELECT max(replays) FROM dead_letter") == 1


async def test_a_dry_run_says_what_it_would_come_to_and_does_nothing(parts: Parts) -> None:
    await parts.letter(subjects.ANIME_UPDATED, updated("a", status="ONGOING"), 1, event_id=uid("1"))
    await parts.letter(subjects.ANIME_UPDATED, b"", 2, event_id=uid("2"), headers={"Echora-Letter-Lacks": "everything"})
    progress, account = await replayed(parts, all=True, dry_run=True, per_second=0.5)
    assert (progress, account.is_dry, account.letters, account.not_whole, account.done) == ([], True, 2, 1, 0)
    assert account.seconds == 2.0
    (part,) = account.parts
    assert (part.consumer, part.letters, part.not_whole) == (topology.UPDATED.name, 2, 1)
    dropped = await answers(parts).drop(DropWish(all=True, reason="test", dry_run=True))
    assert (dropped.is_dry, dropped.letters, dropped.done) == (True, 2, 0)
    assert {row["state"] for row in await parts.rows()} == {"waiting"}
    assert await parts.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_what_lacks_bytes_is_not_sent_again_but_can_be_dropped(parts: Parts) -> None:
    headers = {"Echora-Letter-Lacks": "the last 7 bytes"}
    await parts.letter(subjects.ANIME_UPDATED, b"half", 1, event_id=uid("1"), headers=headers)
    _, account = await replayed(parts, all=True)
    assert (account.letters, account.not_whole, account.done) == (1, 1, 0)
    assert (await answers(parts).drop(DropWish(all=True, reason="lost", by="me"))).done == 1
    (row,) = await parts.rows()
    assert (row["state"], row["drop_reason"], row["decided_by"]) == ("dropped", "lost", "me")


async def test_a_rate_is_kept_by_waiting_on_the_programs_clock(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    class Clock:
        def now(self) -> Any:
            return at(9)

        async def sleep(self, seconds: float) -> None:
            waited.append(seconds)

    for sequence in range(1, 8):
        event = updated("a", status="ONGOING", minute=sequence)
        await parts.letter(subjects.ANIME_UPDATED, event, sequence, event_id=uid("letter", sequence))
    monkeypatch.setattr(parts.graph.runtime, "clock", Clock())
    progress, _ = await replayed(parts, all=True, per_second=3)
    assert progress == [3, 6, 7]
    assert waited == [1.0, 1.0]


async def test_only_what_meets_every_condition_is_meant(parts: Parts) -> None:
    async def letter(number: int, **changes: Any) -> None:
        event = updated("a", status="ONGOING", minute=number)
        await parts.letter(subjects.ANIME_UPDATED, event, number, event_id=uid("l", number), **changes)

    await letter(1)
    await letter(2, error_class="Poison", fingerprint="p")
    await letter(3, consumer="qdrant-consumer", subject=subjects.ANIME_SYNCED)
    await letter(4, last_failed_at=at(600))
    cases: list[tuple[dict[str, Any], set[int]]] = [
        ({"fingerprint": "p"}, {2}),
        ({"error_class": "Refused"}, {1, 3, 4}),
        ({"error_class": "Refused", "consumer": "qdrant-consumer"}, {3}),
        ({"subject": subjects.ANIME_UPDATED}, {1, 2, 4}),
        ({"since": at(300).isoformat()}, {4}),
        ({"since": at(300).isoformat(), "fingerprint": "p"}, set()),
    ]
    for conditions, expected in cases:
        found = await answers(parts).listing(LetterQuery(**conditions))
        assert {letter.stream_sequence for letter in found.letters} == expected, conditions
        _, account = await replayed(parts, dry_run=True, **conditions)
        assert account.letters == len(expected), conditions
    with pytest.raises(Refused, match="say all of them"):
        await answers(parts).replay(ReplayWish())
    with pytest.raises(Refused, match="is no time"):
        await answers(parts).listing(LetterQuery(since="soon"))


async def test_letters_are_grouped_by_kind_with_the_words_of_the_last(parts: Parts) -> None:
    for number in range(1, 4):
        changes = {"error": f"words {number}", "first_failed_at": at(number), "last_failed_at": at(10 + number)}
        event = updated("a", status="ONGOING", minute=number)
        await parts.letter(subjects.ANIME_UPDATED, event, number, event_id=uid("l", number), **changes)
    await parts.letter(subjects.ANIME_UPDATED, b"?", 9, event_id=uid("other"), fingerprint="other")
    await answers(parts).drop(DropWish(ids=[uid("l", 1)], reason="test"))
    first, second = await groups(parts.pool, Choice(), ALL, LIST_MAX)
    assert (first.waiting, first.dropped, first.sample_error) == (2, 1, "words 3")
    assert (first.first_failed_at, first.last_failed_at) == (at(1), at(13))
    assert (second.fingerprint, second.waiting) == ("other", 1)


async def test_the_first_letter_of_a_group_is_told_of_and_no_other_until_none_waits(parts: Parts) -> None:
    async def letter(number: int, fingerprint: str) -> UUID:
        event = updated("a", status="ONGOING", minute=number)
        made = await parts.letter(
            subjects.ANIME_UPDATED, event, number, event_id=uid("l", number), fingerprint=fingerprint
        )
        await parts.graph.letters.once()
        return made.event_id

    first = await letter(1, "one")
    for number in range(2, 6):
        await letter(number, "one")
    await letter(6, "two")
    assert [alert.key for alert in parts.alerts.told] == ["one", "two"]
    assert parts.alerts.told[0].kind == AlertKind.DEAD_LETTERS
    assert parts.alerts.told[0].facts["id"] == first
    # Decided, so that the next one is news again.
    await answers(parts).drop(DropWish(fingerprint="one", reason="known"))
    await letter(7, "one")
    await letter(8, "one")
    assert [alert.key for alert in parts.alerts.told] == ["one", "two", "one"]


@pytest.mark.parametrize("last_one_is", ["sent again", "dropped"])
async def test_a_group_that_is_back_before_its_replay_has_ended_is_told_of_again(
    parts: Parts, last_one_is: str
) -> None:
    async def letter(number: int) -> UUID:
        made = await parts.letter(subjects.ANIME_UPDATED, b"?%d" % number, number, event_id=uid("l", number))
        await parts.graph.letters.once()
        return made.event_id

    first = await letter(1)
    await letter(2)
    chosen = await choose(parts.pool, Choice())
    assert await replay_next(parts.pool, chosen, 1, "test", at(9)) == 1
    back = await letter(3)
    # Another of those that were told of still waits.
    assert [alert.facts["id"] for alert in parts.alerts.told] == [first]
    if last_one_is == "dropped":
        assert await drop(parts.pool, chosen, "enough", "test", at(9)) == 1
    else:
        assert await replay_next(parts.pool, chosen, 1, "test", at(9)) == 1
    await parts.graph.letters.once()
    await letter(4)
    assert [alert.facts["id"] for alert in parts.alerts.told] == [first, back]


async def test_what_was_not_told_before_the_end_is_told_after_the_next_start(parts: Parts) -> None:
    await parts.graph.letters.stop()
    await parts.letter(subjects.ANIME_UPDATED, b"?", 1, event_id=uid("l"))
    assert parts.alerts.told == []
    parts.graph.letters.start()
    await eventually(lambda: parts.alerts.told)
    await parts.graph.letters.stop()
    parts.graph.letters.start()
    await parts.letter(subjects.ANIME_UPDATED, b"!", 2, event_id=uid("m"))
    await parts.graph.letters.once()
    assert len(parts.alerts.told) == 1


async def test_one_letter_is_shown_with_its_event_or_why_there_is_none(parts: Parts) -> None:
    event = updated("a", status="ONGOING")
    good = await parts.letter(subjects.ANIME_UPDATED, event, 1, event_id=uid("good"), headers={"x": "y"})
    bad = await parts.letter(subjects.ANIME_UPDATED, b"\xff\x00" * 500, 2, event_id=uid("bad"))
    shown = await answers(parts).show(good.event_id)
    assert shown is not None
    assert shown.event is not None
    assert shown.event["changed_fields"] == ["status"]
    assert shown.headers == {"x": "y"}
    shown = await answers(parts).show(bad.event_id)
    assert shown is not None
    assert shown.event is None
    assert shown.unreadable
    assert shown.sample_hex.startswith("ff 00 ff")
    assert len(shown.sample_hex.split()) == 256
    assert await answers(parts).show(uid("nobody")) is None


async def test_odd_words_of_a_letter_become_a_row(parts: Parts) -> None:
    odd = {"error": "a\x00b", "headers": {"h\x00": "v\x00"}, "fingerprint": "f" * 5_000, "subject": "\u0000 ü"}
    await parts.letter("anime.updated", b"\x00", 1, event_id=uid("odd"), **odd)
    (row,) = await parts.rows()
    assert row["error"] == "a\ufffdb"


async def test_what_is_no_letter_on_the_wire_of_letters_becomes_one(parts: Parts) -> None:
    await parts.publish("anime.dlq.updated", b"\xff\x00")
    (row,) = await eventually(parts.rows)
    assert (row["consumer"], row["error_class"]) == (topology.LETTERS.name, "Poison")


async def test_letters_are_forgotten_when_they_are_old_and_their_groups_with_them(parts: Parts) -> None:
    await parts.letter(subjects.ANIME_UPDATED, b"?", 1, event_id=uid("old"), fingerprint="old")
    await parts.letter(subjects.ANIME_UPDATED, b"!", 2, event_id=uid("new"), fingerprint="new")
    await parts.pool.execute(
        "UPDATE dead_letter SET received_at = now() - interval '31 days' WHERE fingerprint = 'old'"
    )
    await parts.graph.letters.once()
    assert [row["fingerprint"] for row in await parts.rows()] == ["new"]
    assert await parts.pool.fetchval("SELECT array_agg(fingerprint) FROM dead_letter_group") == ["new"]


async def test_a_thousand_letters_are_claimed_without_reading_those_that_do_not_wait(parts: Parts) -> None:
    await parts.pool.execute(
        """INSERT INTO dead_letter (id, stream, consumer, stream_sequence, subject, payload, error_class, error,
                                    fingerprint, attempts, last_failed_at, state, drop_reason)
           SELECT gen_random_uuid(), 'ANIME_EVENTS', 'c', n, 's', '', 'E', 'e', 'f', 1, now(),
                  CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'dropped' END,
                  CASE WHEN n % 100 = 0 THEN NULL ELSE 'r' END
           FROM generate_series(1, 20000) AS n"""
    )
    await parts.pool.execute("ANALYZE dead_letter")
    from handlers.dead_letters.sql import query

    plan = await parts.pool.fetchval(
        f"EXPLAIN (FORMAT JSON) {query('claim')}", None, None, None, None, None, None, 2**60, 25
    )
    assert "dead_letter_waiting" in plan
