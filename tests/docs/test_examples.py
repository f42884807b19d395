"""What is marked as runnable can be run: tests/integration/program/test_docs.py does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.examples import COMMANDS, ROOT, RUNNABLE, Example, blocks, examples, pages

_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


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
    links = _LINK.findall(path.read_text(encoding="utf-8"))
    assert [link for link, _ in links if not (path.parent / link).exists()] == []
    sections = [((path.parent / link) if link else path, section) for link, section in links if section]
    assert [f"{to.name}#{section}" for to, section in sections if section not in anchors(to)] == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as a repository's pages have them: small, without marks, dashes for spaces."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
