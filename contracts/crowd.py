"""Whether bytes would unfold into far more than they are: told before they are parsed.

A message of a megabyte may be half a million empty parts of two bytes each, which the parser turns into over a hundred
megabytes. No record has more than a few empty parts, so a message that is full of them is refused unparsed.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.limits import LIST_ITEMS_MAX, SMALL_EVENT_BYTES_MAX

# The runtime and its type stubs name the descriptor of a message differently.
Descriptor = Any
EMPTY_PARTS_MAX: Final = LIST_ITEMS_MAX
# The length of an empty part is a zero byte, and a message made of such parts has one in every two or three bytes. In
# records zeros are rare, so most messages are not walked at all.
_ZEROS_SHARE: Final = 8


def is_crowded(data: bytes, kind: Descriptor) -> bool:
    """Whether `data`, read as a message of this kind, has more than EMPTY_PARTS_MAX empty parts.

    What is no message at all is not crowded: the parser says better what is wrong with it.
    """
    if len(data) <= SMALL_EVENT_BYTES_MAX or data.count(0) * _ZEROS_SHARE < len(data):
        return False
    try:
        return _empty_parts(data, kind) > EMPTY_PARTS_MAX
    except IndexError:
        return False  # It ends in the middle of a field.


def _empty_parts(data: bytes, kind: Descriptor) -> int:
    """The number of empty parts, counted until there are too many."""
    found = 0
    waiting = [(0, len(data), kind)]
    while waiting and found <= EMPTY_PARTS_MAX:
        at, end, now = waiting.pop()
        while at < end and found <= EMPTY_PARTS_MAX:
            tag, at = _number(data, at)
            match tag & 7:  # The wire type: a number, 64 bits, bytes, or 32 bits.
                case 0:
                    _, at = _number(data, at)
                case 1:
                    at += 8
                case 5:
                    at += 4
                case 2:
                    size, at = _number(data, at)
                    field = now.fields_by_number.get(tag >> 3)
                    if field is not None and field.message_type is not None:
                        found += size == 0
                        if size:
                            waiting.append((at, min(at + size, end), field.message_type))
                    at += size
                case _:
                    return found
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The variable-length number at a place, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
