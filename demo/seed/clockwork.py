"""The schedules behind the history.  Only those whose tasks exist here are switched on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery import current_app
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from demo.seed.history import JOBS
from demo.seed.job import Job
from tasklog.control.models import ScheduleSpan
from tasklog.models import TaskRun

TOLD = "Made by seed_demo."


def make(begin: datetime) -> int:
    """Makes every schedule, in force since `begin`; how many are new.

    One of that name that somebody else made stays as it is.
    """
    current_app.loader.import_default_modules()
    return sum(_make(job, begin) for job in JOBS if job.schedule)


def clear() -> None:
    PeriodicTask.objects.filter(name__in=_names(), description=TOLD).delete()


def _names() -> list[str]:
    return [job.schedule for job in JOBS if job.schedule]


def _make(job: Job, begin: datetime) -> bool:
    last = TaskRun.objects.filter(schedule=job.schedule, schedule__gt="").order_by("-created_at")
    facts = {
        "task": job.name,
        "enabled": job.name in current_app.tasks,
        "description": TOLD,
        "last_run_at": last.values_list("created_at", flat=True).first(),
    }
    _, made = PeriodicTask.objects.get_or_create(name=job.schedule, defaults=facts | _times(job))
    if made:
        ScheduleSpan.objects.filter(pk=job.schedule).update(since=begin)
    return bool(made)


def _times(job: Job) -> dict[str, Any]:
    if job.every:
        hours, rest = divmod(job.every, 60)
        every = {"every": job.every, "period": IntervalSchedule.MINUTES}
        if not rest:
            every = {"every": hours, "period": IntervalSchedule.HOURS}
        found = IntervalSchedule.objects.filter(**every).first()
        return {"interval": found or IntervalSchedule.objects.create(**every)}
    daily = {
        "minute": "0", "hour": str(job.at), "day_of_month": "*", "month_of_year": "*",
        "day_of_week": "*", "timezone": "UTC",
    }  # fmt: skip
    there = CrontabSchedule.objects.filter(**daily).first()
    return {"crontab": there or CrontabSchedule.objects.create(**daily)}
