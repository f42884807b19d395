"""The laws of guarded fields: what stands and what waits depends on what was said when, not on when it arrived."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from contracts.risk import GUARDED, risks_of
from contracts.sameness import proposal_key
from handlers.persist.columns import ANIME, CHARACTER
from handlers.persist.guard import Guard
from handlers.persist.merge import OVERLAID, Held, Saying, holder
from handlers.persist.rows import Entity
from handlers.persist.words import WORDS_MAX, Memory, Proposal, Settled, Word
from tests.events import uid

NOON = datetime(2026, 2, 17, 12, tzinfo=UTC)
LONG = "A doctor saves a boy, and pays for it."
RING = uid("Ring")


@dataclass(frozen=True)
class Said:
    name: str
    value: Any
    minute: int
    number: int
    is_judged: bool = True

    def word(self) -> Word:
        at = NOON + timedelta(minutes=self.minute)
        beliefs = {self.name: {"rule": str(self.number)}}
        return Word(self.value, Saying("mal", at, UUID(int=self.number), beliefs), at, self.is_judged)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(("One", "Two", " one")),
    "status": st.sampled_from(("UPCOMING", "ONGOING", "FINISHED", "CANCELLED", "UNKNOWN", None)),
    "episode_count": st.sampled_from((None, 11, 12, 13, 24)),
    "synopsis": st.sampled_from((None, LONG, LONG * 2, "Short.")),
    "genres": st.sampled_from((None, ["a", "b", "c"], ["c", "b", "a"], ["a"], ["x"])),
}


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Up to seven words with events of their own; several may have been observed at one instant."""
    said = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        name = draw(st.sampled_from(sorted(VALUES)))
        said.append(Said(name, draw(VALUES[name]), draw(st.integers(1, 4)), number, draw(st.integers(0, 5)) > 0))
    return said


BEFORE = st.fixed_dictionaries({}, optional={name: values.filter(bool) for name, values in VALUES.items()})


def record(values: dict[str, Any]) -> Entity:
    entry = {"*": ["enrichment", (NOON - timedelta(hours=1)).isoformat(), str(uid("import"))]}
    return Entity(RING, 1, Held(dict(values), dict(entry) if values else {}))


def after(values: dict[str, Any], *said: Said, guard: Guard | None = None) -> tuple[Entity, Guard]:
    entity, guard = record(values), guard or Guard(ANIME)
    for one in said:
        guard.hear(entity, one.name, one.word())
    return entity, guard


def standing(entity: Entity) -> dict[str, Any]:
    """Every value with who said it."""
    held = entity.held
    return {
        name: (held.values.get(name), holder(held.provenance, name, held_now=held.values.get(name) is not None))
        for name in VALUES
    }


def waiting(guard: Guard) -> dict[str, str]:
    return {
        name: proposal_key(memory.proposal.old, memory.proposal.word.value)
        for (_, name), memory in guard.memories.items()
        if memory.proposal
    }


@given(BEFORE, histories(), st.randoms(use_true_random=False))
@example(
    # What was applied as a first word has to be held once an earlier one is known: 12, then 24, then 13.
    {"episode_count": 12},
    [Said("episode_count", 24, 1, 1), Said("episode_count", 13, 2, 2)],
    Random(3),
)
def test_the_order_of_arrival_does_not_matter(values: dict[str, Any], said: list[Said], random: Any) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)
    in_order = sorted(said, key=lambda one: (one.minute, one.number))
    entity, guard = after(values, *in_order)
    other, other_guard = after(values, *shuffled)
    assert standing(other) == standing(entity)
    assert waiting(other_guard) == waiting(guard)


@given(BEFORE, histories())
def test_why_a_word_was_believed_stands_with_the_value_that_it_gave(values: dict[str, Any], said: list[Said]) -> None:
    entity, _ = after(values, *said)
    of_event = {str(one.word().saying.event_id): one for one in said}
    for name, (_, entry) in standing(entity).items():
        if entry is not None and entry[2] in of_event:
            assert entry[3:] == [{"rule": str(of_event[entry[2]].number)}], name


def test_a_total_that_a_source_does_not_know_any_more_is_no_change_and_a_person_takes_it_away() -> None:
    entity, guard = after({"episode_count": 12}, Said("episode_count", None, 1, 1))
    assert entity.held.values["episode_count"] == 12
    assert waiting(guard) == {}
    assert not entity.held.touched
    after_a_person, _ = after({"episode_count": 12}, Said("episode_count", None, 1, 1, is_judged=False))
    assert after_a_person.held.values["episode_count"] is None


@given(BEFORE, histories(), st.data())
def test_hearing_a_word_again_changes_nothing(values: dict[str, Any], said: list[Said], data: st.DataObject) -> None:
    entity, guard = after(values, *said)
    before = standing(entity), waiting(guard)
    provenance = deepcopy(entity.held.provenance)
    again = data.draw(st.sampled_from(said))
    remembered = list(guard.memories[RING, again.name].words)
    guard.hear(entity, again.name, again.word())
    assert guard.memories[RING, again.name].words == remembered
    assert (standing(entity), waiting(guard)) == before
    assert entity.held.provenance == provenance


@given(BEFORE, histories())
def test_what_waits_is_risky_from_what_stands_and_no_risky_step_was_taken(
    values: dict[str, Any], said: list[Said]
) -> None:
    entity, guard = after(values)
    for one in said:
        before = entity.held.values.get(one.name)
        newest = all(
            (word.saying.order < one.word().saying.order)
            for word in guard.memories.get((RING, one.name), Memory(one.name)).words
        )
        guard.hear(entity, one.name, one.word())
        now = entity.held.values.get(one.name)
        if newest and one.is_judged:
            assert now == before or not risks_of(one.name, before, now)
        proposal = guard.memories[RING, one.name].proposal
        if proposal is not None:
            assert proposal.old == now
            assert risks_of(one.name, now, proposal.word.value) == list(proposal.flags) != []


@given(BEFORE, histories())
def test_words_that_nobody_judges_end_as_the_plain_rule_of_the_newest(values: dict[str, Any], said: list[Said]) -> None:
    plain = [Said(one.name, one.value, one.minute, one.number, False) for one in said if one.name != "status"]
    entity, guard = after(values, *plain)
    newest = {one.name: one.value for one in sorted(plain, key=lambda one: (one.minute, one.number))}
    assert {name: entity.held.values.get(name) for name in newest} == newest
    assert waiting(guard) == {}


def test_a_newer_safe_word_ends_the_waiting_of_an_older_one() -> None:
    _, guard = after({"episode_count": 12}, Said("episode_count", 10, 1, 1), Said("episode_count", 13, 2, 2))
    assert waiting(guard) == {}


def test_a_proposal_that_was_turned_down_is_not_made_again_but_another_is() -> None:
    memory = Memory("title", settled=Settled(proposals=frozenset({proposal_key("One", "Two")})))
    guard = Guard(ANIME, {(RING, "title"): memory})
    entity, guard = after({"title": "One"}, Said("title", "Two ", 1, 1), guard=guard)
    assert waiting(guard) == {}
    guard.hear(entity, "title", Said("title", "Three", 2, 2).word())
    assert waiting(guard) == {"title": proposal_key("One", "Three")}
    # The newest word was decided about, so what another said before it is outdated.
    guard.hear(entity, "title", Said("title", "Two", 3, 3).word())
    assert waiting(guard) == {}
    assert entity.held.values["title"] == "One"


def test_a_closed_review_of_an_event_does_not_come_back_when_words_are_judged_again() -> None:
    guard = Guard(ANIME, {(RING, "episode_count"): Memory("episode_count", settled=Settled(frozenset({UUID(int=2)})))})
    entity, guard = after({"episode_count": 12}, Said("episode_count", 10, 3, 2), guard=guard)
    guard.hear(entity, "episode_count", Said("episode_count", 11, 1, 1).word())
    assert waiting(guard) == {}


def test_the_same_proposal_again_keeps_the_one_that_waits() -> None:
    entity, guard = after({"genres": ["a", "b", "c"]}, Said("genres", ["a"], 1, 1))
    first = guard.memories[RING, "genres"].proposal
    guard.hear(entity, "genres", Said("genres", [" a "], 2, 2).word())
    assert guard.memories[RING, "genres"].proposal is first


def test_a_total_is_never_judged_below_the_highest_episode() -> None:
    guard = Guard(ANIME, {(RING, "episode_count"): Memory("episode_count", least=14)})
    entity, guard = after({"episode_count": 14}, Said("episode_count", 13, 1, 1), guard=guard)
    assert waiting(guard) == {}
    assert entity.held.values["episode_count"] == 14


def test_old_words_are_forgotten_and_the_law_holds_for_those_that_are_left() -> None:
    entity, guard = after({"episode_count": 1})
    memory = None
    for number in range(2, 200):
        guard.hear(entity, "episode_count", Said("episode_count", number, number, number).word())
        memory = guard.memories[RING, "episode_count"]
        gone = memory.forget()
        assert not {word.saying.event_id for word in gone} & {word.saying.event_id for word in memory.words}
        assert len(memory.words) <= WORDS_MAX
        assert memory.words[0].has_won
    # Older than all that is remembered: it can no longer be placed.
    guard.hear(entity, "episode_count", Said("episode_count", 500, 1, 999).word())
    assert entity.held.values["episode_count"] == 199
    # Within what is remembered: 250, then everything after it goes down.
    guard.hear(entity, "episode_count", Said("episode_count", 250, 197, 998).word())
    assert entity.held.values["episode_count"] == 250
    assert memory is not None
    assert isinstance(memory.proposal, Proposal)
    assert (memory.proposal.old, memory.proposal.word.value) == (250, 199)


def test_a_field_that_only_ever_was_held_forgets_too() -> None:
    entity, guard = after({"title": "One"})
    for number in range(1, 100):
        guard.hear(entity, "title", Said("title", f"Title {number}", number, number).word())
        guard.memories[RING, "title"].forget()
    assert len(guard.memories[RING, "title"].words) <= WORDS_MAX
    assert guard.memories[RING, "title"].words[0].has_won
    assert entity.held.values["title"] == "One"
    assert waiting(guard) == {"title": proposal_key("One", "Title 99")}


def test_what_is_held_leaves_no_word_of_anybody_on_the_record() -> None:
    entity, guard = after({}, Said("status", "CANCELLED", 1, 1))
    assert waiting(guard) == {"status": proposal_key(None, "CANCELLED")}
    assert (entity.held.values, entity.held.provenance, entity.held.touched) == ({}, {}, False)


def test_of_what_was_said_after_the_word_that_the_record_holds_nothing_has_won() -> None:
    memory = Memory("title")
    for minute, title in ((1, "One"), (5, "Five")):
        word = Said("title", title, minute, minute, is_judged=False).word()
        word.has_won = True
        memory.remember(word)
    held = Said("title", "Three", 3, 3, is_judged=False).word()
    held.has_won = True
    memory.learn_holder(held)
    ruling = memory.hear(Said("title", "Six", 6, 6).word(), "Three", held.saying.event_id)
    assert ruling is not None
    assert (ruling.standing, ruling.value) == (held, "Three")
    assert ruling.proposal is not None
    assert ruling.proposal.old == "Three"


def test_every_guarded_field_is_one_value_of_a_record() -> None:
    """A map whose keys are held one by one has no rule, so it never comes here as a part of itself."""
    assert ANIME.fields | CHARACTER.fields >= GUARDED
    assert not GUARDED & OVERLAID


def test_the_bound_that_is_told_of_the_table_of_words_is_true() -> None:
    assert [WORDS_MAX * len(GUARDED & table.fields) for table in (ANIME, CHARACTER)] == [672, 360]
