"""What is generated is fresh, and what is released is not broken unawares."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import breaking, proto
from dev.breaking import Version


def test_the_generated_code_is_what_the_proto_files_give_now() -> None:
    assert proto.stale(proto.GEN) == []


def test_a_stale_file_is_named(tmp_path: Path) -> None:
    shutil.copytree(proto.GEN, tmp_path / "gen")
    (tmp_path / "gen" / "model_pb2.py").write_text("old")
    (tmp_path / "gen" / "gone_pb2.py").write_text("left over")
    assert proto.stale(tmp_path / "gen") == ["gone_pb2.py", "model_pb2.py"]


def test_buf_finds_nothing_to_complain_about() -> None:
    assert breaking.lint() == ""


def test_the_contracts_do_not_break_the_last_release() -> None:
    assert breaking.refusal() == ""


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[str, str], Path]:
    """A copy of the .proto files in which one text is replaced by another."""

    def alter(old: str, new: str) -> Path:
        target = tmp_path / "proto"
        shutil.copytree(proto.PROTO, target)
        path = next(path for path in target.rglob("*.proto") if old in path.read_text())
        path.write_text(path.read_text().replace(old, new, 1))
        return target

    return alter


def version(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "VERSION"
    path.write_text(text)
    return path


BREAKS = {
    "a field removed": ("  // Finer labels.\n  repeated string tags = 20;\n", ""),
    "a number reused": ("optional bool nsfw = 14;", "optional string nsfw = 14;"),
    "a value removed": ("  // ONGOING.\n  ANIME_STATUS_ONGOING = 3;\n", ""),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_refused_without_a_new_major_version_and_accepted_with_one(
    change: str, altered: Callable[[str, str], Path], tmp_path: Path
) -> None:
    changed = altered(*BREAKS[change])
    last, _ = breaking.newest(breaking.RELEASES)
    minor = version(tmp_path, f"{last.major}.{last.minor + 1}.0")
    assert "raise the major version" in breaking.refusal(changed, version=minor)
    major = version(tmp_path, f"{last.major + 1}.0.0")
    assert breaking.refusal(changed, version=major) == ""


def test_a_further_optional_field_breaks_nothing(altered: Callable[[str, str], Path], tmp_path: Path) -> None:
    changed = altered(
        "optional bool nsfw = 14;", "optional bool nsfw = 14;\n  // New.\n  optional string colour = 900;"
    )
    assert breaking.refusal(changed) == ""


def test_a_version_below_the_last_release_is_refused(tmp_path: Path) -> None:
    assert "is released already" in breaking.refusal(version=version(tmp_path, "0.9.0"))


def test_versions_are_compared_as_numbers() -> None:
    assert Version.parse("1.10.0\n") > Version.parse("1.9.9")
    with pytest.raises(ValueError, match="not enough values"):
        Version.parse("1.0")
