from __future__ import annotations

import errno
import gzip
import json
import os
from pathlib import Path

import pytest

from contracts.errors import Permanent, Refused
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import NOW, Program
from tests.unit.snapshot.lines import written

WHOLE = b"".join(written())


def test_a_snapshot_is_written_as_it_came(echora: Run, program: Program, tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    result = echora("snapshot", file)
    assert result.exit_code == 0, result.output
    assert file.read_bytes() == WHOLE
    assert "2 rows" in result.stdout
    assert list(tmp_path.iterdir()) == [file]


def test_a_name_that_ends_in_gz_is_compressed_and_equal_each_time(echora: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    summary = json.loads(echora("snapshot", first, "--json").stdout)
    assert summary["rows"] == {"company": 2, "x": 0}
    assert echora("snapshot", second).exit_code == 0
    assert gzip.decompress(first.read_bytes()) == WHOLE
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_is_there_is_replaced_only_on_request(echora: Run, tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text("dear")
    result = echora("snapshot", file)
    assert (result.exit_code, file.read_text()) == (2, "dear")
    assert "--overwrite" in result.stderr
    assert echora("snapshot", file, "--overwrite").exit_code == 0
    assert file.read_bytes() == WHOLE


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz"])
def test_a_snapshot_is_on_the_disk_before_it_has_its_name(
    echora: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What stands at each word to the disk: the whole file beside its name, then the folder with the name in it."""
    seen: list[tuple[bool, dict[str, bytes]]] = []
    sync = os.fsync

    def watched(handle: int) -> None:
        is_folder = os.fstat(handle).st_ino == tmp_path.stat().st_ino
        seen.append((is_folder, {file.name: file.read_bytes() for file in tmp_path.iterdir()}))
        sync(handle)

    file = tmp_path / name
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", watched)
    assert echora("snapshot", file, "--overwrite").exit_code == 0
    whole = file.read_bytes()
    assert seen == [(False, {name: b"old", f"{name}.part": whole}), (True, {name: whole})]


def test_a_disk_that_fails_leaves_the_old_file(echora: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = tmp_path / "c.jsonl"
    file.write_text("dear")
    monkeypatch.setattr(os, "fsync", failing)
    result = echora("snapshot", file, "--overwrite")
    assert (result.exit_code, file.read_text()) == (1, "dear")
    assert "cannot be written: Input/output error" in result.stderr
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("keep", [0, 1, 3, len(written()) - 1])
def test_a_snapshot_that_breaks_off_is_no_file(echora: Run, program: Program, tmp_path: Path, keep: int) -> None:
    program.snapshot_lines = written()[:keep] or [b""]
    result = echora("snapshot", tmp_path / "c.jsonl")
    assert result.exit_code == 1
    assert "cut off" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_dies_on_the_way_is_said_in_one_line(echora: Run, program: Program, tmp_path: Path) -> None:
    program.snapshot_failure = RuntimeError("dead")
    result = echora("snapshot", tmp_path / "c.jsonl")
    assert result.exit_code == 3
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(echora: Run, tmp_path: Path) -> None:
    result = echora("snapshot", tmp_path / "no" / "c.jsonl")
    assert result.exit_code == 1
    assert "cannot be written: No such file" in result.stderr


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz"])
def test_a_file_is_restored_whether_compressed_or_not(echora: Run, program: Program, tmp_path: Path, name: str) -> None:
    echora("snapshot", tmp_path / name)
    result = echora("restore", tmp_path / name, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == {"company": 2}
    assert program.restored == WHOLE


def test_a_file_that_was_restored_before_is_said_to_be_and_ends_well(
    echora: Run, program: Program, tmp_path: Path
) -> None:
    program.restored_before_at = NOW
    file = tmp_path / "c.jsonl"
    file.write_bytes(WHOLE)
    result = echora("restore", file)
    assert result.exit_code == 0, result.output
    assert "restored already at 2026-11-22T12:00:00Z; nothing was done" in result.stdout
    assert json.loads(echora("restore", file, "--json").stdout)["already_restored_at"] == "2026-11-22T12:00:00Z"


def test_a_file_that_is_no_gz(echora: Run, tmp_path: Path) -> None:
    file = tmp_path / "c.gz"
    file.write_bytes(WHOLE)
    result = echora("restore", file)
    assert result.exit_code == 2
    assert "cannot be read: Not a gzipped file" in result.stderr
    file.write_bytes(gzip.compress(WHOLE)[:-9])
    assert echora("restore", file).exit_code == 2
    file.write_bytes(gzip.compress(WHOLE)[:20] + b"x" * 50)
    assert echora("restore", file).exit_code == 2
    assert echora("restore", tmp_path / "nowhere").exit_code == 2


@pytest.mark.parametrize(
    ("failure", "code"), [(Refused("line 3 of the snapshot", "", "is wrong"), 2), (Permanent("not empty"), 1)]
)
def test_a_refusal_is_said_however_much_was_still_to_send(
    echora: Run, program: Program, tmp_path: Path, failure: Exception, code: int
) -> None:
    program.restore_failure = failure
    file = tmp_path / "c.jsonl"
    file.write_bytes(WHOLE + b"x" * 30_000_000)
    result = echora("restore", file)
    assert result.exit_code == code
    assert str(failure) in result.stderr
