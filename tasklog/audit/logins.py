"""Who signed in, who tried to, who left."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import DatabaseError
from django.dispatch import receiver
from django.http import HttpRequest

from tasklog.audit.models import Action
from tasklog.audit.trail import record

# A password typed into the wrong field must not be kept for a year.
STRANGER = "(no such user)"


@receiver(user_logged_in, dispatch_uid="tasklog.audit.login")
def _came(request: HttpRequest | None, user: Any, **_: Any) -> None:
    record(Action.LOGIN, request=request, user=user.get_username())


@receiver(user_logged_out, dispatch_uid="tasklog.audit.logout")
def _went(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None:
        record(Action.LOGOUT, request=request, user=user.get_username())


@receiver(user_login_failed, dispatch_uid="tasklog.audit.login_failed")
def _tried(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    record(Action.LOGIN, request=request, user=_known(credentials), refused=True)


def _known(credentials: dict[str, Any]) -> str:
    """The name that was tried, if somebody has it."""
    people = get_user_model()
    name = str(credentials.get(people.USERNAME_FIELD) or credentials.get("username") or "")
    try:
        there = people._default_manager.filter(**{people.USERNAME_FIELD: name[:150]}).exists()
    except (DatabaseError, ValueError):
        return STRANGER
    return name if there else STRANGER
