"""The examples of README and docs, run against the program with its demo and against a world, line by line."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.examples import Example, examples
from tests.integration.program.running import BIN, COMMAND_TIMEOUT_S, Program, running
from tests.integration.world.process import WorldProcess, running_world

PROGRAM, WORLD = "http://127.0.0.1:8000", "http://127.0.0.1:8400"


@pytest.fixture(scope="module")
def demo(first_run: Program) -> Iterator[Program]:
    """The program with its demo catalogue, all of it searchable."""
    with running(Program(first_run.folder, {})) as program:
        program.settle()
        yield program


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldProcess]:
    with running_world(tmp_path_factory.mktemp("world"), "--speed", "2520") as process:
        yield process


@pytest.mark.parametrize("example", [block for block in examples() if block.runs], ids=lambda block: block.name)
def test_an_example_does_what_the_page_says(example: Example, demo: Program, world: WorldProcess) -> None:
    for line in example.lines:
        here = line.replace(".venv/bin", str(BIN)).replace(PROGRAM, demo.url).replace(WORLD, world.url)
        done = subprocess.run(
            ["sh", "-euc", here],
            cwd=demo.folder,
            env=demo.command_environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{example.name}: {line}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip(), f"{example.name}: {line} said nothing"


def test_the_pages_name_the_addresses_that_are_put_in_place() -> None:
    """A third address would be asked as it stands, and might be somebody's own program."""
    text = "\n".join(line for example in examples() if example.runs for line in example.lines)
    assert set(re.findall(r"http://[\w.]+:\d+", text)) == {PROGRAM, WORLD}
