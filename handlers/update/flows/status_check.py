"""Status check: once a week, what should have ended by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.observation import Kind
from contracts.workflow import DAY_S, HOUR_S, WEEK_S, Again, EntityKind, LookEnd, Policy, Workflow
from handlers.update.canonical import instant
from handlers.update.diff import diff_anime
from handlers.update.episodes import expected_number, is_last, still_begun
from handlers.update.flows.metadata_refresh import GONE
from handlers.update.hearing import Heard, ended, hear, questions
from handlers.update.look import Flow, Found, Look, Part, Tools
from handlers.update.proposals import news
from handlers.update.stored import StoredAnime

ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "anilist": (Kind.ANIME,),
    "jikan": (Kind.ANIME,),
    "kitsu": (Kind.ANIME,),
}
FIELDS: Final = frozenset({"status", "aired_dates", "episode_count", "hiatus"})
# A show that is not on a break and has shown nothing new for this long has ended, or should be asked.
QUIET: Final = timedelta(weeks=4)
OPEN: Final = frozenset({"ONGOING", "UPCOMING"})


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Ask for the status of those shows that should have ended or begun."""
    records = await tools.records.anime([UUID(look.entity_id) for look in looks])
    now = tools.now()
    doubtful = {one: record for one, record in records.items() if doubt(record, now)}
    asked = questions(ASKS, {one: record.ids for one, record in doubtful.items()}, tools.sources, fields=FIELDS)
    heard = await hear(tools.fetch, asked, doubtful)
    return [_found(look, records.get(UUID(look.entity_id)), heard, now) for look in looks]


def doubt(record: StoredAnime, now: datetime) -> str | None:
    """Why a show's status should have turned by now; None when there is no reason to ask."""
    values = record.current.values
    status, dates = values.get("status"), values.get("aired_dates") or {}
    if status == "UPCOMING":
        begins = dates.get("aired_from")
        return "its premiere has passed" if begins and instant(begins) < now else None
    if status != "ONGOING":
        return None
    if is_last(values.get("episode_count"), expected_number(record.episodes, now) - 1):
        return "its last episode has aired"
    if dates.get("aired_to") and instant(dates["aired_to"]) < now:
        return "its last air date has passed"
    aired = [at for at in record.episodes.values() if at is not None and at <= now]
    if aired and not values.get("hiatus") and now - max(aired) > QUIET:
        return "nothing has aired for four weeks"
    return None


def _found(look: Look, record: StoredAnime | None, heard: Mapping[UUID, Heard], now: datetime) -> Found:
    if record is None:
        return Found(look, GONE)
    status = record.current.values.get("status")
    if status not in OPEN:
        return Found(look, LookEnd(f"it is {status}", Again.NEVER))
    said = heard.get(record.id)
    if said is None:
        return Found(look, LookEnd(f"it is {status}, and nothing speaks against it"))
    found = [one for one in diff_anime(record.current, said.observations).changes if one.field in FIELDS]
    changes = news(
        still_begun(found, record.episodes, now), record.current, said.observations, record.proposals, FIELDS
    )
    part = Part("anime", record.id, record.current.version, changes, heard=said.speakers)
    return Found(look, ended(said, f"{doubt(record, now)}: {len(changes)} changes"), (part,))


STATUS_CHECK = Flow(
    Workflow(
        name="status_check",
        policy=Policy(
            interval_s=WEEK_S,
            jitter_s=WEEK_S,
            catch_up_age_max_s=WEEK_S,
            catch_up_spread_s=DAY_S,
            retry_wait_s=6 * HOUR_S,
            retries_max=2,
        ),
        entity_kind=EntityKind.ANIME,
        description="asks whether a show that should have ended has",
    ),
    run,
    ASKS,
)
