"""How messages are cut into what may be one atomic batch."""

from __future__ import annotations

from contracts import subjects
from streams.delivery.publish import BATCH_MAX, runs
from streams.delivery.settle import Letter


def message(subject: str) -> Letter:
    return Letter(subject, b"", {})


def timer(entity: int) -> Letter:
    return message(f"{subjects.SCHEDULE_TIMER}.metadata_refresh.{entity}")


EVENT = message(subjects.ANIME_SYNCED)
LETTER = message(f"{subjects.DEAD_LETTERS}.sync")


def lengths(*messages: Letter) -> list[int]:
    cut = list(runs(messages))
    assert [one for run in cut for one in run] == list(messages), "nothing is lost and the order is kept"
    return [len(run) for run in cut]


def test_a_batch_is_for_one_stream() -> None:
    assert lengths() == []
    assert lengths(EVENT) == [1]
    assert lengths(EVENT, EVENT, timer(1), timer(2), timer(3), LETTER, LETTER, EVENT) == [2, 3, 2, 1]


def test_a_batch_is_no_longer_than_the_server_takes() -> None:
    assert lengths(*[EVENT] * (2 * BATCH_MAX + 1)) == [BATCH_MAX, BATCH_MAX, 1]
    assert lengths(*map(timer, range(BATCH_MAX + 1))) == [BATCH_MAX, 1]


def test_a_timer_that_replaces_another_begins_a_batch_of_its_own() -> None:
    assert lengths(timer(1), timer(2), timer(1), timer(2), timer(2)) == [2, 2, 1]
    assert lengths(EVENT, EVENT, EVENT) == [3], "events of one subject are no replacements"
    assert lengths(timer(1), EVENT, timer(1)) == [1, 1, 1]
