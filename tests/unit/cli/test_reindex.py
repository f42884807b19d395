from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.errors import Permanent
from handlers.index.choice import ModelName
from streams.http.models import ReindexState
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program

HALF = ReindexState(model="old", wanted="new", points=1200, filled=600, is_done=False)
DONE = ReindexState(model="new", wanted=None, points=1200, filled=None, is_done=True)


def test_it_waits_until_searches_use_the_new_model(
    echora: Run, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.cli.reindex.LOOK_EVERY_S", 0.0)
    program.states = [HALF, HALF, DONE]
    result = echora("reindex", "--model", "new")
    assert result.exit_code == 0, result.output
    assert program.wanted == [ModelName("new")]
    assert "searches use new, 1,200 points" in result.stdout


def test_without_a_model_or_without_patience_it_tells_how_far_it_is(echora: Run, program: Program) -> None:
    program.states = [HALF, HALF]
    shown = echora("reindex").stdout
    assert program.wanted == []
    assert "searches use old" in shown
    assert "new is being filled in: 600 points have its vector" in shown
    assert json.loads(echora("reindex", "--model", "new", "--no-wait", "--json").stdout)["filled"] == 600


def test_a_folder_is_looked_for_where_the_program_is(echora: Run, program: Program, tmp_path: Path) -> None:
    program.states = [DONE]
    assert echora("reindex", "--model", "new", "--folder", tmp_path).exit_code == 0
    assert program.wanted == [ModelName("new", tmp_path)]
    result = echora("reindex", "--model", "new", "--folder", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "is no folder" in result.stderr


def test_one_at_a_time(echora: Run, program: Program) -> None:
    program.failure = Permanent("the index is being filled for other; ask again after it")
    result = echora("reindex", "--model", "new")
    assert (result.exit_code, "being filled for other" in result.stderr) == (1, True)
