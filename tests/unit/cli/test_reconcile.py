from __future__ import annotations

import json
from typing import Any

from contracts.errors import Outage, Permanent
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program

FAULTS = dict.fromkeys(("missing", "orphaned", "stale", "model", "ahead", "unannounced"), 0)


def report(**found: int) -> dict[str, Any]:
    total = sum(found.values())
    return {
        "rows": 1200, "points": 1100, "faults": FAULTS | found, "found": total, "repaired": total, "left": 0,
        "under_way": 3, "overdue": 2, "samples": {name: ["an id"] for name in found},
    }  # fmt: skip


def test_the_last_report_is_shown(echora: Run, program: Program) -> None:
    program.reports = [report(), report(missing=2), report(missing=2, stale=1) | {"is_whole": True}]
    result = echora("reconcile", "--repairs-max", 7)
    assert result.exit_code == 0, result.output
    assert program.reconciled == [(False, 7)]
    assert "1,200 rows and 1,100 points compared, 3 differences" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("missing")]
    assert line.split() == ["missing", "has", "no", "point", "2", "an", "id"]
    assert "orphaned" not in result.stdout
    assert "3 more are on their way" in result.stdout
    assert "2 rows of the outbox wait" in result.stdout


def test_a_dry_run_that_finds_something_is_no_success(echora: Run, program: Program) -> None:
    program.reports = [report(stale=4) | {"repaired": 0, "left": 4, "is_whole": True}]
    result = echora("reconcile", "--dry-run", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["left"] == 4
    assert program.reconciled[0][0] is True


def test_what_cannot_begin_and_what_breaks_off_is_one_line(echora: Run, program: Program) -> None:
    program.failure = Permanent("a pass is under way already")
    assert echora("reconcile").exit_code == 1
    program.failure = None
    program.reports = [report()]
    program.reconcile_failure = Outage("PostgreSQL", "refused")
    result = echora("reconcile")
    assert (result.exit_code, result.stderr.strip()) == (1, "echora: PostgreSQL is not available: refused")
    program.reconcile_failure = None
    assert echora("reconcile").exit_code == 3, "no report said that it was whole"
