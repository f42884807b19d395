"""What the inputs of every multiplication look like on texts of the kind that will be embedded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from handlers.embedding.calibration_texts import SENTENCES
from handlers.embedding.fused import Site, fused_model
from handlers.embedding.graph import Graph, expose
from handlers.embedding.minilm import INNER, TOKENS_MAX, Floats, Weights

# Words of the vocabulary that are read beside the sentences, in texts of these many words.
WORD_TEXTS = 24
WORDS_PER_TEXT = (8, 24, 72)


def calibration_texts(vocabulary: Sequence[str]) -> list[str]:
    """Sentences, a few of them joined to long texts, and words spread evenly over the vocabulary."""
    return [*SENTENCES, " ".join(SENTENCES[::2]), " ".join(SENTENCES[1::2]), *_word_texts(vocabulary)]


def _word_texts(vocabulary: Sequence[str]) -> Iterator[str]:
    words = [word for word in vocabulary if word.isalpha() and len(word) > 1]
    for number in range(WORD_TEXTS if words else 0):
        count = WORDS_PER_TEXT[number % len(WORDS_PER_TEXT)]
        step = max(1, len(words) // count)
        yield " ".join(words[(number + at * step) % len(words)] for at in range(count))


def sample_inputs(weights: Weights, tokenizer_file: str) -> dict[str, Floats]:
    """The inputs of each step (by `Site.source`), a row per token of the calibration texts, from the exact model."""
    taps: dict[str, str] = {}

    def tapped(graph: Graph, site: Site, tensor: str, weight: Floats) -> str:
        taps[site.source] = tensor
        return graph.add("MatMul", tensor, graph.constant(f"{site.name}.weight", weight))

    model = fused_model(weights, tapped, lambda _layer: [("all", np.arange(INNER), tapped)])
    session = onnxruntime.InferenceSession(
        expose(model, sorted(set(taps.values()))).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(tokenizer_file)
    tokenizer.enable_truncation(TOKENS_MAX)
    tokenizer.no_padding()
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    rows: dict[str, list[Floats]] = {source: [] for source in taps}
    for encoding in tokenizer.encode_batch(calibration_texts(vocabulary)):
        ids = np.array([encoding.ids], dtype=np.int64)
        found = session.run(list(taps.values()), {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        for source, value in zip(taps, found, strict=True):
            rows[source].append(value[0])
    return {source: np.concatenate(parts) for source, parts in rows.items()}
