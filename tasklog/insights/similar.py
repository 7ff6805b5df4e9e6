"""Patterns that are like a text: by the character triples they share.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tasklog.insights.models import OTHERS, Pattern

# The newest so many patterns are looked at; so alike they must be (0–1).
REACH, ALIKE = 3000, 0.3


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern and how alike it is: 0 not at all, 1 the same."""

    pattern: Pattern
    score: float


def triples(text: str) -> frozenset[str]:
    """`abcd` → `  a`, ` ab`, `abc`, `bcd`, `cd `; letters without their case."""
    padded = f"  {' '.join(text.lower().split())} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """What they share of what they have: Dice's coefficient."""
    return 2 * len(one & other) / ((len(one) + len(other)) or 1)


def similar(text: str, *, but: int = 0, limit: int = 8, least: float = ALIKE) -> list[Match]:
    """The most similar patterns, the most alike first; `but` is left out."""
    asked = triples(text)
    rows = ((row, alike(asked, triples(row.template))) for row in _newest() if row.pk != but)
    return ranked((Match(row, score) for row, score in rows if score >= least), limit)


def ranked(matches: Iterable[Match], limit: int) -> list[Match]:
    return sorted(matches, key=lambda one: (-one.score, one.pattern.pk))[:limit]


def _newest() -> Iterable[Pattern]:
    rows = Pattern.objects.exclude(template=OTHERS).defer("example", "places")
    return rows.order_by("-last_seen", "-id")[:REACH]
