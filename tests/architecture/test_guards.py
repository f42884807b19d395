"""Each default of the library that would lose, double or hold up has a test that shows it, and one that shows ours.

A test says which it is by its name, `test_f3_by_default_…` or `test_f3_with_us_…`, or where it lives among others, by
its docstring: "F3 with us: …". What stands behind the numbers is in docs/hazards.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
NUMBERS = range(1, 23)
SIDES = ("by default", "with us")
_IN_A_NAME = re.compile(r"^test_f(\d+)_(by_default|with_us)_")
_IN_WORDS = re.compile(r"\bF(\d+) (by default|with us)\b")
_NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@cache
def named_in(path: str) -> dict[str, str]:
    """The tests of a file by name, with their docstrings."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    }


def guards_in(tests: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Which numbers are guarded by these tests, and from which side."""
    for name, words in tests.items():
        for number, side in (*_IN_A_NAME.findall(name), *_IN_WORDS.findall(words)):
            yield int(number), side.replace("_", " ")


@cache
def guards() -> frozenset[tuple[int, str]]:
    """Every guard under tests/."""
    marked = re.compile(r"\btest_f\d+_|\bF\d+ (?:by default|with us)\b")
    paths = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if marked.search(path.read_text(encoding="utf-8"))
    ]
    return frozenset(guard for path in paths for guard in guards_in(named_in(path)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"F{number}")
def test_each_hazard_is_shown_and_guarded(number: int, side: str) -> None:
    assert (number, side) in guards(), f"no test shows F{number} {side}"


def test_no_guard_has_a_number_of_its_own() -> None:
    assert {number for number, _ in guards()} == set(NUMBERS)


def test_a_guard_is_found_by_its_name_and_by_its_docstring() -> None:
    tests = {
        "test_f3_by_default_it_spins": "",
        "test_it_waits": "F3 with us: the delay grows. F4 is another.",
        "test_f5": "F5 by defaults",
        "test_other": "",
    }
    assert list(guards_in(tests)) == [(3, "by default"), (3, "with us")]


def test_the_page_has_a_row_for_each_number() -> None:
    assert re.findall(r"^\| F(\d+) \|", PAGE, re.MULTILINE) == [str(number) for number in NUMBERS]


def test_the_tests_that_the_page_names_are_there() -> None:
    named = _NAMED_TEST.findall(PAGE)
    assert named, "the page names tests"
    missing = [
        (path, name) for path, name in named if not (ROOT / path).exists() or (name and name not in named_in(path))
    ]
    assert missing == []
