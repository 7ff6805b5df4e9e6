"""The schedules with all that their page shows.  WEB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from tasklog.control.schedules.history import LAST, last_sent, missed, runs_of
from tasklog.control.schedules.models import ScheduleSkip
from tasklog.control.schedules.times import next_runs
from tasklog.control.schedules.words import words_of
from tasklog.models import TaskRun

PAGE = 50
KINDS = ("interval", "crontab", "solar", "clocked")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A `PeriodicTask` as people see it; `runs` newest first, only those the reader may see."""

    task: Any
    when: str
    next: list[datetime]
    runs: list[TaskRun]
    missed: list[datetime]
    skipping: bool

    @property
    def kind(self) -> str:
        return next((kind for kind in KINDS if getattr(self.task, f"{kind}_id")), "")

    @property
    def trouble(self) -> str:
        """What keeps it from running, in a sentence."""
        if self.kind == "solar" and not has_ephem():
            return "Solar schedules need the package ephem, which is not installed."
        if self.task.enabled and not self.next:
            return "It has no next run."
        return ""


def find(schedule_id: str) -> Any | None:
    """The row by its id as it stands in an address; None for anything else."""
    if not (schedule_id.isascii() and schedule_id.isdecimal() and len(schedule_id) < 10):
        return None
    return _rows().filter(pk=int(schedule_id)).first()


def named(text: str, most: int) -> list[tuple[int, str, str]]:
    """Id, name and task of schedules with this text in the name or the task, by name."""
    fit = Q(name__icontains=text) | Q(task__icontains=text)
    return list(_rows().filter(fit).order_by("name").values_list("pk", "name", "task")[:most])


def page_of(user: Any, number: int = 1) -> tuple[list[Schedule], bool]:
    """A page of schedules by name, those switched on first; and whether there are more."""
    first = (max(number, 1) - 1) * PAGE
    rows = list(_rows().order_by("-enabled", "name")[first : first + PAGE + 1])
    return [describe(row, user) for row in rows[:PAGE]], len(rows) > PAGE


def describe(task: Any, user: Any) -> Schedule:
    runs = runs_of(task.name).visible_to(user).defer("result", "traceback", "args", "kwargs")
    waiting = ScheduleSkip.objects.filter(schedule=task.name, taken_at=None)
    return Schedule(
        task,
        words_of(task),
        [] if task.solar_id and not has_ephem() else next_runs(task, last_sent(task)),
        list(runs[:LAST]),
        missed(task),
        waiting.exists(),
    )


def _rows() -> Any:
    from django_celery_beat.models import PeriodicTask

    return PeriodicTask.objects.select_related(*KINDS)


def has_ephem() -> bool:
    from importlib.util import find_spec

    return find_spec("ephem") is not None
