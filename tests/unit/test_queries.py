"""Named queries, and what several of them share."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.queries import queries_of

ROOMS = Path(__file__).parents[2] / "handlers"
QUERIES = sorted((path.parents[1].name, path.stem) for path in ROOMS.glob("*/queries/*.sql"))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A name of its own for each test, since a package is imported once.
    folder = tmp_path / f"room_of_{tmp_path.name}" / "queries"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_what_is_included_stands_in_its_place_also_through_another_query(room: Path) -> None:
    (room / "all.sql").write_text("SELECT 1\n  -- include some\nLIMIT 1\n")
    (room / "some.sql").write_text("FROM x\n-- include few\n")
    (room / "few.sql").write_text("WHERE -- include nothing, this is a remark\n  y\n")
    wanted = "SELECT 1\nFROM x\nWHERE -- include nothing, this is a remark\n  y\nLIMIT 1\n"
    assert queries_of(room.parent.name)("all") == wanted


def test_a_name_without_a_file_is_told_by_its_path(room: Path) -> None:
    (room / "all.sql").write_text("SELECT 1\n-- include some\n")
    with pytest.raises(FileNotFoundError, match=r"queries/some\.sql"):
        queries_of(room.parent.name)("all")


@pytest.mark.parametrize(("room_name", "name"), QUERIES)
def test_every_query_finds_what_it_includes(room_name: str, name: str) -> None:
    text = queries_of(f"handlers.{room_name}")(name)
    assert not [line for line in text.splitlines() if line.lstrip().startswith("-- include")]
