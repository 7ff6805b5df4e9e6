"""Notes since when a schedule is switched on and as it is, whoever changed it.  BOTH."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_save
from django.utils import timezone

from tasklog.control.schedules.models import ScheduleSkip, ScheduleSpan

# A change of one of these begins a new span.
FIELDS = (
    "name", "enabled", "interval_id", "crontab_id", "solar_id", "clocked_id", "start_time"
)  # fmt: skip


def install() -> None:
    from django_celery_beat.models import PeriodicTask

    uid = "tasklog.control.spans"
    pre_save.connect(_compare, sender=PeriodicTask, dispatch_uid=uid)
    post_save.connect(_note, sender=PeriodicTask, dispatch_uid=uid)
    post_delete.connect(_forget, sender=PeriodicTask, dispatch_uid=uid)


def _compare(sender: Any, instance: Any, using: str, **_: Any) -> None:
    before = sender.objects.using(using).filter(pk=instance.pk).values_list(*FIELDS).first()
    instance._tasklog_new = before != tuple(getattr(instance, name) for name in FIELDS)


def _note(sender: Any, instance: Any, using: str, raw: bool = False, **_: Any) -> None:
    if getattr(instance, "_tasklog_new", False) and not raw:
        ScheduleSpan.objects.using(using).update_or_create(
            schedule=instance.name, defaults={"since": timezone.now()}
        )


def _forget(sender: Any, instance: Any, using: str, **_: Any) -> None:
    ScheduleSpan.objects.using(using).filter(pk=instance.name).delete()
    ScheduleSkip.objects.using(using).filter(schedule=instance.name).delete()
