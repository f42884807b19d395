"""Character refresh: every character once a week, with its voice actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.observation import Kind, Observation, ObservedCharacter
from contracts.texts import person
from contracts.workflow import DAY_S, HOUR_S, WEEK_S, Due, EntityKind, LookEnd, Policy, Workflow
from handlers.update.diff import diff_character
from handlers.update.flows.metadata_refresh import GONE
from handlers.update.hearing import Heard, ended, hear, questions
from handlers.update.look import Flow, Found, Look, Part, Tools
from handlers.update.proposals import news
from handlers.update.statements import of_member
from handlers.update.stored import StoredCharacter

ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "jikan": (Kind.CHARACTER,),
    "anilist": (Kind.CHARACTER,),
    "kitsu": (Kind.CHARACTER,),
}
# Whoever has no id yet is looked for by name in the cast of an anime, which is asked once for all of it.
CASTS: Final[Mapping[str, tuple[Kind, ...]]] = {"jikan": (Kind.CHARACTERS,), "anilist": (Kind.CHARACTERS,)}


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Compare each character with what every source says of it now."""
    records = await tools.records.characters([UUID(look.entity_id) for look in looks])
    asked = questions(ASKS, {one: record.ids for one, record in records.items()}, tools.sources)
    works = {one: record.work for one, record in records.items() if not record.ids}
    asked += questions(CASTS, works, tools.sources)
    heard = await hear(tools.fetch, asked, records)
    for one in works:
        heard[one].observations = members(records[one], heard[one].observations)
    return [_found(look, records.get(UUID(look.entity_id)), heard, tools.now()) for look in looks]


def members(record: StoredCharacter, casts: Sequence[Observation]) -> list[Observation]:
    """What these casts say of the character, where exactly one of their members has its name."""
    own = {
        person(str(record.current.values[name])) for name in ("name", "name_native") if name in record.current.values
    }
    named = ((seen, [one for one in seen.characters or () if _names(one) & own]) for seen in casts)
    return [of_member(seen, same[0]) for seen, same in named if len(same) == 1]


def _names(member: ObservedCharacter) -> set[str]:
    return {person(name) for name in (member.name, member.name_native) if name}


def _found(look: Look, record: StoredCharacter | None, heard: Mapping[UUID, Heard], now: datetime) -> Found:
    if record is None:
        return Found(look, GONE)
    said = heard[record.id]
    found = diff_character(record.current, said.observations).changes
    changes = news(found, record.current, said.observations, record.proposals)
    outcome = f"{len(changes)} changes" if changes else "nothing new"
    part = Part("character", record.id, record.current.version, changes, heard=said.speakers)
    end = ended(said, outcome)
    if not record.ids and any(one.field.startswith("external_ids.") for one in changes):
        # A cast tells of a character only in short; now that its ids are known it can be asked about by itself.
        soon = Due(now + timedelta(hours=1), "its ids were found", slot_at=look.slot_at)
        end = LookEnd("its ids were found", soon)
    return Found(look, end, (part,))


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
