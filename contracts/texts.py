"""When two texts are the same text. Both the step that finds a change and the one that guards a row need one answer."""

from __future__ import annotations

import unicodedata


def normal_text(text: str) -> str:
    """The text in Unicode's composed form (NFC), every run of white space as one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def label(text: str) -> str:
    """A name as it is compared: composed, and capitals do not matter."""
    return unicodedata.normalize("NFC", normal_text(text).casefold())


def person(text: str) -> str:
    """A person's name as it is compared: "Miyazaki, Hayao" and "Hayao Miyazaki" are one person."""
    return " ".join(sorted(label(text).replace(",", " ").split()))


def shortened(text: object, chars_max: int = 80) -> str:
    """A value as it is quoted in a reason: one line, cut where it is long."""
    line = normal_text(str(text))
    return line if len(line) <= chars_max else f"{line[: chars_max - 1]}…"


def in_words(field: str) -> str:
    """The name of a field as people read it."""
    return field.replace("_", " ")
