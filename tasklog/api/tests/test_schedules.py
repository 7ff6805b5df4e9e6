"""Schedules by program: made, changed and deleted by the rules of the page's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tasklog.api.keys import create_key
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun
from tasklog.roles import Role, group_name

URL = "/tasklog/api/schedules/"
TASK = "tasklog.timed_print_task"
Program = Callable[..., Client]


@pytest.fixture
def row(db: None) -> PeriodicTask:
    PeriodicTask.objects.all().delete()
    return PeriodicTask.objects.create(
        name="nightly", task=TASK, kwargs='{"duration": 0}', queue="low",
        interval=IntervalSchedule.objects.create(every=1, period="days"),
    )  # fmt: skip


def send(client: Client, method: str, path: str = "", body: Any = None) -> Any:
    return getattr(client, method)(f"{URL}{path}", body or {}, content_type="application/json")


def test_one_schedule_tells_what_it_sends_and_how_it_went(
    program: Program, row: PeriodicTask
) -> None:
    TaskRun.objects.create(task_id="r1", schedule="nightly", state="FAILURE")
    told = program("control").get(f"{URL}{row.pk}/").json()
    assert (told["name"], told["kind"], told["when"]) == ("nightly", "interval", "every day")
    assert told["times"] == {"every": 1, "period": "days"}
    assert (told["args"], told["kwargs"], told["queue"]) == ([], {"duration": 0}, "low")
    assert [run["task_id"] for run in told["runs"]] == ["r1"]
    assert told["last_status"] == "FAILURE"


def test_a_schedule_is_made_changed_and_deleted(program: Program, row: PeriodicTask) -> None:
    client = program("all")
    body = {
        "name": "hourly", "task": TASK, "kind": "crontab", "minute": "0,30", "hour": "8-18",
        "timezone": "Europe/Berlin", "args": [1, "eu"], "kwargs": {"duration": 2},
    }  # fmt: skip
    made = send(client, "post", "", body)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["args"], told["kwargs"]) == ([1, "eu"], {"duration": 2})
    assert told["times"]["timezone"] == "Europe/Berlin"
    path = f"{told['id']}/"
    changed = send(client, "patch", path, {"kind": "interval", "every": 7, "enabled": False}).json()
    assert (changed["when"], changed["enabled"]) == ("every 7 minutes", False)
    assert (changed["name"], changed["args"]) == ("hourly", [1, "eu"])
    gone = send(client, "delete", path)
    assert (gone.status_code, gone.json()["result"]) == (200, "done")
    assert not PeriodicTask.objects.filter(name="hourly").exists()
    trail = AuditEntry.objects.filter(action="schedule", user="key:program")
    assert list(trail.order_by("id").values_list("target", flat=True)) == [
        "make hourly", "edit hourly", "delete hourly",
    ]  # fmt: skip


GOOD = {"name": "n", "task": TASK}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        (GOOD | {"name": "nightly"}, "name"),
        (GOOD | {"task": "no.such"}, "task"),
        (GOOD | {"kind": "weekly"}, "kind"),
        (GOOD | {"every": 0}, "every"),
        (GOOD | {"period": "weeks"}, "period"),
        (GOOD | {"kind": "crontab", "minute": "99"}, "minute"),
        (GOOD | {"kind": "crontab", "timezone": "Mars/Base"}, "timezone"),
        (GOOD | {"kind": "clocked"}, "clocked_time"),
        (GOOD | {"kind": "clocked", "clocked_time": "soon"}, "clocked_time"),
        (GOOD | {"args": {}}, "args"),
        (GOOD | {"kwargs": []}, "kwargs"),
        (GOOD | {"enabled": "perhaps"}, "enabled"),
        (GOOD | {"expire_seconds": 0}, "expire_seconds"),
        (GOOD | {"speed": 1}, "speed"),
        (GOOD | {"description": "\ud800"}, "description"),
    ],
)
def test_what_makes_no_sense_is_a_400_that_names_the_field(
    program: Program, row: PeriodicTask, body: dict[str, Any], field: str
) -> None:
    answer = send(program("all"), "post", "", body)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert PeriodicTask.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
@pytest.mark.parametrize("path", ["999999/", "x/", "%00/", "9999999999999999999/"])
def test_a_schedule_that_is_not_there_is_a_404(
    program: Program, db: None, method: str, path: str
) -> None:
    assert send(program("all"), method, path).status_code == 404


def test_the_next_run_is_left_out_and_not_after_all(program: Program, row: PeriodicTask) -> None:
    client = program("control")
    assert send(client, "post", f"{row.pk}/skip/").json()["schedule"]["skipping"]
    assert not send(client, "post", f"{row.pk}/keep/").json()["schedule"]["skipping"]


def test_a_key_that_acts_may_not_change(program: Program, row: PeriodicTask) -> None:
    """A schedule sends any task; what `control` may launch is what CELERY_TASKLOG_LAUNCH names."""
    client = program("control")
    assert send(client, "post", "", GOOD).status_code == 403
    assert send(client, "patch", f"{row.pk}/", {"enabled": False}).status_code == 403
    assert send(client, "delete", f"{row.pk}/").status_code == 403
    row.refresh_from_db()
    assert row.enabled


def test_a_persons_key_may_no_more_than_the_person(row: PeriodicTask, settings: Any) -> None:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""
    user = User.objects.create_user("olga")
    user.groups.add(Group.objects.get(name=group_name(Role.OPERATOR)))
    _, text = create_key("olgas", ["all"], user=user)
    client = Client(headers={"authorization": f"Api-Key {text}"})
    assert client.get(f"{URL}{row.pk}/").status_code == 200
    assert send(client, "delete", f"{row.pk}/").status_code == 403
