"""The schedules that exist after `migrate`, where django-celery-beat is installed.  BOTH.

Each is made once.  One whose task this installation does not have is not made, so that nothing is
ever sent that no worker knows; it comes with a later `migrate`, once its room is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from django.apps import AppConfig, apps
from django.db import connections, router, transaction

MAINTENANCE = "tasklog.maintenance"


class Default(NamedTuple):
    """A schedule: seconds between two runs, or a crontab `minute hour day month weekday` (UTC)."""

    name: str
    task: str
    every: int = 0
    crontab: str = ""
    told: str = ""

    @property
    def room(self) -> str:
        return self.task.rpartition(".tasks.")[0]


def _kept(name: str, crontab: str, told: str) -> Default:
    return Default(name, f"{MAINTENANCE}.tasks.{name}", crontab=crontab, told=told)


DEFAULTS = (
    Default("poll_all_connections", "tasklog.sources.tasks.poll_all_connections", every=30,
            told="Fetches what is new from every connected source."),
    Default("check_all_alert_conditions", "tasklog.alerts.tasks.check_all_alert_conditions",
            every=5 * 60, told="Looks whether a rule's condition holds."),
    Default("update_live_analytics", "tasklog.insights.tasks.update_live_analytics",
            every=15 * 60, told="Counts what connections have brought in today."),
    Default("update_project_analytics", "tasklog.insights.tasks.update_project_analytics",
            crontab="5 * * * *", told="Sums up each task's and project's hour."),
    Default("detect_anomalies", "tasklog.insights.tasks.detect_anomalies",
            crontab="10 * * * *", told="Looks for hours that are not as usual."),
    Default("generate_insights", "tasklog.insights.tasks.generate_insights",
            crontab="15 * * * *", told="Ranks what is worth knowing of the last day."),
    Default("calculate_log_patterns", "tasklog.insights.tasks.calculate_log_patterns",
            crontab="25 3 * * *", told="Counts lines that are left, forgets old patterns."),
    Default("tidy_uploads", "tasklog.sources.tasks.tidy_uploads",
            crontab="20 * * * *", told="Deletes uploaded files that are no longer needed."),
    Default("generate_weekly_report", "tasklog.insights.tasks.send_weekly_reports",
            crontab="0 8 * * 1", told="Writes last week's report and sends it."),
    _kept("cleanup_old_logs", "10 3 * * *", "Deletes runs that are past their days."),
    _kept("remove_expired_keys", "20 3 * * *", "Deletes API keys that have expired."),
    _kept("update_usage_statistics", "30 0 * * *", "Counts yesterday for the usage page."),
    _kept("backup_database", "0 2 * * *", "Copies the database and reads the copy back."),
    Default("check_health", f"{MAINTENANCE}.tasks.check_health", every=15 * 60,
            told="Asks every probe of the diagnostics page."),
    _kept("remove_temporary_files", "40 3 * * *", "Deletes what was left lying about."),
    _kept("optimise_database", "30 4 * * 0", "Renews what the database knows about its tables."),
    _kept("report_system", "0 7 * * 1", "Writes versions, sizes and settings into its log."),
    _kept("remove_old_notifications", "50 3 * * *", "Deletes notifications that are old."),
)  # fmt: skip


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """Receives `post_migrate`; does nothing while one of the tables is missing."""
    if not apps.is_installed("django_celery_beat"):
        return
    from django_celery_beat.models import PeriodicTask

    from tasklog.maintenance.models import MadeSchedule

    there = set(connections[using].introspection.table_names())
    for model in (PeriodicTask, MadeSchedule):
        if not router.allow_migrate_model(using, model) or model._meta.db_table not in there:
            return
    make_defaults(using)


def make_defaults(using: str = "default") -> list[str]:
    """Makes those that were never made; returns their names.  Called twice it makes none."""
    from django_celery_beat.models import PeriodicTask, PeriodicTasks

    from tasklog.maintenance.models import MadeSchedule

    with transaction.atomic(using):
        made = set(MadeSchedule.objects.using(using).values_list("name", flat=True))
        missing = [one for one in DEFAULTS if one.name not in made and task_name(one)]
        if not missing:
            return []
        names = [one.name for one in missing]
        theirs = set(
            PeriodicTask.objects.using(using).filter(name__in=names).values_list("name", flat=True)
        )
        ours = [one for one in missing if one.name not in theirs]
        PeriodicTask.objects.using(using).bulk_create([_row(one, using) for one in ours])
        MadeSchedule.objects.using(using).bulk_create(MadeSchedule(name=name) for name in names)
    PeriodicTasks.update_changed()
    return [one.name for one in ours]


def task_name(one: Default) -> str:
    """What workers call its task; empty where the room is not installed or lacks it."""
    if not apps.is_installed(one.room):
        return ""
    module, _, name = one.task.rpartition(".")
    try:
        return str(getattr(getattr(import_module(module), name, None), "name", ""))
    except ImportError:  # the room is empty, or an extra that it needs is not installed
        return ""


def _row(one: Default, using: str) -> Any:
    from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

    row = PeriodicTask(name=one.name, task=task_name(one), description=one.told)
    if one.every:
        spec = {"every": one.every, "period": "seconds"}
        if one.every % 60 == 0:
            spec = {"every": one.every // 60, "period": "minutes"}
        row.interval = _shared(IntervalSchedule, using, spec)
        # What waits for a worker longer than its turn is of no use any more.
        row.expire_seconds = max(one.every, 60)
    else:
        fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
        spec = dict(zip(fields, one.crontab.split(), strict=True))
        row.crontab = _shared(CrontabSchedule, using, spec | {"timezone": "UTC"})
    return row


def _shared(model: Any, using: str, spec: dict[str, Any]) -> Any:
    """The row with these values; there may be several alike, for nothing forbids it."""
    rows = model.objects.using(using)
    return rows.filter(**spec).first() or rows.create(**spec)
