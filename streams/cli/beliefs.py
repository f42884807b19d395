"""How it is written for people why the word of a source was believed."""

from __future__ import annotations

from typing import Any

from streams.cli.output import text


def rule(belief: dict[str, Any] | None) -> str:
    """The rule that decided; empty where nobody has kept it."""
    return text(belief["rule"]) if belief else ""


def others(belief: dict[str, Any] | None) -> str:
    """Who said otherwise, and what."""
    said = (belief or {}).get("dissents") or {}
    return "; ".join(f"{text(source)}: {text(word)}" for source, word in sorted(said.items()))


def facts(belief: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Both as lines of a table, as far as they are known."""
    return [fact for fact in (("believed by", rule(belief)), ("others said", others(belief))) if fact[1]]
