from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

import tasklog
from tasklog.models import Drainer, TaskAttempt, TaskRun, TaskWorker

pytestmark = pytest.mark.django_db


def told(program) -> dict[tuple[str, str], float]:
    answer = program("metrics").get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, sample.labels.get("host", "")): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_drainers_and_workers_are_told_by_number(program):
    Drainer.objects.create(host="a", lag_ms=250, spool_bytes=10, lines_stored=7, damaged=1)
    TaskWorker.objects.create(name="w@a", seen_at=timezone.now())
    TaskWorker.objects.create(name="w@b", seen_at=timezone.now() - timedelta(hours=1))
    found = told(program)
    assert found["tasklog_drain_lag_seconds", "a"] == 0.25
    assert found["tasklog_spool_bytes", "a"] == 10
    assert found["tasklog_lines_stored_total", "a"] == 7
    assert found["tasklog_records_damaged_total", "a"] == 1
    assert found["tasklog_workers", ""] == 1


def test_a_receipt_that_does_not_add_up_is_a_number_above_zero(program):
    assert told(program)["tasklog_lines_missing", ""] == 0
    run = TaskRun.objects.create(task_id="t", dropped_count=2)
    TaskAttempt.objects.create(task=run, emitted=9, stored=4, dropped=2, finished_at=timezone.now())
    found = told(program)
    assert found["tasklog_lines_missing", ""] == 3
    assert found["tasklog_attempts_short", ""] == 1
    assert found["tasklog_lines_dropped", ""] == 2


def test_nobody_else_is_answered(client, program):
    assert client.get("/metrics").status_code == 401
    assert program("tasks:read").get("/metrics").status_code == 403
    client.force_login(User.objects.create(username="root", is_superuser=True))
    assert client.get("/metrics").status_code == 200


def test_without_the_extra_the_answer_says_what_to_install(program, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "tasklog.metrics", raising=False)
    monkeypatch.delattr(tasklog, "metrics", raising=False)
    answer = program("metrics").get("/metrics")
    assert answer.status_code == 501
    assert "celery-tasklog[metrics]" in answer.content.decode()
