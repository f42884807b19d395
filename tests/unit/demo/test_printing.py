"""The verdict for people and for programs."""

from __future__ import annotations

import json
from datetime import timedelta

from handlers.verdict.invented import Invention
from handlers.verdict.judge import Judged, Outcome
from handlers.verdict.points import Difference
from handlers.verdict.report import Report
from handlers.verdict.scores import Move
from streams.demo.printing import as_json_of, change_rows, score_rows, trouble
from tests.unit.verdict.sample import SHOW, at, change, told

FOUND = Judged(change("synopsis", "", "x", {"mal": at(1)}), Outcome.FOUND, True, late=timedelta(hours=3))
MISSED = Judged(change("tags", [], ["sea"], {"anilist": at(2)}), Outcome.MISSED, True, "a look was due")
UNTOLD, TOLD = Move(SHOW, "A Show", at(1), None, 8.3, None), Move(SHOW, "A Show", at(0), 8.0, 8.3, at(0, 7))
REPORT = Report(
    [FOUND, MISSED],
    [TOLD, UNTOLD],
    [Invention(told("title", "y", at(1)), "A Show", ("y",))],
    [Difference("p", "missing")],
    points=3,
)


def test_what_was_missed_comes_first() -> None:
    assert [row[0] for row in change_rows(REPORT)] == ["missed", "found"]
    assert next(iter(change_rows(REPORT)))[2:] == ("A Show", "tags (edited)", "-", "a look was due")
    assert [row[-1] for row in score_rows(REPORT)] == ["MISSED", "Mon 07:00"]
    assert list(trouble(REPORT)) == [
        "invented: A Show, title, told Tue 00:00 of mal: y",
        "index: point p missing",
    ]


def test_the_json_says_everything_and_is_json() -> None:
    found = json.loads(json.dumps(as_json_of(REPORT)))
    assert (found["matched"], found["due"], found["missed"]) == (False, 4, 2)
    assert found["outcomes"] == {"found": 1, "held": 0, "missed": 1, "not due": 0}
    assert [one["late_s"] for one in found["changes"]] == [10_800, None]
    assert (found["points"], found["points_that_differ"]) == (3, [{"id": "p", "what": "missing"}])
