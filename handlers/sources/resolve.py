"""Ids across sources: a missing id is found once, through what the sources offer, and the caller stores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.errors import EchoraError
from handlers.sources.account import Failure, failure_of
from handlers.sources.errors import Unreadable
from handlers.sources.fetch import Sources
from handlers.sources.gate import Priority
from handlers.sources.line import Line
from handlers.sources.port import CrossReferences

Ids = Mapping[str, str]
# MyAnimeList's ids first: most cross-references name them.
_ORDER: Final = ("mal", "anilist", "kitsu")


@dataclass(frozen=True, slots=True)
class Resolved:
    """For each anime that was asked about, in order, all ids now known; and which sources could not be asked."""

    ids: tuple[Ids, ...]
    failures: Mapping[str, Failure] = field(default_factory=dict)


async def resolve_ids(sources: Sources, known: Sequence[Ids], priority: Priority = Priority.BACKFILL) -> Resolved:
    """Fill in missing ids: AniList through idMal, Kitsu through its mappings, in both directions.

    `known` holds one mapping per anime, platform to id. Ids that are known are never asked for and never replaced. A
    second round uses what the first one found (a Kitsu id found through AniList's idMal, and the like).
    """
    ids = [dict(one) for one in known]
    failures: dict[str, Failure] = {}
    asked: set[tuple[str, str, str]] = set()
    for _ in range(2):
        for name, line in sources.lines.items():
            if line.policy.enabled and isinstance(line.adapter, CrossReferences) and name not in failures:
                try:
                    await _ask(line, line.adapter, ids, asked, priority)
                except EchoraError as error:
                    failures[name] = failure_of(error)
    return Resolved(tuple(ids), failures)


async def _ask(
    line: Line,
    adapter: CrossReferences,
    ids: list[dict[str, str]],
    asked: set[tuple[str, str, str]],
    priority: Priority,
) -> None:
    mine = line.adapter.platform
    for platform in (platform for platform in _ORDER if platform in adapter.knows):
        # By its own id a source is asked for the others, by another's id for its own.
        lacking = adapter.knows if platform == mine else {mine}
        wanted = [one for one in ids if platform in one and lacking - set(one)]
        keys = {(mine, platform, one[platform]) for one in wanted} - asked
        asked |= keys
        calls = adapter.id_calls(platform, tuple(sorted(external_id for _, _, external_id in keys)))
        replies = await line.ids(calls, priority)
        for call, reply in zip(calls, replies, strict=True):
            try:
                found = adapter.id_page(platform, call, reply)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Unreadable(f"{line.adapter.name}: the ids cannot be read: {error!r}") from error
            for one in wanted:
                for other, external_id in found.get(one[platform], {}).items():
                    one.setdefault(other, external_id)
