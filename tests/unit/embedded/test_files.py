"""The small files of the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.embedded.files import last_words, read_json, write_json


def test_what_is_written_is_read_and_closed_to_others(tmp_path: Path) -> None:
    write_json(tmp_path / "state.json", {"nats_port": 20_001})
    assert read_json(tmp_path / "state.json") == {"nats_port": 20_001}
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b"{" + b" " * 70_000 + b"}"])
def test_what_is_no_object_reads_as_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    assert read_json(tmp_path / "state.json") == {}


def test_the_last_words_are_the_last_line_that_says_something(tmp_path: Path) -> None:
    assert last_words(tmp_path / "log") == "it wrote nothing"
    (tmp_path / "log").write_text("x" * 10_000 + "\nFATAL: no space left\n\n  \n")
    assert last_words(tmp_path / "log") == "FATAL: no space left"


def test_a_fatal_line_of_this_run_says_more_than_the_goodbye_after_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("FATAL: yesterday's\n")
    since_byte = log.stat().st_size
    log.write_text(log.read_text() + "LOG: the system is shut down\n")
    assert last_words(log, since_byte=since_byte) == "LOG: the system is shut down"
    log.write_text(log.read_text() + "FATAL: today's\nLOG: the system is shut down\n")
    assert last_words(log, since_byte=since_byte) == "FATAL: today's"
