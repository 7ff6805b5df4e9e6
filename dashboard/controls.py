"""The buttons of a run's page: what this person may do with it, in the state it is in.  WEB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.urls import reverse

from tasklog.models import TaskRun
from tasklog.roles import Role, role_of
from tasklog.states import Cause, State

if TYPE_CHECKING:
    from tasklog.control.models import Raised

# Retries that the head of a run links to.
SHOWN = 3


class Button(NamedTuple):
    """A link to the page that asks and does."""

    title: str
    url: str
    icon: str
    danger: bool = False


def installed() -> bool:
    return apps.is_installed("tasklog.control")


def buttons_of(run: TaskRun, user: Any) -> list[Button]:
    """None for who may not, nor where the room is not installed, nor where no task ran."""
    if not installed() or role_of(user) < Role.OPERATOR or not run.name or run.source:
        return []
    if run.cause == Cause.NOT_REACHED:
        return []
    if run.finished:
        return [_button(run, "Retry", "refresh"), _button(run, "Edit", "edit", "Edit and retry")]
    if run.state == State.STARTED:
        return [
            _button(run, "Raise", "bulb", "Raise to DEBUG"), _button(run, "Terminate", "stop")
        ]  # fmt: skip
    return [_button(run, "Revoke", "close")]


def _button(run: TaskRun, word: str, icon: str, title: str = "") -> Button:
    url = reverse(f"dashboard:run_{word.lower()}", args=[run.pk])
    return Button(title or word, url, icon, word in ("Terminate", "Revoke"))


def bulk_words(user: Any) -> list[str]:
    """What this person may do with many runs at once."""
    if not installed() or role_of(user) < Role.OPERATOR:
        return []
    from tasklog.control.bulk import ACTIONS

    return list(ACTIONS)


def may_tag(user: Any) -> bool:
    """May this person give a task tags?"""
    if not installed():
        return False
    from tasklog.control.tagging import TAG

    return TAG.allowed(user)


def reruns_of(run: TaskRun, user: Any) -> list[str]:
    """The newest runs that were sent again for this one, and may be seen."""
    if not installed():
        return []
    from tasklog.control.models import Rerun

    newest = Rerun.objects.filter(of=run.pk).values_list("pk", flat=True)[:SHOWN]
    seen = set(
        TaskRun.objects.visible_to(user).filter(pk__in=list(newest)).values_list("pk", flat=True)
    )
    return [task_id for task_id in newest if task_id in seen]


def raised_of(run: TaskRun) -> Raised | None:
    """Who raised the run to DEBUG, and until when."""
    if not installed():
        return None
    from tasklog.control import raising

    return raising.raised_of(run)
