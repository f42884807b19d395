"""The table of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.delete import delete
from streams.cli.demo import demo
from streams.cli.dlq import dlq
from streams.cli.failure import told
from streams.cli.fetch import fetch
from streams.cli.ingest import ingest
from streams.cli.reconcile import reconcile
from streams.cli.reindex import reindex
from streams.cli.republish import republish
from streams.cli.review import review
from streams.cli.schedule import schedule
from streams.cli.search import search
from streams.cli.show import show
from streams.cli.snapshot import restore, snapshot
from streams.cli.status import status
from streams.cli.world import world

app = typer.Typer(
    name="echora",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Speaks to the running program at ECHORA_URL (default http://127.0.0.1:8000). `make run` starts it.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("echora-streams"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = (
        False
    ),
) -> None:
    pass


_PEOPLE = (ingest, search, show, delete, status, fetch, world, demo)
_OPERATORS = (snapshot, restore, reconcile, republish, reindex)
for command in (*_PEOPLE, *_OPERATORS):
    app.command()(told(command))
app.add_typer(schedule)
app.add_typer(dlq)
app.add_typer(review)
