"""The strip of health above the runs: four figures, each with its last hour.  WEB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tasklog.overview import COUNT_LIMIT, last_hour, now

FAILED = "Failed in the last hour"


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: the number now, its curve, and the list behind it."""

    title: str
    value: str
    curve: list[float]
    tone: str
    query: str = ""


def figures(user: Any) -> list[Figure]:
    """The strip for this reader."""
    said, curves = now(user), last_hour(user)
    return [
        Figure("Running now", _said(said.running), curves.running, "accent", "?state=running"),
        Figure("Waiting in queues", _said(said.waiting), curves.waiting, "warn", "?state=waiting"),
        Figure(FAILED, _said(said.failed), curves.failed, "bad", "?state=failed"),
        Figure("Lines stored per second", f"{said.lines:,.0f}", curves.lines, "ok"),
    ]


def _said(n: int) -> str:
    return f"{n:,}" if n <= COUNT_LIMIT else f"{COUNT_LIMIT:,}+"
