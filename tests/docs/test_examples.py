"""What is marked as runnable can be run: tests/integration/program/test_docs.py does."""

from __future__ import annotations

import re

import pytest

from tests.docs.examples import COMMANDS, ROOT, RUNNABLE, Example, blocks, examples, pages

_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def test_blocks_are_found_with_their_place_and_mark() -> None:
    text = "a\n```sh runnable\ncurl x\n\ncurl y\n```\nb\n```sh\nmake run\n```\n```\nplain\n```\n"
    assert list(blocks("p.md", text)) == [
        Example("p.md", 2, "sh runnable", ("curl x", "", "curl y")),
        Example("p.md", 8, "sh", ("make run",)),
        Example("p.md", 11, "", ("plain",)),
    ]
    assert [block.runs for block in blocks("p.md", text)] == [True, False, False]
    with pytest.raises(ValueError, match=r"p\.md:1: the block is never closed"):
        list(blocks("p.md", "```sh\n"))


def test_the_mark_is_written_one_way_only() -> None:
    """A mark that is misspelt would quietly take an example out of the tests."""
    assert {block.info for block in examples()} <= {"", "sh", RUNNABLE}


def test_there_are_examples_in_the_readme_and_on_the_worlds_page() -> None:
    assert {"README.md", "docs/world.md"} <= {block.page for block in examples() if block.runs}


@pytest.mark.parametrize("example", [block for block in examples() if block.runs], ids=lambda block: block.name)
def test_a_runnable_block_holds_commands_and_nothing_else(example: Example) -> None:
    assert example.lines
    for line in example.lines:
        assert line.startswith(COMMANDS), line


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: object) -> None:
    path = ROOT / str(page)
    text = path.read_text(encoding="utf-8")
    assert [link for link in _LINK.findall(text) if not (path.parent / link).exists()] == []
