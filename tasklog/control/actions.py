"""One thing a person can do: who may, what it does, and what the audit trail says of it.  WEB.

A verb hides its button, guards its handler and names its audit entry.  Each room of control
(`runs`, `workers`, `queues`, `schedules`) makes its own; pages and API call `perform`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ObjectNotUpdated, PermissionDenied
from django.http import Http404, HttpRequest

from tasklog.audit.trail import record
from tasklog.roles import Role, role_of


class Outcome(NamedTuple):
    """What became of it, in words for the page; `result` is the audit's word."""

    told: str
    result: str = "done"
    # What the effect made, for the caller: a new task id, answers of workers.
    made: Any = None

    @property
    def done(self) -> bool:
        return self.result == "done"


def done(told: str, made: Any = None) -> Outcome:
    """It happened, and was seen to happen."""
    return Outcome(told, "done", made)


def unknown(told: str, made: Any = None) -> Outcome:
    """Nobody answered: it may or may not have happened."""
    return Outcome(told, "unknown", made)


def failed(told: str, made: Any = None) -> Outcome:
    """It did not happen; the sentence says why and what helps."""
    return Outcome(told, "failed", made)


@dataclass(frozen=True, slots=True)
class Action:
    """A verb of the product.  `effect(target, **arguments)` does it and says what became of it."""

    word: str  # in the audit trail and in addresses
    title: str  # on the button
    effect: Callable[..., Outcome]
    least: Role = Role.OPERATOR
    # Asked again before it is done.
    dangerous: bool = False

    def allowed(self, user: Any) -> bool:
        """May this person?  Pages show no button where not."""
        return role_of(user) >= self.least


def perform(
    action: Action, request: HttpRequest, target: Any, *, named: str = "", **arguments: Any
) -> Outcome:
    """Does it for whoever is signed in, and writes it down; a refusal is written down as well.

    `named`: how the audit trail calls the target.  Raises PermissionDenied for one who may not, and
    Http404 where the target was deleted since it was looked up.
    A key has been asked for its scope by its API view, which sets `request.tasklog_key`.
    """
    name = named or str(target)
    if not (getattr(request, "tasklog_key", None) or action.allowed(request.user)):
        record(action.word, request=request, target=name, refused=True)
        raise PermissionDenied
    try:
        outcome = action.effect(target, **arguments)
    except ObjectNotUpdated as gone:
        record(action.word, request=request, target=name, result="failed")
        raise Http404("It was deleted a moment ago; nothing was changed.") from gone
    record(action.word, request=request, target=name, result=outcome.result)
    return outcome
