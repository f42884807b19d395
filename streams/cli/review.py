"""`echora review`: what waits for a person, and what a person decides."""

from __future__ import annotations

from typing import Final

import typer

from streams.cli.failure import told
from streams.cli.review_acts import approve, reject, undo
from streams.cli.review_list import list_, show

review: Final = typer.Typer(
    name="review",
    no_args_is_help=True,
    help="See which changes wait for a person, and approve or reject them.",
)
review.command("list")(told(list_))
for command in (show, approve, reject, undo):
    review.command()(told(command))
