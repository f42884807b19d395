"""Score sync: once a day, what airs and what ended lately, in parts that a source can answer in one request.

The daily look only cuts the scope into parts and plans a look at each, in the transaction that ends it. So every part
is a message of its own, and a crash repeats none that is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.observation import Kind
from contracts.workflow import DAY_S, HOUR_S, MINUTE_S, Again, Due, EntityKind, LookEnd, Policy, Workflow
from handlers.update.diff import diff_anime
from handlers.update.hearing import Heard, Question, ended, hear, questions, together
from handlers.update.look import Flow, Found, Look, Part, Tools
from handlers.update.score_change import score_changes
from handlers.update.stored import StoredAnime

# AniList, which takes most at once, answers for fifty (sources.md, "Access and limits").
PART_TITLES: Final = 50
SCOPE_PARTS_MAX: Final = 2_000
ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "anilist": (Kind.STATISTICS,),
    "kitsu": (Kind.STATISTICS,),
    "mal": (Kind.STATISTICS,),
    "jikan": (Kind.STATISTICS,),
}
# Jikan's figures are MyAnimeList's, one request a title there: it is asked where the other door is shut.
SPARES: Final[Mapping[str, str]] = {"jikan": "mal"}
WHOLE: Final = "all"


async def cut(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Plan a look at each part of the scope; what is found is found by those."""
    return [await _cut(look, tools) for look in looks]


async def _cut(look: Look, tools: Tools) -> Found:
    now = tools.now()
    parts: dict[str, Due] = {}
    titles, after = 0, None
    for _ in range(SCOPE_PARTS_MAX):
        ids = await tools.records.scored(_since(now, tools), after, None, PART_TITLES)
        if not ids:
            break
        after, titles = ids[-1], titles + len(ids)
        parts[part_id(ids[0], ids[-1])] = Due(now, f"scores of {len(ids)} titles, part {len(parts) + 1}")
    return Found(look, LookEnd(f"{titles} titles in {len(parts)} parts"), plans={"score_part": parts} if parts else {})


def part_id(first: UUID, last: UUID) -> str:
    """The name of a part: the ids between which its titles lie, so that it means the same at any time."""
    return f"{first.hex}_{last.hex}"


def bounds_of(name: str) -> tuple[UUID, UUID]:
    """The first and the last id of a part. ValueError for what is no part's name."""
    first, _, last = name.partition("_")
    return UUID(hex=first), UUID(hex=last)


async def compare(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Compare the scores of each part's titles with those that were published last."""
    return [await _compare(look, tools) for look in looks]


async def _compare(look: Look, tools: Tools) -> Found:
    try:
        first, last = bounds_of(look.entity_id)
    except ValueError:
        return Found(look, LookEnd(f"{look.entity_id} names no part of the scope", Again.NEVER))
    before = UUID(int=first.int - 1) if first.int else None
    ids = await tools.records.scored(_since(tools.now(), tools), before, last, 2 * PART_TITLES)
    records = await tools.records.anime(ids)
    heard = await hear(tools.fetch, _questions(records, tools), records)
    parts = tuple(_part(record, heard[record.id], tools) for record in records.values())
    moved = sum(bool(part.changes) for part in parts)
    end = (
        ended(together(heard.values()), f"{moved} of {len(parts)} scores moved")
        if parts
        else LookEnd("nothing in scope any more")
    )
    # The next day's scope is cut anew: a part is not looked at again unless somebody was silent.
    next_time = end.next if end.next is Again.RETRY else Again.NEVER
    return Found(look, LookEnd(end.outcome, next_time, end.miss, Again.NEVER), parts)


def _questions(records: Mapping[UUID, StoredAnime], tools: Tools) -> list[Question[UUID]]:
    doors = tools.sources - {spare for spare, other in SPARES.items() if other in tools.sources}
    return questions(ASKS, {one: record.ids for one, record in records.items()}, doors)


def _part(record: StoredAnime, heard: Heard, tools: Tools) -> Part:
    changes = diff_anime(record.current, heard.observations).changes
    looked_at = max((one.observed_at for one in heard.observations), default=tools.now())
    moved = score_changes(record.current, changes, tools.means, tools.wishes.score_threshold, looked_at)
    return Part("anime", record.id, record.current.version, tuple(moved), heard=heard.speakers)


async def in_scope(tools: Tools) -> int:
    """How many titles the parts of a daily look compare."""
    titles = PART_TITLES * SCOPE_PARTS_MAX
    return len(await tools.records.scored(_since(tools.now(), tools), None, None, titles))


async def in_part(_: Tools) -> int:
    """How many titles one part compares."""
    return PART_TITLES


def _since(now: datetime, tools: Tools) -> datetime:
    return now - timedelta(days=tools.wishes.score_lookback_days)


SCORE_SYNC = Flow(
    Workflow(
        name="score_sync",
        policy=Policy(
            interval_s=DAY_S,
            phase_s=6 * HOUR_S,
            # A day that was missed is worth nothing once the next one has begun: scores have no history.
            catch_up_age_max_s=DAY_S,
            retry_wait_s=15 * MINUTE_S,
            retries_max=3,
        ),
        entity_kind=EntityKind.CATALOGUE,
        description="cuts what airs or ended lately into parts, whose scores are compared",
    ),
    cut,
    ASKS,
    entities=in_scope,
    spares=SPARES,
)
SCORE_PART = Flow(
    Workflow(
        name="score_part",
        policy=Policy(
            # Planned by the daily look.
            interval_s=None,
            catch_up_age_max_s=DAY_S,
            retry_wait_s=15 * MINUTE_S,
            retries_max=3,
        ),
        entity_kind=EntityKind.CATALOGUE,
        description="compares the scores of one part of what airs or ended lately",
    ),
    compare,
    ASKS,
    ends_singly=True,
    entities=in_part,
    spares=SPARES,
)
