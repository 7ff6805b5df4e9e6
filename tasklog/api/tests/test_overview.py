"""`overview/`, `usage/`, `diagnostics/`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tasklog.api.keys import create_key
from tasklog.health import Probe
from tasklog.maintenance.models import UsageDay
from tasklog.models import TaskRun

Program = Callable[..., Client]
API = "/tasklog/api/"


def test_what_goes_on_now_as_far_as_one_may_see_it(
    program: Program, db: None, settings: Any
) -> None:
    now = timezone.now()
    TaskRun.objects.create(task_id="a", state="STARTED", started_at=now)
    TaskRun.objects.create(task_id="b", state="PENDING", queued_at=now)
    TaskRun.objects.create(task_id="c", state="FAILURE", started_at=now, finished_at=now)
    told = program("tasks:read").get(f"{API}overview/").json()
    assert (told["running"], told["waiting"], told["failed"]) == (1, 1, 1)
    assert (told["most"], len(told["last_hour"]["running"])) == (1000, 24)
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert program("tasks:read").get(f"{API}overview/").json()["running"] == 0


def test_the_probes_with_the_worst_of_them(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = [
        Probe("db", "Database", True, "1 ms"),
        Probe("lag", "Lag", None, "9 s", "5 s", "Look"),
    ]
    monkeypatch.setattr("tasklog.api.monitoring.run_probes", lambda: probes)
    told = program("metrics").get(f"{API}diagnostics/").json()
    assert (told["ok"], [one["name"] for one in told["results"]]) == (None, ["db", "lag"])
    assert told["results"][1]["advice"] == "Look"


def test_usage_by_day(program: Program, db: None) -> None:
    for n in range(1, 4):
        UsageDay.objects.create(day=date(2026, 11, n), runs=n)
    client = program("metrics")
    days = client.get(f"{API}usage/?days=2").json()["results"]
    assert [(one["day"], one["runs"]) for one in days] == [("2026-11-03", 3), ("2026-11-02", 2)]
    assert client.get(f"{API}usage/?days=0").status_code == 400


def test_programs_of_their_own_are_not_told_of_each_others_runs(db: None, settings: Any) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    TaskRun.objects.create(task_id="a", state="STARTED", triggered_by="key:first")
    told = {}
    for name in ("first", "second"):
        headers = {"authorization": f"Api-Key {create_key(name, ['tasks:read'])[1]}"}
        told[name] = Client(headers=headers).get(f"{API}overview/").json()["running"]
    assert told == {"first": 1, "second": 0}


@pytest.mark.parametrize("path", ["usage/", "diagnostics/"])
def test_they_take_the_scope_metrics(program: Program, path: str) -> None:
    assert program("tasks:read", "logs:read", "control").get(f"{API}{path}").status_code == 403
