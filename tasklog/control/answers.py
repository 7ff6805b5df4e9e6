"""What the workers say of themselves when asked: tasks, queues, figures.  WEB, HOST.

Answers come from other processes: what has another shape than expected is left out, not an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tasklog.control.ask import ask
from tasklog.control.link import BrokerAway

# What everybody is asked for the list; a worker's own page asks for more.
USUAL = ("active", "reserved", "scheduled", "revoked", "active_queues", "stats")
FULL = (*USUAL, "registered", "conf")
# What a question says more: Celery leaves out what stands in Django's settings otherwise.
_WORDS = {"conf": {"with_defaults": True}}
# Ten people who watch ask once (seconds).
FRESH_SECONDS = 3.0
# Of each list so many are read; a worker may hold a hundred thousand revoked ids.
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A task that a worker runs, holds back or has planned."""

    id: str
    name: str
    at: datetime | None = None
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one worker answered; lists are cut at `LONGEST`, `counts` are not."""

    active: tuple[Held, ...] = ()
    reserved: tuple[Held, ...] = ()
    scheduled: tuple[Held, ...] = ()
    revoked: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)
    conf: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pool(self) -> Mapping[str, Any]:
        found = self.stats.get("pool")
        return found if isinstance(found, dict) else {}

    @property
    def size(self) -> int | None:
        """Processes or threads now; None where the pool does not tell."""
        processes = self.pool.get("processes")
        if isinstance(processes, list):
            return len(processes)
        most = self.pool.get("max-concurrency")
        return most if isinstance(most, int) else None

    @property
    def autoscaler(self) -> Mapping[str, Any]:
        found = self.stats.get("autoscaler")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answered what, and what stood in the way."""

    by: Mapping[str, Answer] = field(default_factory=dict)
    problem: str = ""


_lock = threading.Lock()
_kept: dict[tuple[str, ...], tuple[float, Answers]] = {}


def answers(expected: Collection[str]) -> Answers:
    """Everybody's, at most 3 s old; takes a second at most.  Never raises."""
    with _lock:  # who comes meanwhile waits for the same answers
        until, found = _kept.get(USUAL, (0.0, Answers()))
        if time.monotonic() >= until:
            found = _asked(USUAL, expected)
            _kept[USUAL] = (time.monotonic() + FRESH_SECONDS, found)
        return found


def answers_of(name: str) -> Answers:
    """One worker's, in full; at most 3 s old.  Never raises."""
    key = (*FULL, name)
    with _lock:
        until, found = _kept.get(key, (0.0, Answers()))
        if time.monotonic() >= until:
            if len(_kept) > 200:
                _kept.clear()
            found = _asked(FULL, [name], only=True)
            _kept[key] = (time.monotonic() + FRESH_SECONDS, found)
        return found


def forget() -> None:
    """After something was changed the next look must see it."""
    with _lock:
        _kept.clear()


def _asked(questions: Iterable[str], expected: Collection[str], *, only: bool = False) -> Answers:
    try:
        asked = {question: _WORDS.get(question, {}) for question in questions}
        replies = ask(asked, expected, only=only)
    except BrokerAway as away:
        return Answers(problem=str(away))
    return Answers({name: read(said) for name, said in sorted(replies.items())})


def read(said: Mapping[str, Any]) -> Answer:
    """A worker's replies as an `Answer`."""
    lists = {name: _list(said.get(name)) for name in ("active", "reserved", "scheduled", "revoked")}
    return Answer(
        **{name: _held(lists[name]) for name in ("active", "reserved", "scheduled")},
        revoked=_words(lists["revoked"]),
        queues=tuple(sorted(_queue_names(_list(said.get("active_queues"))))),
        registered=_words(_list(said.get("registered"))),
        counts={name: len(found) for name, found in lists.items()},
        stats=_mapping(said.get("stats")),
        conf=_mapping(said.get("conf")),
    )


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _mapping(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) and "error" not in found else {}


def _words(found: list[Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in found[:LONGEST])


def _queue_names(found: list[Any]) -> set[str]:
    return {str(one["name"]) for one in found if isinstance(one, dict) and one.get("name")}


def _held(found: list[Any]) -> tuple[Held, ...]:
    return tuple(_one(entry) for entry in found[:LONGEST] if isinstance(entry, dict))


def _one(entry: dict[str, Any]) -> Held:
    """A planned task is wrapped once more, with its time beside it."""
    request = entry.get("request")
    about = request if isinstance(request, dict) else entry
    at = entry.get("eta") or about.get("time_start")
    pid = about.get("worker_pid")
    return Held(
        str(about.get("id", "")), str(about.get("name", "")), _moment(at),
        pid if isinstance(pid, int) else 0,
    )  # fmt: skip


def _moment(at: Any) -> datetime | None:
    try:
        if isinstance(at, (int, float)):
            return datetime.fromtimestamp(at, UTC)
        found = datetime.fromisoformat(at) if isinstance(at, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
