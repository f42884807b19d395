"""What stands of a guarded field, and what waits for a person, given everything that was said of it. Pure.

A guarded field is one that the risk policy looks at. Whether a word is risky depends on the value that it meets, so a
word that comes late has to be judged at its own place in time, and the words after it again. For that the last words of
each guarded field are remembered; what ends up standing then depends on what was said when, never on the order of
arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from contracts.events import RiskFlag
from contracts.risk import risks_of
from contracts.sameness import proposal_key, same_value
from handlers.persist.merge import NEVER_BLANKED, Entry, Saying, is_silent

JSON = Any

# So many words of one field are remembered; when there are more, the oldest go until half is left. Words are not
# forgotten for their age, since this bounds the table: at 28 guarded fields of an anime and 15 of a character, at most
# 672 and 360 rows. Few are ever there: a word is said where a source changes its mind.
WORDS_MAX: Final = 24
NOBODY: Final = Saying("", datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(slots=True)
class Word:
    """A value that was said of a field (None removes it), and by whom.

    A word that is not `is_judged` counts whatever it says: a person's, a whole record's. `is_told` says that the event
    itself flagged the field, so that whoever listens knows already. `said_at` is when its event was made.
    """

    value: JSON
    saying: Saying
    said_at: datetime
    is_judged: bool = True
    is_told: bool = False
    correlation_id: UUID | None = None
    has_won: bool = False


def first_word(name: str, value: JSON, entry: Entry | None) -> Word:
    """What the record held before anything was remembered, by its provenance entry. It won: it is there."""
    said = NOBODY if entry is None else _saying(name, *entry[:4])
    return Word(value, said, said.observed_at, is_judged=False, has_won=True)


def _saying(name: str, source: str, observed_at: str, event_id: str, belief: JSON = None) -> Saying:
    return Saying.of_field(name, source, datetime.fromisoformat(observed_at), UUID(event_id), belief)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A word that waits for a person: from which value it would change the field, and why it is held."""

    word: Word
    old: JSON
    flags: tuple[RiskFlag, ...]

    def is_same(self, old: JSON, new: JSON) -> bool:
        """Whether that is the same change, whoever proposed it."""
        return same_value(self.old, old) and same_value(self.word.value, new)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a person has decided: the events whose proposal is closed, and the proposals that are not made again."""

    events: frozenset[UUID] = frozenset()
    proposals: frozenset[str] = frozenset()

    def covers(self, word: Word, old: JSON) -> bool:
        """Whether nobody has to be asked about this change any more."""
        return word.saying.event_id in self.events or proposal_key(old, word.value) in self.proposals


@dataclass(frozen=True, slots=True)
class Ruling:
    """The word that stands, the value that this gives, and the proposal that waits, if there is one."""

    standing: Word
    value: JSON
    proposal: Proposal | None


@dataclass(slots=True)
class Memory:
    """The words of one guarded field, oldest first. `least` is a number below which its value cannot be."""

    name: str
    words: list[Word] = field(default_factory=list)
    settled: Settled = field(default_factory=Settled)
    proposal: Proposal | None = None
    least: int | None = None

    def knows(self, event_id: UUID) -> bool:
        """Whether a word of that event is remembered."""
        return any(word.saying.event_id == event_id for word in self.words)

    def remember(self, word: Word) -> None:
        """Put a word into its place without judging it."""
        self.words.append(word)
        self.words.sort(key=lambda one: one.saying.order)

    def learn_holder(self, word: Word) -> None:
        """Put the word that the record holds into its place; of what was said since then nothing has won."""
        self.remember(word)
        for later in self.words[self.words.index(word) + 1 :]:
            later.has_won = False

    def hear(self, word: Word, held: JSON, holder_id: UUID) -> Ruling | None:
        """Judge a word at its place in time, and those after it again; None when it changes nothing.

        `held` is what the record holds now, said by the event `holder_id`.
        """
        before = [one for one in self.words if one.saying.order < word.saying.order]
        standing = next((one for one in reversed(before) if one.has_won), None)
        if standing is None or self.knows(word.saying.event_id):
            return None  # Older than all that is remembered, or heard already.
        value = held if standing.saying.event_id == holder_id else self._at_least(standing.value)
        self.remember(word)
        ruling = Ruling(standing, value, self.proposal)
        for one in self.words[self.words.index(word) :]:
            ruling = self._judge(ruling, one)
        self.proposal = ruling.proposal
        return ruling

    def forget(self) -> list[Word]:
        """Forget the oldest words when there are too many; gives those that went. A word that won stays in front."""
        if len(self.words) <= WORDS_MAX:
            return []
        newest = len(self.words) - WORDS_MAX // 2
        first = next(at for at in range(newest, -1, -1) if self.words[at].has_won or at == 0)
        kept = [self.words[first], *self.words[max(newest, first + 1) :]]
        gone = [one for one in self.words if not any(one is other for other in kept)]
        self.words = kept
        return gone

    def _judge(self, so_far: Ruling, word: Word) -> Ruling:
        old, new = so_far.value, self._at_least(word.value)
        word.has_won = False
        is_blank = new is None and self.name in NEVER_BLANKED and word.is_judged
        if is_blank or is_silent(self.name, old, new):
            return so_far
        flags = risks_of(self.name, old, new) if word.is_judged else []
        if not flags:
            word.has_won = True
            return Ruling(word, new, None)
        if self.settled.covers(word, old):
            return Ruling(so_far.standing, old, None)
        if so_far.proposal is not None and so_far.proposal.is_same(old, word.value):
            return so_far
        return Ruling(so_far.standing, old, Proposal(word, old, tuple(flags)))

    def _at_least(self, value: JSON) -> JSON:
        return max(value, self.least) if isinstance(value, int) and self.least is not None else value
