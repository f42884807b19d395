"""`echora dlq`: what was given up, why, and what a person does about it."""

from __future__ import annotations

from typing import Final

import typer

from streams.cli.dlq_decide import drop, replay
from streams.cli.dlq_list import groups, list_
from streams.cli.dlq_show import show
from streams.cli.failure import told

dlq: Final = typer.Typer(
    name="dlq",
    no_args_is_help=True,
    help="See the messages that were given up, send them again, or drop them.",
)
dlq.command("list")(told(list_))
for command in (groups, show, replay, drop):
    dlq.command()(told(command))
