"""What a decision makes of a held change: rules on a review and its locked entity, without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from contracts.ids import derived_id
from contracts.risk import PERSON
from contracts.sameness import same_value
from contracts.texts import in_words, shortened
from handlers.persist.edits import Edit, edited_value
from handlers.persist.merge import STAR, Entry, Held, Saying, attribute, holder
from handlers.persist.rows import Entity

Record = asyncpg.Record

Asking = frozenset[tuple[UUID, str]]

# The state of a review that is not there.
MISSING: Final = "missing"
_LEAST_STEP: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, when, and why."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one review. `problem` says why it was not done as asked; `version` is the row's after it."""

    id: UUID
    state: str
    problem: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A review that turns into another state, and what has to be kept for that; without an act nothing turns."""

    decided: Decided
    act: str = ""
    reason: str = ""
    edited: str | None = None
    before: str | None = None
    event_id: UUID | None = None


def approved(decision: Decision, edit: Edit | None, review: Record, entity: Entity | None, _: Asking) -> Turn:
    """Apply a held change to its entity. Raises Refused for an edited value that the field cannot have."""
    name = review["field"]
    if not is_pending(review):
        return Turn(unfit(review["id"], review, "pending"))
    problem = _moved(review, entity)
    if entity is None or problem:
        return Turn(Decided(review["id"], "failed", problem), "failed", str(problem))
    value = edited_value(review["entity_type"], name, edit) if edit else orjson.loads(review["new"])
    held = entity.held
    entry = holder(held.provenance, name, held_now=held.values.get(name) is not None)
    # What was known may be no newer than the decision, or to hear it again would win over what a person said.
    observed = max(decision.at, datetime.fromisoformat(entry[1]) + _LEAST_STEP) if entry else decision.at
    # A value of a person's own rests on no source, so neither on how sources were weighed.
    belief = None if edit else orjson.loads(review["belief"] or "null")
    source, event_id = PERSON if edit else review["source"], derived_id("review.approved", review["id"])
    said = Saying.of_field(name, source, observed, event_id, belief)
    held.assign(name, value)
    attribute(held, [name], said)
    return Turn(
        Decided(review["id"], "approved"),
        "approved",
        decision.reason,
        orjson.dumps(value).decode() if edit else None,
        orjson.dumps(entry).decode(),
        said.event_id,
    )


def undone(decision: Decision, review: Record, entity: Entity | None, asking: Asking) -> Turn:
    """Take a decision back; `asking` are the fields for which something waits."""
    name, state = review["field"], review["state"]
    if state == "rejected":
        problem = _moved(review, entity)
        if problem is None and (review["entity_id"], name) in asking:
            problem = f"another change of {in_words(name)} waits by now; decide about that one"
        if problem:
            return Turn(Decided(review["id"], state, problem))
        return Turn(Decided(review["id"], "pending"), "undone", decision.reason)
    if state != "approved":
        return Turn(unfit(review["id"], review, "approved or rejected"))
    if entity is None or entity.deleted:
        return Turn(Decided(review["id"], state, _moved(review, entity)))
    held = entity.held
    entry = holder(held.provenance, name, held_now=held.values.get(name) is not None)
    if entry is None or entry[2] != str(review["decision_event"]):
        problem = f"something newer was said of {in_words(name)} since, by {entry[0] if entry else 'nobody'}; it stays"
        return Turn(Decided(review["id"], state, problem))
    held.assign(name, orjson.loads(review["old"]))
    _attribute_again(held, name, orjson.loads(review["before"]))
    return Turn(Decided(review["id"], "undone"), "undone", decision.reason)


def _attribute_again(held: Held, name: str, entry: Entry | None) -> None:
    rest = {key: value for key, value in held.provenance.items() if key != name}
    held.provenance = rest if entry is None or entry == rest.get(STAR) else rest | {name: entry}
    held.attributed = True


def _moved(review: Record, entity: Entity | None) -> str | None:
    """Why the change no longer fits the record; None when it does."""
    if entity is None or entity.deleted:
        return f"the {review['entity_type']} was deleted since"
    now = entity.held.values.get(review["field"])
    if same_value(now, orjson.loads(review["old"])):
        return None
    shown = "empty" if now is None else f"“{shortened(now)}”"
    return f"the record has changed since: {in_words(review['field'])} is {shown} now"


def is_pending(review: Record) -> bool:
    """Whether it waits."""
    return bool(review["state"] == "pending")


def unfit(review_id: UUID, review: Record | None, wanted: str) -> Decided:
    """The answer for a review that is not in the state that the act needs."""
    if review is None:
        return Decided(review_id, MISSING, f"there is no review {review_id}")
    by = f" by {review['decided_by']}" if review["decided_by"] else ""
    return Decided(review_id, review["state"], f"it is {review['state']}{by}, not {wanted}")
