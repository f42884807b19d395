"""`echora demo` before anything is started."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import Run


def test_a_folder_that_holds_something_else_is_refused_in_one_line(echora: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    result = echora("demo", "--home", tmp_path)
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith(f"echora: {tmp_path} holds files that are no demo's")


def test_there_must_be_something_to_go_on_with(echora: Run, tmp_path: Path) -> None:
    result = echora("demo", "--resume", "--home", tmp_path / "none")
    assert result.exit_code == 1
    assert "holds no demo to go on with" in result.stderr


def test_values_that_cannot_be_are_usage_errors(echora: Run) -> None:
    for wrong in (("--days", "0"), ("--speed", "0.5"), ("--kill", "-1")):
        assert echora("demo", *wrong).exit_code == 2
