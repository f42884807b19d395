"""How a command ends when it cannot do what it was asked: one line, and a number that says which kind."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec

import typer

P = ParamSpec("P")


class ExitCode(IntEnum):
    """What the shell sees."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3


class Failure(Exception):
    """The message is one line for standard error; `code` is what the shell sees."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


def told(command: Callable[P, None]) -> Callable[P, None]:
    """The command, ending with its failure's line and code instead of a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Failure as failure:
            typer.echo(f"echora: {failure}", err=True)
            raise typer.Exit(failure.code) from None

    return run
