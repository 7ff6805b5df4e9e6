"""Which tasks are captured: by the settings, and by what a task says of itself.  BOTH."""

from __future__ import annotations

import fnmatch
from functools import cache
from typing import Any

from celery import current_app
from django.core.signals import setting_changed

from tasklog.conf import conf

# Celery polls a chord with this one, once a second and again: a log of nothing.
BORING = ("celery.chord_unlock",)


def is_wanted(task: Any) -> bool:
    """Is this task captured?"""
    return _is_wanted(task.name, getattr(task, "tasklog", None))


def may_be_wanted(name: Any) -> bool:
    """The same of a task that perhaps only its worker knows: False where it surely is not."""
    task = known_tasks().get(name)
    return is_wanted(task) if task is not None else not _is_excluded(str(name))


def known_tasks() -> Any:
    """The tasks that are loaded already: `tasks` would load them all."""
    return getattr(current_app, "_tasks", {})


@cache
def _is_wanted(name: str, said: bool | None) -> bool:
    if said is False or _is_excluded(name):
        return False
    return conf().capture == "all" or said is True


@cache
def _is_excluded(name: str) -> bool:
    if not conf().enabled or name in BORING:
        return True
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in conf().exclude)


def _forget(**_: Any) -> None:
    _is_wanted.cache_clear()
    _is_excluded.cache_clear()


# For tests that override a setting.
setting_changed.connect(_forget, dispatch_uid="tasklog.wanted")
