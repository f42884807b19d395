from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from contracts.errors import Outage
from streams.cli import reading, sending
from tests.unit.cli.conftest import Run
from tests.unit.http.fakes import Program

FORMS = {
    "list": '[{"n": 1}, {"n": 2}]',
    "wrapped": '{"license": {}, "data": [{"n": 1}, {"n": 2}]}',
    "pretty": json.dumps({"data": [{"n": 1}, {"n": 2}]}, indent=2),
    "lines": '{"n": 1}\n\n{"n": 2}\n',
    "byte order mark": '\ufeff[{"n": 1}, {"n": 2}]',
}


def summary(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["records.json", "-"])
def test_every_form_goes_in_from_a_file_and_from_standard_input(
    echora: Run, program: Program, tmp_path: Path, form: str, name: str
) -> None:
    file = tmp_path / "records.json"
    file.write_text(FORMS[form], encoding="utf-8")
    result = echora("ingest", "-" if name == "-" else file, "--json", input=FORMS[form].encode())
    assert result.exit_code == 0, result.output
    assert [record.value for record in program.received] == [{"n": 1}, {"n": 2}]
    assert (summary(result)["new"], summary(result)["records"]) == (2, 2)
    assert summary(result)["ignored_keys"] == {"anime.mood": 4}


def test_one_record_alone_and_a_file_of_lines_by_its_name(echora: Run, program: Program, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{\n "anime": {"id": "x"}\n}')
    (tmp_path / "more.jsonl").write_text('{"n": 2}\n')
    result = echora("ingest", tmp_path / "one.json", tmp_path / "more.jsonl")
    assert result.exit_code == 0
    assert [record.value for record in program.received] == [{"anime": {"id": "x"}}, {"n": 2}]
    assert program.artifacts == [str(tmp_path / "one.json"), str(tmp_path / "more.jsonl")]
    assert "2 records: 2 new, 0 changed, 0 unchanged, 0 refused, 0 undecided" in result.stdout


def test_what_was_refused_is_told_with_its_place_and_the_exit_code_says_so(
    echora: Run, program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text('{"n": 1}\n{"ok": false}\n{"n": \n{"n": 4}\n')
    result = echora("ingest", file, "--json")
    assert result.exit_code == 1
    found = summary(result)
    assert (found["new"], found["refused"]) == (2, 2)
    assert {one["where"] for one in found["not_in"]} == {f"{file}, line 2", f"{file}, line 3"}
    assert any("not JSON" in one["reason"] for one in found["not_in"])
    told = echora("ingest", file)
    assert told.exit_code == 1
    assert "not ok" in told.stdout
    assert "line 3" in told.stdout


@pytest.mark.parametrize(("text", "line"), [('{"data": [\n{"n": 1},\nnonsense\n]}', 3), ("hello", 1), ("[1, 2", 1)])
def test_a_file_that_is_no_json_is_named_with_its_line(echora: Run, tmp_path: Path, text: str, line: int) -> None:
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_text(text)
    good.write_text('[{"n": 1}]')
    result = echora("ingest", bad, good, "--json")
    assert result.exit_code == 1
    found = summary(result)
    assert found["new"] == 1, "the other file goes in"
    assert found["not_in"][0]["reason"].startswith(f"{bad}, line {line}: not JSON")


def test_a_file_beyond_the_bound_says_what_to_do(echora: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 100)
    (tmp_path / "big.json").write_text('[\n{"n": "' + "x" * 200 + '"}]')
    result = echora("ingest", tmp_path / "big.json", "--json")
    assert result.exit_code == 1
    assert "JSON Lines" in summary(result)["not_in"][0]["reason"]


def test_many_records_go_in_batches_and_each_keeps_its_place(
    echora: Run, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BATCH_RECORDS_MAX", 3)
    values = [{"n": number, "ok": number != 7} for number in range(1, 11)]
    (tmp_path / "ten.json").write_text(json.dumps(values))
    result = echora("ingest", tmp_path / "ten.json", "--json")
    assert [record.value for record in program.received] == values
    assert len(program.artifacts) == 4
    assert [one["where"] for one in summary(result)["not_in"]] == [f"{tmp_path / 'ten.json'}, record 7"]


def test_what_ends_it_early_is_told_and_fails(echora: Run, program: Program, tmp_path: Path) -> None:
    program.ingest_failure = Outage("PostgreSQL", "away")
    (tmp_path / "a.json").write_text("[{}]")
    result = echora("ingest", tmp_path / "a.json", "--json")
    assert result.exit_code == 1
    assert "PostgreSQL" in summary(result)["errors"][0]


def test_a_file_that_is_not_there_is_a_usage_error(echora: Run, program: Program, tmp_path: Path) -> None:
    result = echora("ingest", tmp_path / "nothing.json")
    assert result.exit_code == 2
    assert "nothing.json: there is no such file" in result.stderr
    assert echora("ingest").exit_code == 2
