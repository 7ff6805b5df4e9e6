"""The schedules' pages, what their buttons do, and the page of usage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tasklog.audit.models import AuditEntry
from tasklog.control.schedules.models import ScheduleSkip
from tasklog.maintenance.models import UsageDay
from tasklog.models import TaskRun
from tasklog.roles import Role, group_name

TASK = "tasklog.timed_print_task"


@pytest.fixture
def row(db: None) -> PeriodicTask:
    PeriodicTask.objects.all().delete()
    return PeriodicTask.objects.create(
        name="<b>nightly", task=TASK, kwargs='{"duration": 0}',
        interval=IntervalSchedule.objects.create(every=1, period="days"),
    )  # fmt: skip


@pytest.fixture
def sign_in(client: Client, django_user_model: Any, settings: Any) -> Callable[[Role], Client]:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""

    def sign(role: Role) -> Client:
        user = django_user_model.objects.create_user(role.name.lower())
        user.groups.add(Group.objects.get(name=group_name(role)))
        client.force_login(user)
        return client

    return sign


def test_the_list_says_when_and_escapes_what_people_wrote(
    row: PeriodicTask, sign_in: Callable[[Role], Client]
) -> None:
    TaskRun.objects.create(task_id="r1", schedule=row.name, state="FAILURE")
    client = sign_in(Role.VIEWER)
    response = client.get("/schedules/")
    told = response.content.decode()
    assert "every day" in told
    assert "&lt;b&gt;nightly" in told
    assert "Failed" in told
    assert "Run now" not in told
    headers = {"HX-Request": "true", "If-None-Match": response.context["etag"]}
    assert client.get("/schedules/", headers=headers).status_code == 304


def test_an_empty_list_says_what_to_do(db: None, sign_in: Callable[[Role], Client]) -> None:
    PeriodicTask.objects.all().delete()
    assert "Make the first one" in sign_in(Role.ADMINISTRATOR).get("/schedules/").content.decode()


def test_one_shows_its_next_runs_its_last_and_who_started_them(
    row: PeriodicTask, sign_in: Callable[[Role], Client]
) -> None:
    TaskRun.objects.create(task_id="r1", schedule=row.name, triggered_by="grace")
    TaskRun.objects.create(task_id="r2", schedule=row.name)
    told = sign_in(Role.OPERATOR).get(f"/schedules/{row.pk}/").content.decode()
    assert told.count("<li>") == 5
    assert "grace" in told
    assert "the clock" in told
    assert "/runs/r1/" in told
    assert "Delete" not in told


@pytest.mark.parametrize("schedule_id", ["0", "999999", "x", "9" * 30, "²"])
def test_an_unknown_one_is_not_found(
    schedule_id: str, db: None, sign_in: Callable[[Role], Client]
) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    assert client.get(f"/schedules/{schedule_id}/").status_code == 404
    assert client.post(f"/schedules/{schedule_id}/run/").status_code == 404


def test_verbs_do_what_they_say_and_are_written_down(
    row: PeriodicTask, sign_in: Callable[[Role], Client]
) -> None:
    client = sign_in(Role.OPERATOR)

    def post(verb: str) -> int:
        return client.post(f"/schedules/{row.pk}/{verb}/").status_code

    assert post("disable") == 302
    assert not PeriodicTask.objects.get().enabled
    assert post("skip") == 302
    assert not ScheduleSkip.objects.exists()
    assert post("enable") == 302
    assert post("skip") == 302
    assert ScheduleSkip.objects.get().asked_by == "operator"
    assert post("fly") == 404
    assert post("delete") == 403
    assert PeriodicTask.objects.exists()
    entries = AuditEntry.objects.filter(action="schedule").order_by("pk")
    assert [(e.target, e.result) for e in entries] == [
        (f"disable {row.name}", "done"), (f"skip {row.name}", "failed"),
        (f"enable {row.name}", "done"), (f"skip {row.name}", "done"),
        (f"delete {row.name}", "refused"),
    ]  # fmt: skip


def test_run_now_leads_to_its_run(row: PeriodicTask, sign_in: Callable[[Role], Client]) -> None:
    response = sign_in(Role.OPERATOR).post(f"/schedules/{row.pk}/run/")
    run = TaskRun.objects.get(schedule=row.name)
    assert response.url == f"/runs/{run.pk}/"
    assert AuditEntry.objects.get(action="run now").target == f"run {row.name}"


def test_a_viewer_may_only_look(row: PeriodicTask, sign_in: Callable[[Role], Client]) -> None:
    client = sign_in(Role.VIEWER)
    assert client.post(f"/schedules/{row.pk}/run/").status_code == 403
    assert client.get("/schedules/new/").status_code == 403
    assert not TaskRun.objects.exists()


def test_an_administrator_makes_edits_and_deletes(
    db: None, sign_in: Callable[[Role], Client]
) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    body = {
        "name": "mine", "task": TASK, "kind": "interval", "every": "5", "period": "minutes",
        "args": "[]", "kwargs": "{}", "enabled": "on",
    }  # fmt: skip
    wrong = client.post("/schedules/make/", {**body, "args": "{}"})
    assert wrong.status_code == 422
    assert "Give a JSON list" in wrong.content.decode()
    assert client.post("/schedules/make/", body).status_code == 302
    row = PeriodicTask.objects.get(name="mine")
    assert 'value="mine"' in client.get(f"/schedules/{row.pk}/edit/").content.decode()
    client.post(f"/schedules/{row.pk}/edit/", {**body, "every": "7"})
    row.refresh_from_db()
    assert row.interval.every == 7
    assert client.post(f"/schedules/{row.pk}/delete/").url == "/schedules/"
    assert not PeriodicTask.objects.filter(name="mine").exists()


def test_programs_list_and_act_with_the_scope_control(row: PeriodicTask, client: Client) -> None:
    from tasklog.api.keys import create_key

    def headers(scope: str) -> dict[str, str]:
        return {"authorization": f"Api-Key {create_key('k', [scope])[1]}"}

    url = "/tasklog/api/schedules/"
    assert client.get(url, headers=headers("tasks:read")).status_code == 403
    found = client.get(url, headers=headers("control")).json()["results"]
    assert (found[0]["name"], found[0]["when"], len(found[0]["next"])) == (row.name, "every day", 5)
    assert client.get(f"{url}?page=x", headers=headers("control")).status_code == 400
    done = client.post(f"{url}{row.pk}/disable/", headers=headers("control"))
    assert (done.status_code, done.json()["schedule"]["enabled"]) == (200, False)
    assert client.post(f"{url}{row.pk}/skip/", headers=headers("control")).status_code == 409
    for path in (f"{row.pk}/delete/", f"{row.pk}/edit/", "x/run/"):
        assert client.post(url + path, headers=headers("control")).status_code == 404


def test_usage_by_day(db: None, sign_in: Callable[[Role], Client]) -> None:
    client = sign_in(Role.VIEWER)
    assert "Nothing counted yet" in client.get("/diagnostics/usage/").content.decode()
    for n in range(1, 4):
        UsageDay.objects.create(day=date(2026, 11, n), runs=n * 1000, size=2048, users=n)
    told = client.get("/diagnostics/usage/?days=90").content.decode()
    assert "6,000" in told
    assert "3 at most a day" in told
    assert "<title>2026-11-03: 3,000</title>" in told
    assert "/diagnostics/usage/" in client.get("/diagnostics/").content.decode()
