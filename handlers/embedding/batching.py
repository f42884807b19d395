"""Rules about batches: which texts go through the model together.

A batch is padded to its longest text, so texts of like length belong together; and what a batch costs is its
padded tokens, so a batch is bounded by those and not by its number of texts.
"""

from __future__ import annotations

from collections.abc import Sequence

# English takes about four bytes of UTF-8 per token and Japanese three: close enough to sort and to bound by.
BYTES_PER_TOKEN = 4
# [CLS] and [SEP] frame every text.
FRAME_TOKENS = 2


def bounded(text: str, chars_max: int) -> str:
    """The text cut to `chars_max`, with lone surrogates (which the tokenizer refuses) replaced by question marks."""
    return text[:chars_max].encode("utf-8", "replace").decode("utf-8")


def tokens_about(text: str, tokens_max: int) -> int:
    """How many tokens the text will take, roughly; never more than the model reads."""
    return min(tokens_max, FRAME_TOKENS + len(text.encode("utf-8")) // BYTES_PER_TOKEN)


def batches(lengths: Sequence[int], tokens_max: int) -> list[list[int]]:
    """Positions grouped by like length, longest first, each group at most `tokens_max` padded tokens.

    Every position is in exactly one group. A single text that is longer than `tokens_max` is a group of its own.
    """
    groups: list[list[int]] = []
    room = 0
    for position in sorted(range(len(lengths)), key=lambda at: lengths[at], reverse=True):
        if room == 0:
            groups.append([])
            room = max(1, tokens_max // max(1, lengths[position]))
        groups[-1].append(position)
        room -= 1
    return groups
