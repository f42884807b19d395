"""Folders built once: whole or not there, and built again when they must be."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from handlers.embedding.cache import MANIFEST, build_once, is_whole


def write(folder: Path) -> None:
    (folder / "model.onnx").write_text("weights")


def never(folder: Path) -> None:
    raise AssertionError(f"built again in {folder}")


def test_a_folder_is_built_once(tmp_path: Path) -> None:
    folder = build_once(tmp_path / "models", "mini", "v1", write)
    assert (folder / "model.onnx").read_text() == "weights"
    assert build_once(tmp_path / "models", "mini", "v1", never) == folder


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        build_once(tmp_path, "mini", "v1", fail)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_the_folder_appears_only_when_it_is_finished(tmp_path: Path) -> None:
    def look(folder: Path) -> None:
        write(folder)
        assert folder.parent == tmp_path
        assert not (tmp_path / "mini.v1").exists()

    assert is_whole(build_once(tmp_path, "mini", "v1", look))


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".building-abc"
    left.mkdir()
    write(left)
    build_once(tmp_path, "mini", "v1", write)
    assert not left.exists()


@pytest.mark.parametrize("damage", ["model.onnx", MANIFEST])
def test_a_damaged_folder_is_built_again(tmp_path: Path, damage: str) -> None:
    folder = build_once(tmp_path, "mini", "v1", write)
    (folder / damage).write_text("")
    assert not is_whole(folder)
    assert is_whole(build_once(tmp_path, "mini", "v1", write))


def test_another_version_replaces_the_one_before_and_leaves_other_families(tmp_path: Path) -> None:
    other = build_once(tmp_path, "other", "v1", write)
    old = build_once(tmp_path, "mini", "v1", write)
    new = build_once(tmp_path, "mini", "v2", write)
    assert new.exists()
    assert not old.exists()
    assert other.exists()


def test_builders_that_come_together_build_once(tmp_path: Path) -> None:
    built: list[Path] = []
    gate = threading.Barrier(4, timeout=10)

    def count(folder: Path) -> None:
        built.append(folder)
        write(folder)

    def run() -> None:
        gate.wait()
        build_once(tmp_path, "mini", "v1", count)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(built) == 1
