"""Objects that are laid over what is held: parts of a broadcast or of the dates, a platform's figures, ids. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from handlers.update import belief
from handlers.update.canonical import canonical, joined, parts_of
from handlers.update.change import JSON, Dissent, FieldChange, Finding
from handlers.update.choose import belief_order, choose, value_of
from handlers.update.current import Held
from handlers.update.statements import Statement

# Which part of an object a source can state; for the others it is no holder. Who is not listed can state any.
_SPEAKS_OF: Mapping[str, frozenset[str]] = {
    "broadcast.slot": frozenset({"mal"}),
    "broadcast.next_episode_at": frozenset({"anilist", "kitsu"}),
}


def choose_parts(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """The change of an object whose parts come from different sources; a part that is not stated stays."""
    before = parts_of(field, held.value)
    words = {(one.source, part): one for one in said for part in _stated(field, one.value)}
    after, found = dict(before), list[Finding]()
    for part in sorted({part for _, part in words}):
        name = f"{field}.{part}"
        own = [_part(one, name, part) for (_, stated), one in words.items() if stated == part]
        label = belief.label_of(frozenset(s for s in belief.sources_of(held.label) if _can_state(name, s)))
        findings = choose(name, Held(before.get(part), label, held.observed_at), own)
        found += [_of_whole(field, part, one) for one in findings]
        after[part] = value_of(findings, otherwise=before.get(part))
    changes = [one for one in found if isinstance(one, FieldChange)]
    dissents = [one for one in found if isinstance(one, Dissent)]
    value = joined(after)
    if not changes or canonical(field, value) == canonical(field, held.value):
        return list(dissents)
    still = _still_hold(field, held, before, {one.field for one in changes})
    label = belief.label_of(frozenset(one.source for one in changes) | still)
    rule = changes[0].rule if len(changes) == 1 else belief.PARTS
    moment = max(one.observed_at for one in changes)
    return [FieldChange(field, held.value, value, label, moment, rule), *dissents]


def _of_whole(field: str, part: str, one: Finding) -> Finding:
    """A word on a part that was not followed is a word on the whole, of which it says just that part."""
    return replace(one, field=field, value=joined({part: one.value})) if isinstance(one, Dissent) else one


def _stated(field: str, value: JSON) -> list[str]:
    # next_episode_at may be stated to be none: then the key is there, without a value.
    none = ["next_episode_at"] if isinstance(value, dict) and value.get("next_episode_at", "") is None else []
    return [*parts_of(field, value), *none]


def _part(one: Statement, name: str, part: str) -> Statement:
    value = parts_of(name.partition(".")[0], one.value).get(part)
    return Statement(name, value, one.source, one.platform, one.observed_at)


def _can_state(name: str, source: str) -> bool:
    platforms = _SPEAKS_OF.get(name)
    return platforms is None or source not in belief.PLATFORM_OF or belief.PLATFORM_OF[source] in platforms


def _still_hold(field: str, held: Held, before: Mapping[str, JSON], changed: set[str]) -> frozenset[str]:
    kept = [name for part in before if (name := f"{field}.{part}") not in changed]
    sources = belief.sources_of(held.label)
    return frozenset(source for source in sources if any(_can_state(name, source) for name in kept))


def choose_figures(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """A platform's figures, figure by figure: a newer word lies over an older one, and what is not stated stays."""
    heard = sorted(
        (one for one in said if one.value and not held.outdates(one.observed_at)),
        key=lambda one: (one.observed_at, one.source),
    )
    figures = {**(held.value or {})}
    for one in heard:
        figures |= {name: value for name, value in one.value.items() if value is not None}
    if not heard or canonical(field, figures) == canonical(field, held.value):
        return []
    label = belief.label_of(frozenset(one.source for one in heard))
    return [FieldChange(field, held.value, figures, label, heard[-1].observed_at, belief.OWN_FIGURES)]


def choose_id(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """An id that is missing is filled in. One that is known is never replaced: a wrong one would move a whole show."""
    heard = sorted((one for one in said if one.value), key=lambda one: (belief.rank(field, one.platform), one.source))
    if held.value:
        return [
            Dissent(field, one.value, one.source, "an id that is known is not replaced")
            for one in heard
            if one.value != held.value
        ]
    fresh = [one for one in heard if not held.outdates(one.observed_at)]
    if not fresh:
        return []
    return [FieldChange(field, None, fresh[0].value, fresh[0].source, fresh[0].observed_at, belief.NEW_ID)]


def choose_presence(field: str, held: Held, said: Sequence[Statement]) -> list[Finding]:
    """A break: a source says that there is one or that there is none; what is known of it beyond that stays."""
    heard = [one for one in said if not held.outdates(one.observed_at)]
    best = min(heard, key=lambda one: belief_order(field, one), default=None)
    if best is None or bool(best.value) is bool(held.value):
        return []
    if held.label and belief.held_trust(field, held.label) < belief.trust(field, best.source, best.platform):
        return [Dissent(field, best.value, best.source, f"{held.label} is believed more")]
    rule = belief.MOST_BELIEVED if held.value else belief.FIRST_WORD
    return [FieldChange(field, held.value, best.value or None, best.source, best.observed_at, rule)]
