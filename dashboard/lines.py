"""Lines as HTML: one mark-up for the page, the replay and the stream.  WEB.

The mark-up stands in components/_line.html, its values are worked out and escaped here: some
10 µs a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from html import escape
from types import MappingProxyType
from typing import NamedTuple

from django.template.loader import get_template

from dashboard import ansi, groups
from tasklog.line import Line
from tasklog.plain import kind_of

# Characters of a line that are drawn; the whole line is a click away.  A thousand lines of 256 KiB
# would be a page that no browser shows.
DRAWN = 10_000
# Lines in one wrapper: what the browser lays out at a time (`content-visibility`).
WRAPPED = 100

# Escaped text: a link ends at a space, a bracket, a quote, or any entity but `&amp;`.
_LINK = re.compile(r"https?://(?:[^\s<>\"'&\x00-\x20]|&amp;)+")
_TRAILING = ".,;:!?)]}*"
_SLOTS = ("name", "number", "kind", "mark", "day", "time", "place", "text")


class Before(NamedTuple):
    """What stands above the first line to be drawn."""

    number: int
    attempt: int
    # How attempts ended, by their number: said where their lines end.
    ends: Mapping[int, str] = MappingProxyType({})


def render(lines: Iterable[Line], before: Before | None = None) -> str:
    """The lines in wrappers; with `before`, gaps and new attempts are marked.

    Without it they are picked out by a filter: then each number leads to the line in its context.
    """
    return "".join(_wrapped(part, picked=before is None) for part in _parts(lines, before))


class Lane(NamedTuple):
    """What a line of a merged log says of its run: a further class, its branch and its page."""

    task_id: str
    css: str
    branch: str
    page: str


def line_html(
    line: Line, *, picked: bool = False, uncut: bool = False, lane: Lane | None = None
) -> str:
    """One line; of a very long one the beginning, unless `uncut`.

    In a lane its number, and what leads to the rest of it, lead to the run's own page; its name on
    the page is then the run's id with the number.
    """
    number, at, stream, level, logger, message, *_ = line
    second, micros = divmod(at, 1_000_000)
    day, clock = _clock(second)
    time = f"{clock}.{micros // 1000:03}"
    rest = ""
    if len(message) > DRAWN and not uncut:
        message, rest = message[:DRAWN], _rest(f"{lane.page if lane else ''}lines/?whole={number}")
    mark, text = _marked(logger, message) if message[:2] == "::" else ("", text_of(logger, message))
    kind = kind_of(stream, level)
    name, place = str(number), f"?line={number}" if picked else ""
    if lane:
        name, place = f"{lane.task_id}:{number}", lane.page
        mark, text = lane.css, lane.branch + text
    return _line().format(
        name=name, number=number, kind=kind, mark=mark, day=day, time=time, place=place,
        text=text + rest,
    )  # fmt: skip


def _rest(address: str) -> str:
    return f'<a class="rest" href="{address}">… show the whole line</a>'


def _marked(logger: str, message: str) -> tuple[str, str]:
    """The further class of a line that opens or closes a group, and its text."""
    mark = groups.mark_of(message)
    text = text_of(logger, message[len(mark.printed) :])
    return (mark.css, groups.marked(mark, text)) if mark.css else ("", text)


def text_of(logger: str, message: str) -> str:
    """The message with its colours and links, the logger's name before it."""
    html = ansi.to_html(message)
    if "://" in html:
        html = _LINK.sub(_link, html)
    return f"<i>{escape(logger)}</i> {html}" if logger else html


def _link(found: re.Match[str]) -> str:
    url = found[0].rstrip(_TRAILING)
    rest = found[0][len(url) :]
    return f'<a href="{url}" rel="noopener noreferrer nofollow" target="_blank">{url}</a>{rest}'


def marks_between(before: Before, line: Line) -> str:
    """What stands between two lines that are next to each other on the page."""
    return "".join(map(_wrapped, _marks(before, line)))


class Mark(NamedTuple):
    """Something that stands between two lines: a gap or the start of an attempt."""

    kind: str
    text: str


def _parts(lines: Iterable[Line], before: Before | None) -> Iterator[Mark | Sequence[Line]]:
    """The lines in parts of at most WRAPPED, cut wherever a mark belongs."""
    part: list[Line] = []
    for line in lines:
        marks = _marks(before, line) if before else []
        if part and (marks or len(part) == WRAPPED):
            yield part
            part = []
        yield from marks
        part.append(line)
        before = Before(line.number, line.attempt, before.ends) if before else None
    if part:
        yield part


def _marks(before: Before, line: Line) -> list[Mark]:
    marks = []
    if line.number > before.number + 1:
        marks.append(Mark("gap", _dropped(before.number + 1, line.number - 1)))
    if line.attempt != before.attempt and (line.attempt > 1 or before.number):
        ended = range(before.attempt, line.attempt)
        marks += [Mark("attempt over", before.ends[n]) for n in ended if n in before.ends]
        marks.append(Mark("attempt", f"Attempt {line.attempt} started"))
    return marks


def _dropped(first: int, last: int) -> str:
    if first == last:
        return f"1 line was dropped here ({first:,})"
    return f"{last - first + 1:,} lines were dropped here ({first:,}–{last:,})"


def _wrapped(part: Mark | Sequence[Line], *, picked: bool = False) -> str:
    if isinstance(part, Mark):
        return f'<p class="mark {part.kind}">{escape(part.text)}</p>'
    html = "".join(line_html(line, picked=picked) for line in part)
    return wrapped(part[0].number, part[-1].number, len(part), html)


def wrapped(first: object, last: object, count: int, html: str) -> str:
    """Lines in their wrapper; `first` and `last` are places that windows go on from."""
    return _batch().format(first=first, last=last, count=count, lines=html)


@cache
def _line() -> str:
    return _slots("dashboard/components/_line.html", *_SLOTS)


@cache
def _batch() -> str:
    return _slots("dashboard/components/_batch.html", "first", "last", "count", "lines")


def _slots(template: str, *names: str) -> str:
    """The template as a format string: rendered once, with slots for values.

    Rendering it for each line would take 50 µs a line, filling the slots takes 2.
    """
    slots = {name: f"\0{name}\0" for name in names}
    html = get_template(template).render({"line": slots, "batch": slots}).strip()
    html = html.replace("{", "{{").replace("}", "}}")
    return re.sub("\0([a-z]+)\0", r"{\1}", html)


@lru_cache(maxsize=4096)
def _clock(second: int) -> tuple[str, str]:
    moment = datetime.fromtimestamp(second, UTC)
    return f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"
