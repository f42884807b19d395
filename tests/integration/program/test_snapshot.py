"""A catalogue moves from one program to another by way of a file."""

from __future__ import annotations

from pathlib import Path

from tests.integration.program.conftest import NewProgram, started
from tests.integration.program.records import record
from tests.integration.program.running import Program


def test_a_catalogue_moves_to_another_program(program: Program, new_program: NewProgram, tmp_path: Path) -> None:
    title = "The Lighthouse That Walked"
    program.ingest(record(title, synopsis="A lighthouse leaves its cliff."))
    program.settle()
    file = tmp_path / "c.jsonl.gz"
    taken = program.json("snapshot", str(file))
    with started(new_program) as other:
        restored = other.json("restore", str(file))
        assert restored["rows"] == taken["rows"]
        other.settle()
        assert other.titles("a lighthouse that leaves its cliff")[0] == title
        points = other.status()["index"]["points"]
        assert points == program.status()["index"]["points"]
        again = other.json("restore", str(file))
        assert (restored["already_restored_at"], again["rows"]) == (None, restored["rows"])
        assert again["already_restored_at"] is not None
        back = tmp_path / "back.jsonl"
        other.json("snapshot", str(back))
        first = tmp_path / "first.jsonl"
        program.json("snapshot", str(first))
        refused = other.echora("restore", str(first))
        assert refused.returncode == 1
        assert "the database is not empty" in refused.stderr
        assert back.read_bytes().splitlines()[1:] == first.read_bytes().splitlines()[1:]
