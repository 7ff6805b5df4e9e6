"""The lines around matches, read in one statement for a whole page.  WEB."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q

from tasklog.archive.reader import read_lines
from tasklog.archive.rows import COLUMNS
from tasklog.line import Line
from tasklog.models import TaskLogLine

# Lines shown before and after each match.
AROUND = 2

Numbers = dict[str, set[int]]


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive lines of one run; each with whether it is a match or stands around one."""

    lines: list[tuple[Line, bool]]


def passages(found: dict[str, list[Line]], archived: Collection[str]) -> dict[str, list[Passage]]:
    """What to show of each run, newest passage first.  `archived`: runs that may have chunks."""
    around = _rows({task_id: lines for task_id, lines in found.items() if task_id not in archived})
    shown = {}
    for task_id, lines in found.items():
        spans = _spans(lines)
        context = around.get(task_id) or _read(task_id, spans)
        context |= {line.number: line for line in lines if line.number not in context}
        hits = {line.number for line in lines}
        shown[task_id] = [_passage(context, span, hits) for span in spans]
    return shown


def _spans(lines: Iterable[Line]) -> list[tuple[int, int]]:
    """The numbers to show as (first, last), from the end; neighbours flow together."""
    spans: list[tuple[int, int]] = []
    for number in sorted((line.number for line in lines), reverse=True):
        first, last = number - AROUND, number + AROUND
        if spans and last >= spans[-1][0] - 1:
            spans[-1] = first, spans[-1][1]
        else:
            spans.append((first, last))
    return spans


def _rows(found: dict[str, list[Line]]) -> dict[str, dict[int, Line]]:
    wanted = Q()
    for task_id, lines in found.items():
        for span in _spans(lines):
            wanted |= Q(task_id=task_id, number__range=span)
    if not wanted:
        return {}
    around: dict[str, dict[int, Line]] = {}
    for task_id, *row in TaskLogLine.objects.filter(wanted).values_list("task_id", *COLUMNS):
        around.setdefault(task_id, {})[row[0]] = Line._make(row)
    return around


def _read(task_id: str, spans: list[tuple[int, int]]) -> dict[int, Line]:
    return {
        line.number: line
        for first, last in spans
        for line in read_lines(task_id, after=first - 1, before=last + 1)
    }


def _passage(context: dict[int, Line], span: tuple[int, int], hits: set[int]) -> Passage:
    numbers = range(span[0], span[1] + 1)
    return Passage([(context[n], n in hits) for n in numbers if n in context])
