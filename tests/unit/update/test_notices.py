"""One trouble is one notice, however many shows it meets."""

from __future__ import annotations

from handlers.update.look import Notice, NoticeKind
from handlers.update.notices import KEY_OF_MANY, SINGLY_MAX, gathered
from streams.looks import ALERT_OF

SKIPPED, OPENED = NoticeKind.WINDOW_SKIPPED, NoticeKind.BREAKER_OPENED


def notices(kind: NoticeKind, number: int) -> list[Notice]:
    return [Notice(kind, f"key {n}", f"text {n}") for n in range(number)]


def test_a_few_are_told_one_by_one() -> None:
    few = notices(SKIPPED, SINGLY_MAX)
    assert gathered(few) == few
    assert gathered([]) == []


def test_many_of_one_kind_are_one_and_take_no_other_kind_with_them() -> None:
    found = gathered([*notices(SKIPPED, 100), *notices(OPENED, 1)])
    assert [(one.kind, one.key) for one in found] == [(OPENED, "key 0"), (SKIPPED, KEY_OF_MANY)]
    assert found[1].text.startswith("episode window skipped, 100 times at once")
    assert found[1].text.endswith("the first: text 0")


def test_every_kind_of_notice_has_an_alert() -> None:
    assert ALERT_OF.keys() == set(NoticeKind)
