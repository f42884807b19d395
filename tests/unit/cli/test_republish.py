from __future__ import annotations

import json

from contracts.errors import Refused
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program


def test_what_is_asked_for_is_handed_on(echora: Run, program: Program) -> None:
    result = echora(
        "republish", "--since", "2h", "--subject", "anime.synced", "--subject", "anime.created", "--dry-run"
    )
    assert result.exit_code == 0, result.output
    assert program.republished == [("2h", ["anime.synced", "anime.created"], True)]
    assert "1,200 events would be sent again" in result.stdout
    assert json.loads(echora("republish", "--since", "1d", "--json").stdout) == {
        "messages": {"anime.synced": 1200},
        "is_dry": False,
    }
    assert program.republished[1] == ("1d", None, False)


def test_a_time_has_to_be_named(echora: Run, program: Program) -> None:
    assert echora("republish").exit_code == 2
    program.failure = Refused("republish", "since", "'soon' is no time")
    result = echora("republish", "--since", "soon")
    assert result.exit_code == 2
    assert "'soon' is no time" in result.stderr
