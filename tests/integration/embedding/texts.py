"""Texts to compare models on: made from word lists, and the titles and synopses of the recordings."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

WHO = ("a boxer", "the last dragon", "Mika", "two pirates", "an exorcist", "the student council", "a robot", "Dr. Sato")
DOES = ("loses", "protects", "steals", "looks for", "sings about", "forgets", "builds", "betrays", "marries", "eats")
WHAT = (
    "the crown",
    "a time machine",
    "her brother",
    "an old song",
    "every train in Osaka",
    "his shadow",
    "1,000 cranes",
)
WHERE = (
    "at sea",
    "in 2071",
    "after school",
    "under the castle",
    "on Mars!",
    "— nobody knows why",
    "in the rain",
    "(again)",
)


def made_texts(count: int = 200) -> list[str]:
    """Distinct texts of one to twelve clauses, the same ones each time."""
    chance = random.Random(20)
    found: dict[str, None] = {}
    while len(found) < count:
        clauses = 1 + len(found) * 12 // count * (len(found) % 3) // 2
        found[". ".join(" ".join(map(chance.choice, (WHO, DOES, WHAT, WHERE))) for _ in range(clauses))] = None
    return list(found)


def recordings() -> Path:
    """Where the recorded bodies are, whether they are there or not."""
    root = Path(__file__).resolve().parents[3]
    return Path(os.environ.get("ECHORA_RECORDINGS", root / "../shared/data"))


def recorded_texts(folder: Path) -> list[str]:
    """Titles and synopses of the recorded catalogue, each once."""
    records = json.loads((folder / "echora/anime_database.json").read_text())["data"]
    texts = (record["anime"].get(field) for record in records for field in ("title", "synopsis"))
    return list(dict.fromkeys(text for text in texts if text))
