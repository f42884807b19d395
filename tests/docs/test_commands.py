"""Every command that a page, a help text or an error message names is there, with the options that it is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from streams.cli.application import app
from tests.architecture.source import trees
from tests.docs.examples import examples, pages

_SPAN = re.compile(r"`echora ([^`]+)`")
_EXAMPLE = re.compile(r"Example: echora (.+)")
_LINE = re.compile(r"^(?:\.venv/bin/)?echora (.+)")
ROOT_COMMAND = typer.main.get_command(app)


def named() -> Iterator[tuple[str, str]]:
    """Where a command is named, and what follows `echora` there."""
    for path in pages():
        for found in _SPAN.findall(path.read_text(encoding="utf-8").replace("\\|", "|")):
            yield path.name, found
    for block in examples():
        yield from ((block.page, found[1]) for line in block.lines if (found := _LINE.match(line)))
    for path, tree in trees().items():
        texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        for text in texts:
            yield from ((path, found) for found in [*_SPAN.findall(text), *_EXAMPLE.findall(text)])


def wrong_in(words: str) -> list[str]:
    """What of a command is not there: `dlq list|show --group X` means both, and every option is looked up in each."""
    plain = re.sub(r"\"[^\"]*\"|'[^']*'", "VALUE", words)
    tokens = plain.partition("#")[0].split()
    commands: list[Any] = [ROOT_COMMAND]
    while tokens and len(commands) == 1 and hasattr(commands[0], "commands") and not tokens[0].startswith("-"):
        there, names = commands[0].commands, tokens.pop(0).rstrip(",;.").split("|")
        if missing := [name for name in names if name not in there]:
            return missing
        commands = [there[name] for name in names]
    known = [{flag for one in command.params for flag in one.opts + one.secondary_opts} for command in commands]
    options = {found[1] for token in tokens if (found := re.match(r"[\[(]*(--?[a-z][\w-]*)", token))}
    return sorted(option for option in options if not all(option in flags | {"--help"} for flags in known))


def test_the_look_for_what_is_wrong_finds_it() -> None:
    assert wrong_in("dlq list|groups --since 7d") == []
    assert wrong_in('review reject --field synopsis --reason "say --nothing"') == []
    assert wrong_in("dlq list|shew") == ["shew"]
    assert wrong_in("dlq list --sins 7d") == ["--sins"]
    assert wrong_in("remember") == ["remember"]
    assert wrong_in("dlq list|show --group X") == ["--group"]


def test_commands_are_found_on_pages_and_in_the_source() -> None:
    places = {place for place, _ in named()}
    assert {"README.md", "docs/healing.md", "alerts.md", "streams/cli/fetch.py", "streams/http/reviews.py"} <= places


@pytest.mark.parametrize(("place", "words"), sorted(set(named())))
def test_a_command_that_is_named_is_there(place: str, words: str) -> None:
    assert wrong_in(words) == [], place
