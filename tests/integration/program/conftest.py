"""One first start on an empty machine for the whole test run; its model is shared by every other program here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from handlers.embedding.weights import PACKAGE, installed_source
from tests.integration.program.running import Program, running, share_models, until
from tests.servers import temporary_folder

NewProgram: TypeAlias = Callable[..., Program]


@pytest.fixture(scope="session")
def first_run() -> Iterator[Program]:
    """The program started with no settings in an empty folder, seen through its demo, and ended by Ctrl-C."""
    if installed_source() is None:
        pytest.skip(f"the package {PACKAGE} is not installed: it comes with the extra `embedded`")
    with temporary_folder() as folder, running(Program(folder, {})) as program:
        assert until(lambda: "demo catalogue loaded" in program.said), program.said
        program.interrupt()
        yield program


@pytest.fixture(scope="session")
def models(first_run: Program) -> Path:
    """The folder of the built model."""
    return first_run.home / "models"


@pytest.fixture(scope="session")
def new_program(models: Path) -> NewProgram:
    """Makes a program that is not started yet, in `folder`, with the model in place and no demo."""

    def make(folder: Path, *arguments: str, **settings: str) -> Program:
        share_models(models, folder / ".echora")
        return Program(folder, {"ECHORA_DEMO": "false", **settings}, arguments)

    return make


@contextmanager
def started(new_program: NewProgram, **settings: str) -> Iterator[Program]:
    """A program in a folder of its own, running."""
    with temporary_folder() as folder, running(new_program(folder, **settings)) as program:
        yield program


@pytest.fixture(scope="session")
def program(new_program: NewProgram) -> Iterator[Program]:
    """One program for all tests that do not need it for themselves; what a test hands in, others see."""
    with started(new_program) as running:
        yield running
