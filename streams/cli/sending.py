"""Streaming records to POST /ingest in batches, and counting what became of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from streams.cli.client import VERDICT_TIMEOUT_S, answer, connection
from streams.cli.reading import Found, records_of

if TYPE_CHECKING:
    import httpx

# The client reads verdicts only after it has sent a batch, so batches are small enough to see them move.
BATCH_RECORDS_MAX: Final = 500
BATCH_BYTES_MAX: Final = 8_000_000
REFUSED_TOLD_MAX: Final = 1_000
_KINDS: Final = ("new", "changed", "unchanged", "refused", "undecided")
_FAILED: Final = frozenset({"refused", "undecided"})


@dataclass(slots=True)
class Totals:
    """What the whole ingest comes to so far."""

    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_KINDS, 0)))
    ignored: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: int = 0
    untold: int = 0

    @property
    def decided(self) -> int:
        """How many records have their verdict."""
        return self.counts.total()

    @property
    def failed(self) -> bool:
        """Whether any record is not in."""
        return bool(self.errors) or any(self.counts[kind] for kind in _FAILED)

    def add(self, verdict: dict[str, Any], where: str) -> None:
        """Count one record."""
        kind = verdict["verdict"]
        self.counts[kind] += 1
        if kind not in _FAILED:
            return
        if len(self.refused) < REFUSED_TOLD_MAX:
            told = {"where": where, "verdict": kind, "label": verdict.get("label"), "reason": verdict.get("reason")}
            self.refused.append(told)
        else:
            self.untold += 1

    def as_json(self) -> dict[str, Any]:
        """The summary for programs."""
        counts = {kind: self.counts[kind] for kind in _KINDS}
        return {
            "records": self.decided,
            **counts,
            "not_in": self.refused,
            "not_in_untold": self.untold,
            "ignored_keys": dict(self.ignored.most_common()),
            "errors": self.errors,
        }


def send(files: Sequence[str], tell: Callable[[Totals], None]) -> Totals:
    """Send the records of all files; `tell` hears of every step."""
    totals = Totals()
    with connection(VERDICT_TIMEOUT_S) as client:
        for name in files:
            for batch in _batches(name, totals):
                tell(totals)
                _post(client, name, batch, totals, tell)
                if totals.errors:
                    return totals
    return totals


def _batches(name: str, totals: Totals) -> Iterator[list[Found]]:
    batch: list[Found] = []
    size = 0
    for found in records_of(name):
        totals.sent += 1
        if found.problem is not None:
            totals.add({"verdict": "refused", "label": found.where, "reason": found.problem}, found.where)
            continue
        if batch and (len(batch) >= BATCH_RECORDS_MAX or size + len(found.line) > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(found)
        size += len(found.line)
    if batch:
        yield batch


def _post(
    client: httpx.Client, name: str, batch: Sequence[Found], totals: Totals, tell: Callable[[Totals], None]
) -> None:
    # Its length goes with it, because it is all there.
    body = b"".join(found.line + b"\n" for found in batch)
    headers = {"content-type": "application/x-ndjson"}
    with client.stream("POST", "/ingest", params={"artifact": name[-500:]}, content=body, headers=headers) as response:
        if not response.is_success:
            response.read()
            answer(response)
        ended = False
        for line in response.iter_lines():
            verdict = json.loads(line)
            if "summary" in verdict:
                ended = True
                totals.ignored.update(verdict["summary"].get("ignored_keys", {}))
                totals.errors += [verdict["summary"]["error"]] if "error" in verdict["summary"] else []
            else:
                totals.add(verdict, batch[verdict.get("position", 1) - 1].where)
                tell(totals)
    if not ended:
        totals.errors.append("the program broke off in the middle of its answer; see its log, then ingest again")
