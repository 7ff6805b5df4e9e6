"""The tasks that a worker runs, holds back, has planned or will refuse.  WEB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasklog.conf import conf
from tasklog.control.answers import Answer, Held
from tasklog.control.workers import visible_names

# Of each list so many are shown; the number above it counts all.
SHOWN = 50
# Its title, and what its moments mean.
KINDS = {
    "active": ("Running", "Since"),
    "reserved": ("Reserved", ""),
    "scheduled": ("Scheduled", "Due"),
    "revoked": ("Revoked", ""),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One task in a worker's hands; without a name it is another person's."""

    id: str
    name: str
    at: datetime | None
    linked: bool


@dataclass(frozen=True, slots=True)
class Hand:
    """Tasks of one kind: how many there are, those that are shown, and those that are not."""

    kind: str
    count: int
    tasks: list[Task]
    hidden: int
    # A rule says who sees which runs.
    narrow: bool

    @property
    def title(self) -> str:
        return KINDS[self.kind][0]

    @property
    def when(self) -> str:
        return KINDS[self.kind][1]


def hands_of(user: Any, answer: Answer) -> list[Hand]:
    """Its tasks by kind, as far as this person may see them."""
    held = {
        "active": answer.active,
        "reserved": answer.reserved,
        "scheduled": answer.scheduled,
        "revoked": tuple(Held(one, "") for one in answer.revoked),
    }
    names = visible_names(user, [one.id for tasks in held.values() for one in tasks[:SHOWN]])
    return [
        _hand(kind, answer.counts.get(kind, 0), tasks[:SHOWN], names)
        for kind, tasks in held.items()
    ]


def _hand(kind: str, count: int, held: tuple[Held, ...], names: dict[str, str]) -> Hand:
    """Where a rule says who sees which runs, one that is not visible is only counted."""
    narrow = bool(conf().visibility)
    shown = [one for one in held if one.id in names or not narrow]
    tasks = [
        Task(one.id, one.name or names.get(one.id, ""), one.at, one.id in names) for one in shown
    ]
    return Hand(kind, count, tasks, count - len(tasks), narrow)
