"""The terms of a query: each knows its rows by SQL, and decides about one line or run by itself.

SQL narrows, Python decides.  So rows on SQLite, rows on PostgreSQL and archived lines give the
same answer, although the three compare letters by different rules.  WEB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from tasklog import tags
from tasklog.line import Line, level_name
from tasklog.search.literals import literals
from tasklog.states import State


class _Fold(dict[int, int]):
    """Capital letters, one for one: what UPPER() of PostgreSQL does."""

    def __missing__(self, code: int) -> int:
        upper = chr(code).upper()
        self[code] = ord(upper) if len(upper) == 1 and ord(upper) > 127 else code
        return self[code]


_FOLD = _Fold((code, ord(chr(code).upper())) for code in range(128))


def fold(text: str) -> str:
    """The text without the difference of small and capital letters, as long as before."""
    return text.upper() if text.isascii() else text.translate(_FOLD)


def _parts(text: str) -> list[str]:
    """The stretches SQLite's LIKE compares right: all but non-ASCII letters that have a case."""
    plain = (c if c.isascii() or c.upper() == c.lower() else "\0" for c in text)
    return [part for part in "".join(plain).split("\0") if part]


@dataclass(frozen=True, slots=True)
class Text:
    """These characters, in any case, somewhere in the message."""

    value: str

    def rows(self, vendor: str) -> Q | None:
        parts = _parts(self.value) if vendor == "sqlite" else [self.value]
        return _all("message__icontains", parts)

    def exact(self, vendor: str) -> bool:
        return vendor != "sqlite" or _parts(self.value) == [self.value]

    def keeps(self, line: Line) -> bool:
        return fold(self.value) in fold(line.message)

    def __str__(self) -> str:
        return quoted(self.value)


@dataclass(frozen=True, slots=True)
class Regex:
    """A match of an RE2 pattern somewhere in the message."""

    pattern: str
    ignore_case: bool
    compiled: Any = field(compare=False, repr=False)
    # The same over many messages, one a line; None where line ends would change its meaning.
    by_lines: Any = field(default=None, compare=False, repr=False)

    @property
    def literals(self) -> list[str]:
        """Texts that stand in every match."""
        return literals(self.pattern, ignore_case=self.ignore_case)

    def rows(self, vendor: str) -> Q | None:
        found = Q()
        for text in self.literals:
            found &= Text(text).rows(vendor) or Q()
        return found or None

    def exact(self, vendor: str) -> bool:
        return False

    def keeps(self, line: Line) -> bool:
        return self.compiled.search(line.message) is not None

    def may_be_among(self, messages: str) -> bool:
        return self.by_lines is None or self.by_lines.search(messages) is not None

    def __str__(self) -> str:
        return f"/{self.pattern}/{'i' if self.ignore_case else ''}"


@dataclass(frozen=True, slots=True)
class Level:
    """At least this level, or exactly it."""

    level: int
    only: bool = False

    def rows(self, vendor: str) -> Q | None:
        return Q(level=self.level) if self.only else Q(level__gte=self.level)

    def exact(self, vendor: str) -> bool:
        return True

    def keeps(self, line: Line) -> bool:
        return line.level == self.level if self.only else line.level >= self.level

    def __str__(self) -> str:
        return f"level:{'=' if self.only else ''}{level_name(self.level).lower()}"


@dataclass(frozen=True, slots=True)
class Stream:
    """One of these streams."""

    names: tuple[str, ...]

    def rows(self, vendor: str) -> Q | None:
        return Q(stream__in=self.names)

    def exact(self, vendor: str) -> bool:
        return True

    def keeps(self, line: Line) -> bool:
        return line.stream in self.names

    def __str__(self) -> str:
        return f"stream:{','.join(self.names)}"


@dataclass(frozen=True, slots=True)
class After:
    """At this moment or later."""

    typed: str
    at: datetime = field(compare=False)

    def rows(self, vendor: str) -> Q | None:
        return Q(timestamp__gte=self.at)

    def exact(self, vendor: str) -> bool:
        return True

    def keeps(self, line: Line) -> bool:
        return line.at >= microseconds(self.at)

    def __str__(self) -> str:
        return f"after:{self.typed}"


@dataclass(frozen=True, slots=True)
class Before:
    """Earlier than this moment."""

    typed: str
    at: datetime = field(compare=False)

    def rows(self, vendor: str) -> Q | None:
        return Q(timestamp__lt=self.at)

    def exact(self, vendor: str) -> bool:
        return True

    def keeps(self, line: Line) -> bool:
        return line.at < microseconds(self.at)

    def __str__(self) -> str:
        return f"before:{self.typed}"


@dataclass(frozen=True, slots=True)
class Name:
    """A name that contains `value`; with `*` in it the whole name; with `=` exactly that name."""

    word: str
    column: str
    value: str
    whole: bool = False

    def rows(self, vendor: str) -> Q | None:
        if self.whole:
            return Q(**{self.column: self.value})
        found = Q()
        for piece in self.value.split("*"):
            parts = _parts(piece) if vendor == "sqlite" else [piece] * bool(piece)
            found &= _all(f"{self.column}__icontains", parts) or Q()
        return found or None

    def exact(self, vendor: str) -> bool:
        return self.whole or (self.value.isascii() and "*" not in self.value)

    def matches(self, name: str) -> bool:
        if self.whole:
            return name == self.value
        if "*" in self.value:
            return _fits(fold(self.value).split("*"), fold(name))
        return fold(self.value) in fold(name)

    def __str__(self) -> str:
        return f"{self.word}:{'=' if self.whole else ''}{quoted(self.value)}"


class Logger(Name):
    """The name of the logger a line came through."""

    __slots__ = ()

    def keeps(self, line: Line) -> bool:
        return self.matches(line.logger)


class RunName(Name):
    """The name of a run's task, queue or worker."""

    __slots__ = ()

    def keeps_run(self, run: Any) -> bool:
        return self.matches(getattr(run, self.column))


@dataclass(frozen=True, slots=True)
class RunTag:
    """A run of a task that has this tag now."""

    word: str

    def rows(self, vendor: str) -> Q | None:
        return Q(name__in=tags.tasks_with(self.word))

    def exact(self, vendor: str) -> bool:
        return True

    def keeps_run(self, run: Any) -> bool:
        return self.word in tags.of(run.name)

    def __str__(self) -> str:
        return f"tag:{quoted(self.word)}"


@dataclass(frozen=True, slots=True)
class RunState:
    """A run in one of these states."""

    typed: str
    states: tuple[State, ...]

    def rows(self, vendor: str) -> Q | None:
        return Q(state__in=self.states)

    def exact(self, vendor: str) -> bool:
        return True

    def keeps_run(self, run: Any) -> bool:
        return run.state in self.states

    def __str__(self) -> str:
        return f"state:{quoted(self.typed)}"


@dataclass(frozen=True, slots=True)
class RunId:
    """This one run."""

    task_id: str

    def rows(self, vendor: str) -> Q | None:
        return Q(task_id=self.task_id)

    def exact(self, vendor: str) -> bool:
        return True

    def keeps_run(self, run: Any) -> bool:
        return bool(run.task_id == self.task_id)

    def __str__(self) -> str:
        return f"run:{quoted(self.task_id)}"


LineTerm = Text | Regex | Level | Stream | Logger | After | Before
RunTerm = RunName | RunTag | RunState | RunId


def _all(lookup: str, values: list[str]) -> Q | None:
    found = Q()
    for value in values:
        found &= Q(**{lookup: value})
    return found or None


def _fits(pieces: list[str], name: str) -> bool:
    """A pattern cut at its stars against a name; each piece taken as early as it comes."""
    first, *middle, last = pieces
    if not name.startswith(first):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end and name.endswith(last)


_BARE = re.compile(r'[^\s"\\:,=/-][^\s"\\:,]*')


def quoted(text: str) -> str:
    """As one would type it: in quotes where it would be read as something else without."""
    if _BARE.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970 UTC, as `Line.at` counts."""
    return round(at.timestamp() * 1_000_000)
