"""The query language: from what a person typed to terms, or to every problem in it at once.  WEB.

`parse(str(query)) == query` for every query, and `parse` raises nothing but `QueryError`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from django.utils import timezone

from tasklog.line import LEVELS, STREAMS
from tasklog.search import terms
from tasklog.search.lexer import Token, tokens
from tasklog.search.problems import Problem, QueryError
from tasklog.search.regex import BadPattern, compile_lines, compile_pattern
from tasklog.search.terms import LineTerm, RunTerm
from tasklog.states import State

LONGEST = 500

_LEVELS = {name.lower(): number for number, name in LEVELS.items()}
_LEVEL_WORDS = {**_LEVELS, "warn": logging.WARNING, "fatal": logging.CRITICAL}
_STREAM_WORDS = {name: name for name in STREAMS} | {"out": "stdout", "err": "stderr"}
# The words of the pages first; Celery's own mean exactly themselves.
_STATES: dict[str, tuple[State, ...]] = {
    **{state.value.lower(): (state,) for state in State},
    **{state.label.lower(): (state,) for state in State},
    "failed": (State.FAILURE, State.TIMEOUT, State.LOST),
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
# No line is older, and databases and clocks agree on these.
YEARS = range(1970, 9990)
TIMES = "a span such as 30m, 1h, 2d, 1w, or a UTC time such as 2026-11-20 or 2026-11-20T03:12"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a query; `start` and `end` tell where it was typed."""

    what: LineTerm | RunTerm
    negated: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{'-' * self.negated}{self.what}"


@dataclass(frozen=True, slots=True)
class Query:
    """All of these must hold."""

    terms: tuple[Term, ...]

    @property
    def of_lines(self) -> list[tuple[LineTerm, bool]]:
        """What a line alone decides, and whether it is negated."""
        return [(t.what, t.negated) for t in self.terms if not isinstance(t.what, RunTerm)]

    @property
    def of_runs(self) -> list[tuple[RunTerm, bool]]:
        """What the line's run decides, and whether it is negated."""
        return [(t.what, t.negated) for t in self.terms if isinstance(t.what, RunTerm)]

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))


def parse(text: str, now: datetime | None = None) -> Query:
    """The query in `text`; spans such as `after:1h` count back from `now`.

    Raises `QueryError` with all problems of the text.
    """
    text = clean(text)
    if len(text) > LONGEST:
        said = f"A query has at most {LONGEST} characters; this one has {len(text):,}."
        raise QueryError([Problem(LONGEST, len(text), said)])
    found, problems = tokens(text)
    read = [_read(token, now or timezone.now()) for token in found]
    problems += [item for item in read if isinstance(item, Problem)]
    if problems:
        raise QueryError(problems)
    return Query(tuple(item for item in read if isinstance(item, Term)))


def clean(text: str) -> str:
    """What no stored line can hold, replaced one for one as it was in the lines."""
    text = text.replace("\0", "\u2400")
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


class _Wrong(ValueError):
    """A value that a field does not take; `part` narrows the place within the value."""

    def __init__(self, said: str, part: str = "") -> None:
        self.part = part
        super().__init__(said)


def _read(token: Token, now: datetime) -> Term | Problem:
    if token.field and token.field not in _FIELDS:
        return _unknown(token)
    if not token.value:
        return Problem(token.start, token.end, _empty(token.field))
    try:
        what = _FIELDS[token.field](token, now)
    except _Wrong as wrong:
        return _point(token, wrong)
    return Term(what, token.negated, token.start, token.end)


def _point(token: Token, wrong: _Wrong) -> Problem:
    start, end = token.value_at, token.end
    inside = token.value.find(wrong.part) if wrong.part and not token.quoted else -1
    if inside >= 0:
        start += inside
        end = start + len(wrong.part)
    return Problem(start, end, str(wrong))


def _unknown(token: Token) -> Problem:
    start = token.start + token.negated
    known = [name for name in _FIELDS if name not in ("", "/")]
    said = f"There is no field “{token.field}”.{_meant(token.field, known)} "
    said += f"Fields: {', '.join(known)}. Is it text? Put it in quotes."
    return Problem(start, start + len(token.field), said)


def _empty(name: str) -> str:
    return (
        f"What should {name}: be? Write a value right after the colon."
        if name
        else ("There is nothing between these quotes.")
    )


def _meant(word: str, known: list[str]) -> str:
    close = get_close_matches(word.lower(), known, n=1)
    return f" Did you mean “{close[0]}”?" if close else ""


def _text(token: Token, now: datetime) -> terms.Text:
    return terms.Text(token.value)


def _regex(token: Token, now: datetime) -> terms.Regex:
    try:
        one = compile_pattern(token.value, ignore_case=token.ignore_case)
        many = compile_lines(token.value, ignore_case=token.ignore_case)
    except BadPattern as bad:
        raise _Wrong(str(bad), bad.part) from None
    return terms.Regex(token.value, token.ignore_case, one, many)


def _level(token: Token, now: datetime) -> terms.Level:
    value = token.value.lower()
    if value not in _LEVEL_WORDS:
        raise _Wrong(_choose("level", token.value, list(_LEVELS)))
    return terms.Level(_LEVEL_WORDS[value], token.equal)


def _stream(token: Token, now: datetime) -> terms.Stream:
    names = []
    for value in token.value.lower().split(","):
        if value not in _STREAM_WORDS:
            raise _Wrong(_choose("stream", value, list(STREAMS)))
        names.append(_STREAM_WORDS[value])
    return terms.Stream(tuple(dict.fromkeys(names)))


def _state(token: Token, now: datetime) -> terms.RunState:
    value = token.value.lower()
    if value not in _STATES:
        labels = [state.label.lower() for state in State]
        said = _choose("state", token.value, labels)
        raise _Wrong(f"{said} Celery’s own names work too: {', '.join(State.values)}.")
    return terms.RunState(value, _STATES[value])


def _choose(field: str, value: str, allowed: list[str]) -> str:
    return (
        f"No {field} is called “{value}”.{_meant(value, allowed)} There are: {', '.join(allowed)}."
    )


def _name(column: str) -> Callable[[Token, datetime], terms.RunName]:
    def read(token: Token, now: datetime) -> terms.RunName:
        return terms.RunName(token.field, column, token.value, token.equal)

    return read


def _logger(token: Token, now: datetime) -> terms.Logger:
    return terms.Logger(token.field, "logger", token.value, token.equal)


def _tag(token: Token, now: datetime) -> terms.RunTag:
    return terms.RunTag(token.value.lower())


def _run(token: Token, now: datetime) -> terms.RunId:
    return terms.RunId(token.value)


def _after(token: Token, now: datetime) -> terms.After:
    return terms.After(token.value, _moment(token.value, now))


def _before(token: Token, now: datetime) -> terms.Before:
    return terms.Before(token.value, _moment(token.value, now))


def _moment(value: str, now: datetime) -> datetime:
    """The time meant; a time without a zone is UTC, as all times on the pages are."""
    try:
        at = _read_moment(value, now)
    except (ValueError, OverflowError):
        at = None
    if at is None or at.year not in YEARS:
        raise _Wrong(f"“{value}” is no time. Write {TIMES}.")
    return at


def _read_moment(value: str, now: datetime) -> datetime:
    if span := _SPAN.fullmatch(value.lower()):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    at = datetime.fromisoformat(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


_FIELDS: dict[str, Callable[[Token, datetime], LineTerm | RunTerm]] = {
    "": _text,
    "/": _regex,
    "level": _level,
    "stream": _stream,
    "task": _name("name"),
    "tag": _tag,
    "logger": _logger,
    "queue": _name("queue"),
    "worker": _name("worker"),
    "state": _state,
    "run": _run,
    "after": _after,
    "before": _before,
}
