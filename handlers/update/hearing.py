"""Asking all sources about many entities at once, and putting together what was heard of each."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from contracts.observation import Kind, Observation
from contracts.workflow import Again, LookEnd, MissReason
from handlers.update.belief import platform_of
from handlers.update.ports import Failed, Fetch, Fetched

K = TypeVar("K")
# What a source takes in one question (handlers/sources/fetch.py refuses more).
IDS_MAX: Final = 1_000
_ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class Question(Generic[K]):
    """One kind asked of one source: the id there of each entity. Several ids of one entity are several questions."""

    source: str
    kind: Kind
    ids: Mapping[K, str]
    fields: Collection[str] | None = None
    urgent: bool = False
    fresh: bool = False


@dataclass(slots=True)
class Heard:
    """What was said of one entity, and by source why others said nothing."""

    observations: list[Observation] = field(default_factory=list)
    failures: dict[str, Failed] = field(default_factory=dict)

    @property
    def speakers(self) -> frozenset[str]:
        """The sources that said something."""
        return frozenset(one.source for one in self.observations)

    @property
    def passing(self) -> dict[str, Failed]:
        """The failures after which asking again may help."""
        return {source: failure for source, failure in self.failures.items() if failure.passes}

    @property
    def is_throttled(self) -> bool:
        """Whether all that asking again may help with is a source that allows no more just now."""
        passing = self.passing.values()
        return bool(passing) and all(failure.kind == "throttled" for failure in passing)


def questions(
    asks: Mapping[str, tuple[Kind, ...]],
    ids: Mapping[K, Mapping[str, str]],
    sources: Collection[str],
    *,
    fields: Collection[str] | None = None,
    urgent: bool = False,
    fresh: bool = False,
) -> list[Question[K]]:
    """The questions of a table, to the sources that are switched on, about the entities that have an id there."""
    found: list[Question[K]] = []
    for source in sorted(asks.keys() & set(sources)):
        platform = platform_of(source)
        known = {entity: one[platform] for entity, one in ids.items() if one.get(platform)}
        found += [Question(source, kind, known, fields, urgent, fresh) for kind in asks[source] if known]
    return found


async def hear(fetch: Fetch, asked: Sequence[Question[K]], entities: Collection[K]) -> dict[K, Heard]:
    """Ask everything at once; what one source does holds up no other. Every entity has an entry."""
    heard = {entity: Heard() for entity in entities}
    answers = await asyncio.gather(*(_answer(fetch, one) for one in asked))
    for one, parts in zip(asked, answers, strict=True):
        for entity, external_id in one.ids.items():
            _note(heard[entity], one.source, external_id, parts)
    return heard


async def _answer(fetch: Fetch, asked: Question[K]) -> list[Fetched]:
    ids = sorted(set(asked.ids.values()))
    parts = [ids[start : start + IDS_MAX] for start in range(0, len(ids), IDS_MAX)]
    return list(
        await asyncio.gather(
            *(
                fetch(asked.source, asked.kind, part, asked.fields, urgent=asked.urgent, fresh=asked.fresh)
                for part in parts
            )
        )
    )


def _note(heard: Heard, source: str, external_id: str, answers: Sequence[Fetched]) -> None:
    for answer in answers:
        if external_id in answer.observations:
            heard.observations.append(answer.observations[external_id])
            return
    for answer in answers:
        failure = answer.failures.get(external_id) or answer.failures.get(_ALL)
        if failure is not None:
            heard.failures.setdefault(source, failure)
            return


def ended(heard: Heard, outcome: str) -> LookEnd:
    """How a look ends by what it heard: regularly, or again soon when somebody may say more then."""
    if not heard.observations and not heard.failures:
        return LookEnd("nobody was asked: it has no id on a source that is switched on")
    if not heard.passing:
        gone = _without(heard.failures)
        return LookEnd(f"{outcome}{gone}")
    miss = MissReason.BUDGET if heard.is_throttled else MissReason.SKIPPED
    if heard.observations:
        # What was said is told now; only the silent ones are waited for.
        return LookEnd(f"{outcome}{_without(heard.failures)}", Again.RETRY, miss)
    return LookEnd(f"no source answered{_without(heard.failures)}", Again.RETRY, miss)


def together(many: Iterable[Heard]) -> Heard:
    """What was heard of several entities as one; of a source's failures one that may pass stands for all."""
    whole = Heard()
    for one in many:
        whole.observations += one.observations
        for source, failure in one.failures.items():
            known = whole.failures.get(source)
            if known is None or (failure.passes and not known.passes):
                whole.failures[source] = failure
    return whole


def _without(failures: Mapping[str, Failed]) -> str:
    if not failures:
        return ""
    return f" (without {', '.join(f'{source}: {failure.kind}' for source, failure in sorted(failures.items()))})"
