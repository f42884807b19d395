"""`echora schedule`: what is due, what was missed, and what a person does about it."""

from __future__ import annotations

from typing import Final

import typer

from streams.cli.failure import told
from streams.cli.schedule_acts import pause, resume, trigger
from streams.cli.schedule_backfill import backfill
from streams.cli.schedule_list import list_
from streams.cli.schedule_policy import policy
from streams.cli.schedule_show import show

schedule: Final = typer.Typer(
    name="schedule",
    no_args_is_help=True,
    help="See what is looked at when, and pause, trigger or repeat it.",
)
schedule.command("list")(told(list_))
for command in (show, pause, resume, trigger, policy, backfill):
    schedule.command()(told(command))
