"""The count of failures in PostgreSQL: it outlives the process and knows each consumer's messages apart."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from streams.delivery.failures import Failures, PostgresFailures
from tests.events import at


@pytest.fixture
def failures(pool: asyncpg.Pool) -> PostgresFailures:
    return PostgresFailures(lambda: pool)


async def test_each_failure_is_counted_and_the_first_time_is_kept(failures: PostgresFailures) -> None:
    assert await failures.add("S", "c", {7: "busy", 8: "busy"}, at(0)) == {7: Failures(1, at(0)), 8: Failures(1, at(0))}
    assert await failures.add("S", "c", {7: "still busy"}, at(5)) == {7: Failures(2, at(0))}


async def test_another_process_goes_on_counting(failures: PostgresFailures, other_pool: asyncpg.Pool) -> None:
    await failures.add("S", "c", {7: "busy"}, at(0))
    other = PostgresFailures(lambda: other_pool)
    assert await other.add("S", "c", {7: "busy"}, at(1)) == {7: Failures(2, at(0))}


async def test_streams_and_consumers_are_counted_apart(failures: PostgresFailures) -> None:
    for stream, consumer in (("S", "c"), ("S", "d"), ("T", "c")):
        assert (await failures.add(stream, consumer, {7: "busy"}, at(0)))[7].count == 1


async def test_what_is_settled_is_forgotten_and_nothing_else(failures: PostgresFailures) -> None:
    await failures.add("S", "c", {7: "busy", 8: "busy"}, at(0))
    await failures.forget("S", "c", [7, 99])
    assert (await failures.add("S", "c", {7: "busy"}, at(1)))[7] == Failures(1, at(1))
    assert (await failures.add("S", "c", {8: "busy"}, at(1)))[8] == Failures(2, at(0))


async def test_a_stream_that_was_made_anew_begins_to_count_anew(failures: PostgresFailures) -> None:
    await failures.add("S", "c", {7: "busy"}, at(0))
    await failures.add("T", "c", {7: "busy"}, at(0))
    await failures.forget_stream("S")
    assert (await failures.add("S", "c", {7: "busy"}, at(1)))[7] == Failures(1, at(1))
    assert (await failures.add("T", "c", {7: "busy"}, at(1)))[7] == Failures(2, at(0))


async def test_any_words_of_an_error_can_be_kept(failures: PostgresFailures) -> None:
    await failures.add("S", "c", {1: "\x00" * 10, 2: "\U0001f600" * 5_000, 3: ""}, at(0))


async def test_overlapping_batches_of_two_processes_lose_no_count(
    failures: PostgresFailures, other_pool: asyncpg.Pool
) -> None:
    other = PostgresFailures(lambda: other_pool)
    numbers = range(30)
    up, down = dict.fromkeys(numbers, "busy"), dict.fromkeys(reversed(numbers), "busy")
    rounds = [
        counter.add("S", "c", errors, at(0)) for _ in range(5) for counter, errors in ((failures, up), (other, down))
    ]
    await asyncio.gather(*rounds)
    assert {story.count for story in (await failures.add("S", "c", up, at(1))).values()} == {11}
