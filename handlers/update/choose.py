"""One value out of several words: texts, words of an enumeration, numbers, and the parts of objects. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handlers.update import belief
from handlers.update.canonical import canonical, same
from handlers.update.change import JSON, Dissent, FieldChange, Finding
from handlers.update.current import Held
from handlers.update.kinds import MAY_BE_NONE
from handlers.update.statements import Statement
from handlers.update.vocabulary import agrees

# How far along a show is. CANCELLED is an end: coming back from it is a step backward.
_STAGE: Final = {"UPCOMING": 0, "ONGOING": 1, "FINISHED": 2, "CANCELLED": 3}


def choose(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """The change of one field or part, if there is one, and the words that were not followed.

    Of the words that are newer than what is held, the most believed decides. It changes nothing when it says what its
    source would say of the held value, or when a holder is believed more. A status goes backward only when nobody in
    the same look still says otherwise, and forward over a person's word when two platforms say so. A source that says
    "none" takes away only its own word.
    """
    withdrawn, held = taken_back(field, held, said)
    known = canonical(field, held.value) is not None
    # An older word that says what is held still stands for it.
    heard = [one for one in said if canonical(field, one.value) is not None and _is_heard(field, held, one)]
    if not any(_is_news(held, one) for one in heard):
        return [_removal(field, held, withdrawn)] if withdrawn and known and not held.label else []
    heard.sort(key=lambda one: belief_order(field, one))
    best = heard[0]
    if known and agrees(best.source, field, held.value, best.value):
        return _dissents(field, held, heard, f"{best.source} is believed more")
    if known and (objection := _objection(field, held, best, heard)):
        return [Dissent(field, one.value, one.source, objection) for one in heard if _differs(field, held, one)]
    word = _finest(field, best, [one for one in heard if _is_news(held, one)])
    if canonical(field, word.value) == canonical(field, held.value):
        return []
    rule = _rule(field, held, best, word, known=known)
    change = FieldChange(field, held.value, word.value, word.source, word.observed_at, rule)
    after = Held(word.value, word.source, word.observed_at)
    return [change, *_dissents(field, after, heard, f"{word.source} is believed more")]


def taken_back(field: str, held: Held, said: Sequence[Statement]) -> tuple[list[Statement], Held]:
    """Who takes back a word of its own by saying that there is none, and what is held without them.

    A label that becomes empty says that nobody stands for the value any more. An air time that no service gave, as of
    an import, may be taken back by any.
    """
    holders = belief.sources_of(held.label)
    anyone = field == "broadcast.next_episode_at" and not holders & belief.PLATFORM_OF.keys()
    may_be_none = anyone or field in MAY_BE_NONE or field == "broadcast.next_episode_at"
    # Most fields cannot be none, and comparing costs most of a look.
    able = [one for one in said if anyone or one.source in holders] if may_be_none else []
    takers = [one for one in able if canonical(field, one.value) is None and _is_news(held, one)]
    left = frozenset[str]() if anyone and takers else holders - {one.source for one in takers}
    return sorted(takers, key=lambda one: belief_order(field, one)), Held(
        held.value, belief.label_of(left), held.observed_at
    )


def _removal(field: str, held: Held, withdrawn: Sequence[Statement]) -> FieldChange:
    return FieldChange(field, held.value, None, withdrawn[0].source, withdrawn[0].observed_at, belief.OWN_WORD)


def belief_order(field: str, one: Statement) -> tuple[tuple[int, int], str, str]:
    """Sorts words by belief."""
    return belief.trust(field, one.source, one.platform), one.platform, one.source


def _is_news(held: Held, one: Statement) -> bool:
    return not held.outdates(one.observed_at)


def _is_heard(field: str, held: Held, one: Statement) -> bool:
    return _is_news(held, one) or (held.value is not None and agrees(one.source, field, held.value, one.value))


def _differs(field: str, held: Held, one: Statement) -> bool:
    return not agrees(one.source, field, held.value, one.value)


def _dissents(field: str, held: Held, heard: Sequence[Statement], reason: str) -> list[Finding]:
    return [Dissent(field, one.value, one.source, reason) for one in heard if _differs(field, held, one)]


def _objection(field: str, held: Held, best: Statement, heard: Sequence[Statement]) -> str | None:
    before, after = _stage(held.value), _stage(best.value)
    if field == "status" and 0 <= after < before:
        still = next((one.source for one in heard if _stage(one.value) >= before), None)
        if still is not None:
            return f"status goes back only when nobody says otherwise, and {still} does"
    if field == "status" and held.label == belief.PERSON and after > before:
        platforms = {one.platform for one in heard if _stage(one.value) >= after}
        return None if len(platforms) > 1 else "one platform alone does not overrule a person"
    if belief.held_trust(field, held.label) < belief.trust(field, best.source, best.platform):
        return f"{held.label} is believed more"
    return None


def _stage(value: JSON) -> int:
    return _STAGE.get(str(value), -1)


def _finest(field: str, best: Statement, heard: Sequence[Statement]) -> Statement:
    """The best word, or a finer one of another source for which the best source lacks the word."""
    finer = (one for one in heard if one.source != best.source and _is_finer(field, best, one))
    return next(finer, best)


def _is_finer(field: str, best: Statement, one: Statement) -> bool:
    is_same = one.value is None or same(field, one.value, best.value)
    return not is_same and agrees(best.source, field, one.value, best.value)


def _rule(field: str, held: Held, best: Statement, word: Statement, *, known: bool) -> str:
    if word is not best:
        return belief.FINER_WORD
    if not known:
        return belief.FIRST_WORD
    if best.platform in {belief.platform_of(source) for source in belief.sources_of(held.label)}:
        return belief.OWN_WORD
    return belief.FORWARD if field == "status" and held.label == belief.PERSON else belief.MOST_BELIEVED


def value_of(found: Sequence[Finding], otherwise: JSON) -> JSON:
    """The value after these findings; `otherwise` when none of them is a change."""
    return next((one.new for one in found if isinstance(one, FieldChange)), otherwise)
