"""Character refresh: every character once a week, with its voice actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from contracts.observation import Kind
from contracts.workflow import DAY_S, HOUR_S, WEEK_S, EntityKind, Policy, Workflow
from handlers.update.diff import diff_character
from handlers.update.flows.metadata_refresh import GONE
from handlers.update.hearing import Heard, ended, hear, questions
from handlers.update.look import Flow, Found, Look, Part, Tools
from handlers.update.proposals import unproposed
from handlers.update.stored import StoredCharacter

ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "jikan": (Kind.CHARACTER,),
    "anilist": (Kind.CHARACTER,),
    "kitsu": (Kind.CHARACTER,),
}


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Compare each character with what every source says of it now."""
    records = await tools.records.characters([UUID(look.entity_id) for look in looks])
    asked = questions(ASKS, {one: record.ids for one, record in records.items()}, tools.sources)
    heard = await hear(tools.fetch, asked, records)
    return [_found(look, records.get(UUID(look.entity_id)), heard) for look in looks]


def _found(look: Look, record: StoredCharacter | None, heard: Mapping[UUID, Heard]) -> Found:
    if record is None:
        return Found(look, GONE)
    said = heard[record.id]
    changes = tuple(unproposed(diff_character(record.current, said.observations).changes, record.proposals))
    outcome = f"{len(changes)} changes" if changes else "nothing new"
    part = Part("character", record.id, record.current.version, changes, heard=said.speakers)
    return Found(look, ended(said, outcome), (part,))


CHARACTER_REFRESH = Flow(
    Workflow(
        name="character_refresh",
        policy=Policy(
            interval_s=WEEK_S,
            jitter_s=WEEK_S,
            catch_up_age_max_s=WEEK_S,
            catch_up_spread_s=2 * DAY_S,
            retry_wait_s=6 * HOUR_S,
            retries_max=2,
        ),
        entity_kind=EntityKind.CHARACTER,
        description="looks at a character and its voice actors once a week",
    ),
    run,
    ASKS,
)
