"""Which of the lines that set a run apart may tell why it ended badly, and why they are suspected.

WEB.  Points for what a person would look for: an error, words of failure, near the end, in no other
run.  Every point is said in words, so that a reader can judge the judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasklog.insights.figures import Difference, Kind
from tasklog.insights.models import Pattern
from tasklog.line import level_name
from tasklog.models import TaskRun

SHOWN, LEAST = 5, 15
# So many lines before the end are near it.
NEAR = 10
# In so many lines of other runs a kind is common.
COMMON = 1000
_WORDS = re.compile(
    r"\b(error|exception|failed|failure|refused|denied|timed? ?out|killed|fatal|panic|cannot"
    r"|not found|no space|unreachable|out of memory|abort(?:ed)?)\b",
    re.IGNORECASE,
)
# Frames of a traceback say where, its last line says what.
_FRAME = re.compile(r'^\s*(File "|Traceback \(most recent|raise |\^+$|~*\^+)')


@dataclass(frozen=True, slots=True)
class Suspect:
    """A kind of line, how much speaks against it, and what."""

    kind: Kind
    score: int
    reasons: tuple[str, ...]


def suspects(
    run: TaskRun, found: Difference, known: Mapping[str, Pattern] | None = None
) -> list[Suspect]:
    """The most suspected kinds first; `known`: the task's patterns, where one may see them."""
    kinds = [*found.only_here, *(kind for kind in found.changed if kind.count > kind.other)]
    rows = [_suspect(run, kind, (known or {}).get(kind.template)) for kind in kinds]
    rows = [row for row in rows if row.score >= LEAST]
    return sorted(rows, key=lambda row: (-row.score, -row.kind.first.number))[:SHOWN]


def patterns_of(run: TaskRun, found: Difference) -> dict[str, Pattern]:
    """What all runs of the task together know of the kinds that set this one apart."""
    templates = [kind.template for kind in (*found.only_here, *found.changed)][:500]
    rows = Pattern.objects.filter(task=run.name, template__in=templates)
    return {row.template: row for row in rows.defer("example", "places")}


def _suspect(run: TaskRun, kind: Kind, pattern: Pattern | None) -> Suspect:
    points = [*_of_the_line(kind), *_of_its_place(run, kind), *_of_others(kind, pattern)]
    reasons = tuple(reason for _, reason in points if reason)
    return Suspect(kind, sum(score for score, _ in points), reasons)


def _of_the_line(kind: Kind) -> Iterator[tuple[int, str]]:
    if kind.first.level >= 30:
        yield (30 if kind.first.level >= 40 else 15), level_name(kind.first.level).lower()
    if match := _WORDS.search(kind.first.message):
        yield 10, f"says “{match[0].lower()}”"
    if _FRAME.match(kind.first.message):
        yield -30, ""


def _of_its_place(run: TaskRun, kind: Kind) -> Iterator[tuple[int, str]]:
    left = run.line_count - kind.first.number
    if 0 <= left < NEAR:
        yield 10, "the last line" if not left else f"{left} line{'s' * (left > 1)} before the end"
    if kind.other:
        yield 0, f"{kind.count:,} times, usually {kind.other:,}"


def _of_others(kind: Kind, pattern: Pattern | None) -> Iterator[tuple[int, str]]:
    if kind.other:
        return
    yield 5, ""
    if pattern is None:
        return
    others = pattern.total - kind.count
    if others <= 0:
        yield 10, "in no other run"
    elif others >= COMMON:
        yield -10, f"{others:,} times in other runs"
    else:
        yield 0, f"{others:,} time{'s' * (others > 1)} in other runs"
