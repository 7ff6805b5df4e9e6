"""What a reader asks of the runs list, read from the address and from the search box.  WEB."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from tasklog import tags
from tasklog.search.names import in_full
from tasklog.search.terms import RunName
from tasklog.states import State

# The chips, in the order of the bar; each names the states it shows.
GROUPS: dict[str, tuple[State, ...]] = {
    "running": (State.STARTED,),
    "waiting": (State.PENDING,),
    "retrying": (State.RETRY,),
    "succeeded": (State.SUCCESS,),
    "failed": (State.FAILURE, State.TIMEOUT, State.LOST),
    "revoked": (State.REVOKED,),
}
SINCE = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
# Columns with an index (column, created_at), by the word people use.
COLUMNS = {"task": "name", "queue": "queue", "worker": "worker"}
# Terms that must be equal and have such an index too, but no menu.
EXACT = {"signature": "signature"}
# Terms that are looked for within a column without an index.
OTHERS = {
    "id": "task_id",
    "user": "triggered_by",
    "schedule": "schedule",
    "request": "request_id",
    "args": "args",
    "kwargs": "kwargs",
    "error": "exception",
}
TEXT_COLUMNS = ("task_id", "name", "args", "kwargs")
LONGEST = 500
_ANYTHING, _NOTHING = Q(), Q(pk__in=[])
_TOKEN = re.compile(r'(?:(\w+):)?("[^"]*"|\S+)')


@dataclass(frozen=True, slots=True)
class RunFilter:
    """The filters as they stand in the address; every field is text, empty for "any"."""

    state: str = ""
    task: str = ""
    queue: str = ""
    worker: str = ""
    since: str = ""
    q: str = ""
    before: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> RunFilter:
        return cls(**{name: _said(query, name) for name in cls.__slots__})

    def url(self, **changes: str) -> str:
        """The address of this list with `changes`; it begins at the newest run again."""
        changed = replace(self, **({"before": "", "after": ""} | changes))
        given = {name: value for name in self.__slots__ if (value := getattr(changed, name))}
        return f"?{urlencode(given)}"

    @property
    def narrow(self) -> bool:
        """Any filter at all, the position aside."""
        return any(getattr(self, n) for n in self.__slots__ if n not in ("before", "after"))

    @property
    def on_first_page(self) -> bool:
        return not (self.before or self.after)


@dataclass(frozen=True, slots=True)
class Question:
    """A filter in the terms of the table: what an index can find, and the rest."""

    states: tuple[str, ...] = ()
    equal: tuple[tuple[str, str], ...] = ()
    rest: Q = _ANYTHING
    since: datetime | None = None
    problems: tuple[str, ...] = ()


def understand(asked: RunFilter) -> Question:
    """The question behind the address; `problems` says in words what made no sense."""
    terms = [("state", asked.state), ("since", asked.since)]
    terms += [(word, getattr(asked, word)) for word in COLUMNS]
    question = Question()
    for word, value in [*terms, *_tokens(asked.q)]:
        if value:
            question = _add(question, word, value)
    return question


def _tokens(text: str) -> list[tuple[str, str]]:
    """`state:failed "disk full"` → [("state", "failed"), ("", "disk full")]."""
    known = {"state", "since", "name", "tag", *COLUMNS, *EXACT, *OTHERS}
    found = []
    for match in _TOKEN.finditer(text):
        word, value = (match[1] or "").lower(), match[2].strip('"')
        found.append((word, value) if word in known or not word else ("", match[0]))
    return found


def _add(question: Question, word: str, value: str) -> Question:
    if word == "state":
        return _add_state(question, value)
    if word == "since":
        return _add_since(question, value)
    if word == "tag":
        tagged = Q(name__in=tags.tasks_with(value.lower()))
        return replace(question, rest=question.rest & tagged)
    if word == "name":
        word = "task"
    if word in COLUMNS:
        return _add_column(question, COLUMNS[word], value)
    if word in EXACT:
        return replace(question, equal=(*question.equal, (EXACT[word], value)))
    columns = (OTHERS[word],) if word in OTHERS else TEXT_COLUMNS
    anywhere = Q()
    for column in columns:
        anywhere |= Q(**{f"{column}__icontains": value})
    return replace(question, rest=question.rest & anywhere)


def _add_state(question: Question, value: str) -> Question:
    states: tuple[str, ...] = GROUPS.get(value.lower(), ())
    if not states and value.upper() in State.values:
        states = (value.upper(),)
    if not states:
        told = f"No state is called “{value}”. There are: {', '.join(GROUPS)}."
        return replace(question, problems=(*question.problems, told))
    if question.states:
        states = tuple(set(states) & set(question.states))
        return replace(question, states=states, rest=question.rest if states else _NOTHING)
    return replace(question, states=states)


def _add_since(question: Question, value: str) -> Question:
    if value not in SINCE:
        told = f"“{value}” is no time span. There are: {', '.join(SINCE)}."
        return replace(question, problems=(*question.problems, told))
    return replace(question, since=timezone.now() - SINCE[value])


def _add_column(question: Question, column: str, value: str) -> Question:
    """`orders.import` is the whole name; `orders.*` or `*import*` is a pattern.

    Never a regular expression of the database's: six stars hold SQLite for minutes.
    """
    if "*" not in value:
        return replace(question, equal=(*question.equal, (column, value)))
    name = RunName(column, column, value)
    found = in_full([(name, False)]) or name.rows(connection.vendor) or _ANYTHING
    return replace(question, rest=question.rest & found)


def _said(query: QueryDict, name: str) -> str:
    """One parameter; a NUL in it would be an error on PostgreSQL."""
    return query.get(name, "").replace("\0", "").strip()[:LONGEST]
