"""The default schedules: there after `migrate`, and their owner's from then on."""

from __future__ import annotations

import pytest
from celery import current_app
from django_celery_beat.models import PeriodicTask

from tasklog.maintenance import defaults
from tasklog.maintenance.models import MadeSchedule

pytestmark = pytest.mark.django_db

NINE = {
    "poll_all_connections": "every 30 seconds",
    "check_all_alert_conditions": "every 5 minutes",
    "update_project_analytics": "5 * * * *",
    "generate_weekly_report": "0 8 * * 1",
    "cleanup_old_logs": "10 3 * * *",
    "remove_expired_keys": "20 3 * * *",
    "update_usage_statistics": "30 0 * * *",
    "backup_database": "0 2 * * *",
    "check_health": "every 15 minutes",
}


def test_the_nine_default_schedules_exist_after_migrate() -> None:
    made = {row.name: str(row.scheduler) for row in PeriodicTask.objects.filter(name__in=NINE)}
    assert made.keys() == NINE.keys()
    for name, when in NINE.items():
        assert made[name].startswith(when), name
    assert PeriodicTask.objects.filter(enabled=True).count() == len(defaults.DEFAULTS)


def test_after_migrate_every_schedule_sends_a_task_that_is_known() -> None:
    rows = PeriodicTask.objects.filter(name__in=[one.name for one in defaults.DEFAULTS])
    assert rows.filter(task__startswith="tasklog.maintenance.").count() == 9
    for row in rows:
        assert row.task in current_app.tasks, row.task


def test_a_room_without_the_task_gets_no_schedule() -> None:
    nobodys = defaults.Default("x", "tasklog.maintenance.tasks.nobody_knows", every=1)
    assert not defaults.task_name(nobodys)
    assert not defaults.task_name(nobodys._replace(task="tasklog.nowhere.tasks.x"))
    assert not defaults.task_name(nobodys._replace(task="tasklog.control.tasks.x"))


def test_what_its_owner_changed_or_deleted_stays_so() -> None:
    PeriodicTask.objects.get(name="check_health").delete()
    changed = PeriodicTask.objects.get(name="backup_database")
    changed.enabled, changed.task = False, "mine.backup"
    changed.save()
    assert defaults.make_defaults() == []
    assert not PeriodicTask.objects.filter(name="check_health").exists()
    changed.refresh_from_db()
    assert (changed.enabled, changed.task) == (False, "mine.backup")


def test_a_schedule_of_that_name_that_was_there_before_is_its_owners() -> None:
    MadeSchedule.objects.filter(name="check_health").delete()
    PeriodicTask.objects.filter(name="check_health").update(task="mine.health")
    assert defaults.make_defaults() == []
    assert PeriodicTask.objects.get(name="check_health").task == "mine.health"
    assert MadeSchedule.objects.filter(name="check_health").exists()
