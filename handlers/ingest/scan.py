"""Cuts a stream of JSON into its records without parsing it: pure, in linear time, one record in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_STRUCTURE: Final = re.compile(rb'["{}\[\]]')
_IN_STRING: Final = re.compile(rb'["\\]')
_BARE_END: Final = re.compile(rb"[\s,\]}]")
_BETWEEN: Final = re.compile(rb"[\s,]*")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# The list of records stands under this key when the whole is an object; the key ends within so many bytes.
_DATA_KEY: Final = re.compile(rb'(?<!\\)"data"\s*:\s*$')
_KEY_BYTES_MAX: Final = 64
_QUOTE, _BACKSLASH, _OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = b'"\\{}[]'


class BrokenJSON(Exception):
    """From here on no record can be found; `offset` counts bytes from 0."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"{reason} at byte {offset}")
        self.offset = offset


class RecordScanner:
    """Finds the values of a list, of the list under `data` of an object, or of objects one after another.

    Feed it chunks; it gives the bytes of each value as soon as it is complete, and None for one that is larger than
    `bytes_max`.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._text = bytearray()
        self._offset = 0  # Of the first byte of _text in the whole.
        self._at = 0  # Where scanning goes on in _text.
        self._depth = 0  # Of braces and brackets within the value.
        self._within: str | None = None  # "object", "string" or "bare" while a value is being scanned.
        self._in_string = False
        self._in_list = False
        self._wrapped = False
        self._too_large = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The values that `chunk` completes. Raises BrokenJSON where nothing further can be found."""
        self._text += chunk.removeprefix(_BYTE_ORDER_MARK) if not self._offset and not self._text else chunk
        while (self._within is not None or self._begin()) and self._ends():
            yield None if self._too_large or self._at > self._bytes_max else bytes(self._text[: self._at])
            self._within, self._too_large = None, False
            self._drop()
        if self._at > self._bytes_max:
            self._too_large = True
            self._drop()

    def end(self) -> None:
        """There is no more. Raises BrokenJSON when a value or a list is not complete."""
        if self._within is not None or self._in_list:
            raise BrokenJSON(self._offset + len(self._text), "the text ends in the middle")

    def _begin(self) -> bool:
        """Go to the beginning of the next value; whether there is one yet."""
        while True:
            between = _BETWEEN.match(self._text, self._at)
            self._at = between.end() if between else self._at
            self._drop()
            if not self._text:
                return False
            first = self._text[0]
            if first == _CLOSE_LIST and self._in_list:
                self._in_list = False
            elif self._wrapped and not self._in_list:
                self._text.clear()  # What stands beside the list of a wrapper holds no records.
                return False
            elif first == _OPEN_LIST and not self._in_list:
                self._in_list = True
            else:
                return self._enter(first)
            self._at = 1

    def _enter(self, first: int) -> bool:
        if first in (_OPEN, _OPEN_LIST):
            self._within, self._depth, self._at = "object", 1, 1
        elif not self._in_list:
            raise BrokenJSON(self._offset, f"expected a record or a list of records, found {chr(first)!r}")
        elif first == _QUOTE:
            self._within, self._depth, self._in_string, self._at = "string", 0, True, 1
        elif first == _CLOSE:
            raise BrokenJSON(self._offset, "expected a record, found '}'")
        else:
            self._within, self._at = "bare", 1
        return True

    def _ends(self) -> bool:
        """Scan on; whether the value is complete, so that it ends at `_at`."""
        if self._within == "bare":
            found = _BARE_END.search(self._text, self._at)
            self._at = found.start() if found else len(self._text)
            return found is not None
        while (found := (_IN_STRING if self._in_string else _STRUCTURE).search(self._text, self._at)) is not None:
            token, self._at = self._text[found.start()], found.end()
            if token == _BACKSLASH:
                if self._at == len(self._text):
                    self._at -= 1  # What it escapes has not come yet.
                    return False
                self._at += 1
            elif token == _QUOTE:
                self._in_string = not self._in_string
            elif token == _OPEN_LIST and self._opens_data():
                self._in_list = self._wrapped = True
                self._within = None
                self._drop()
                return self._begin() and self._ends()
            else:
                self._depth += 1 if token in (_OPEN, _OPEN_LIST) else -1
            if not self._depth and not self._in_string:
                return True
        self._at = len(self._text)
        return False

    def _opens_data(self) -> bool:
        if self._in_list or self._depth != 1 or self._text[:1] != b"{":
            return False
        before = bytes(self._text[max(0, self._at - 1 - _KEY_BYTES_MAX) : self._at - 1])
        return _DATA_KEY.search(before) is not None

    def _drop(self) -> None:
        del self._text[: self._at]
        self._offset += self._at
        self._at = 0
