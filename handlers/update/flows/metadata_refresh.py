"""Metadata refresh: every anime once a week, or when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from contracts.observation import Kind
from contracts.workflow import DAY_S, HOUR_S, WEEK_S, Again, EntityKind, LookEnd, Overlap, Policy, Workflow
from handlers.update.change import FieldChange
from handlers.update.diff import diff_anime
from handlers.update.episodes import still_begun
from handlers.update.hearing import Heard, ended, hear, questions
from handlers.update.look import Flow, Found, Look, Part, Tools
from handlers.update.proposals import news
from handlers.update.score_change import score_changes, without_figures
from handlers.update.stored import StoredAnime

ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "jikan": (Kind.ANIME, Kind.STAFF),
    "anilist": (Kind.ANIME, Kind.STAFF),
    "kitsu": (Kind.ANIME,),
    "mal": (Kind.ANIME,),
}
GONE: Final = LookEnd("it is not in the catalogue any more", Again.NEVER)


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Compare each record with what every source says of it now."""
    records = await tools.records.anime([UUID(look.entity_id) for look in looks])
    asked = questions(ASKS, {one: record.ids for one, record in records.items()}, tools.sources)
    heard = await hear(tools.fetch, asked, records)
    return [_found(look, records.get(UUID(look.entity_id)), heard, tools) for look in looks]


def _found(look: Look, record: StoredAnime | None, heard: Mapping[UUID, Heard], tools: Tools) -> Found:
    if record is None:
        return Found(look, GONE)
    said = heard[record.id]
    changes = anime_changes(record, said, tools)
    outcome = f"{len(changes)} changes" if changes else "nothing new"
    part = Part("anime", record.id, record.current.version, changes, heard=said.speakers)
    return Found(look, ended(said, outcome), (part,))


def anime_changes(record: StoredAnime, heard: Heard, tools: Tools) -> tuple[FieldChange, ...]:
    """What is news: every field but figures, and the figures when they moved the score."""
    if not heard.observations:
        return ()
    found = still_begun(diff_anime(record.current, heard.observations).changes, record.episodes, tools.now())
    looked_at = max(one.observed_at for one in heard.observations)
    moved = score_changes(record.current, found, tools.means, tools.wishes.score_threshold, looked_at)
    return news([*without_figures(found), *moved], record.current, heard.observations, record.proposals)


METADATA_REFRESH = Flow(
    Workflow(
        name="metadata_refresh",
        policy=Policy(
            interval_s=WEEK_S,
            jitter_s=WEEK_S,
            # Somebody who asks while a look is under way wants what is true after the asking.
            overlap=Overlap.BUFFER_ONE,
            catch_up_age_max_s=WEEK_S,
            catch_up_spread_s=DAY_S,
            retry_wait_s=6 * HOUR_S,
            retries_max=2,
        ),
        entity_kind=EntityKind.ANIME,
        description="looks at status, dates, staff, texts and the rest once a week or on demand",
    ),
    run,
    ASKS,
)
