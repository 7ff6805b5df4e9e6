"""Found lines as the search page draws them: cut to what matters, with the matches marked.  WEB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tasklog.line import Line
from tasklog.plain import kind_of, strip
from tasklog.search.condition import Condition
from tasklog.search.find import Found, Group
from tasklog.search.runs import moment
from tasklog.search.terms import fold

# Characters shown of a line; a longer one is cut around its first match.
SHOWN, LEAD = 400, 80

Span = tuple[int, int]


class Row(NamedTuple):
    """A line of a result."""

    number: int
    at: datetime
    kind: str
    logger: str
    text: SafeString
    hit: bool


class Result(NamedTuple):
    """The matches of one run, in passages of consecutive lines."""

    group: Group
    passages: list[list[Row]]


def results(found: Found, condition: Condition) -> list[Result]:
    return [
        Result(
            group,
            [[_row(*line, condition) for line in part.lines] for part in group.passages],
        )
        for group in found.groups
    ]


def _row(line: Line, hit: bool, condition: Condition) -> Row:
    text = _text(line.message, condition if hit else None)
    kind = kind_of(line.stream, line.level)
    return Row(line.number, moment(line.at), kind, line.logger, text, hit)


def _text(message: str, condition: Condition | None) -> SafeString:
    text = strip(message)
    start = _start(text, condition) if condition and len(text) > SHOWN else 0
    shown = text[start : start + SHOWN]
    marked = _marked(shown, _spans(shown, condition) if condition else [])
    before, after = "…" * (start > 0), "…" * (start + SHOWN < len(text))
    return format_html("{}{}{}", before, marked, after)


def _start(text: str, condition: Condition) -> int:
    first = min((start for start, _ in _spans(text, condition)), default=0)
    return max(0, first - LEAD)


def _spans(text: str, condition: Condition) -> list[Span]:
    """Where something that was looked for stands; in order, not overlapping."""
    folded = fold(text)
    places = [span for term in condition.texts for span in _places(folded, fold(term.value))]
    for pattern in condition.patterns:
        places += [match.span() for match in pattern.compiled.finditer(text)]
    return list(_merged(sorted(places)))


def _places(text: str, part: str) -> Iterator[Span]:
    at = text.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = text.find(part, at + len(part))


def _merged(places: Iterable[Span]) -> Iterator[Span]:
    held: Span | None = None
    for start, end in places:
        if held and start <= held[1]:
            held = held[0], max(end, held[1])
            continue
        if held:
            yield held
        held = (start, end) if end > start else None
    if held:
        yield held


def _marked(text: str, spans: list[Span]) -> SafeString:
    ends = [0, *(end for _, end in spans)]
    parts = [
        (text[at:start], text[start:end]) for at, (start, end) in zip(ends, spans, strict=False)
    ]
    return format_html("{}{}", format_html_join("", "{}<mark>{}</mark>", parts), text[ends[-1] :])
