"""A look at the past where it left other traces than tasks' own runs and lines."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasklog.alerts.finding import Preview
from tasklog.alerts.models import Rule
from tasklog.alerts.preview import preview
from tasklog.alerts.tests.conftest import ended
from tasklog.control.models import COARSE, SECONDS, QueueSample
from tasklog.models import TaskLogLine, TaskRun, TaskWorker

pytestmark = pytest.mark.django_db


def seen(condition: str, user: User | None = None, **values: Any) -> Preview:
    user = user or User.objects.create_superuser("root")
    return preview(Rule(condition=condition, **values), user)


def told(found: Preview) -> list[str]:
    return [sample.told for sample in found.samples]


def sampled(queue: str, *depths: int) -> None:
    """One for each five minutes, the last one just now."""
    last = int(time.time()) // SECONDS // COARSE
    for ago, depth in enumerate(reversed(depths)):
        slot = (last - ago) * COARSE
        QueueSample.objects.create(queue=queue, slot=slot, depth=depth, coarse=True)


def test_a_queue_counts_once_each_time_it_grew_too_long() -> None:
    sampled("slow", 150, 0, 0, 101, 300, 0, 120)
    sampled("quick", 0, 5, 100, 0, 500, 0, 0)
    found = seen("queue", queues="slow", limits={"waiting": 100})
    assert (found.count, found.looked, found.of) == (3, 7, "samples of queues")
    assert told(found)[:2] == ["120 tasks waited in slow", "101 tasks waited in slow"]
    assert found.since is not None
    assert timezone.now() - found.since > timedelta(minutes=29)


@pytest.mark.parametrize(("installed", "why"), [(True, "yet"), (False, "without tasklog.control")])
def test_without_samples_a_queue_shows_the_present_and_says_so(
    installed: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasklog.alerts.depths.kept", lambda: installed)
    for number in range(3):
        TaskRun.objects.create(task_id=f"w{number}", name="a", queue="slow", state="PENDING")
    found = seen("queue", limits={"waiting": 2})
    assert (found.of, told(found)) == ("now", ["3 tasks wait in slow"])
    assert found.note == f"How long queues were is not kept {why}."


def test_a_worker_counts_once_each_time_runs_were_lost_with_it() -> None:
    for worker, ago in (("one", 60), ("one", 90), ("two", 70), ("one", 7200)):
        run = ended("orders.import", "LOST", ago=ago)
        TaskRun.objects.filter(pk=run.pk).update(worker=worker)
    TaskWorker.objects.create(name="three", seen_at=timezone.now() - timedelta(minutes=5))
    found = seen("worker")
    assert (found.count, found.looked) == (4, 4)
    assert told(found) == [
        "Worker three is gone", "Worker one was gone", "Worker two was gone",
        "Worker one was gone",
    ]  # fmt: skip
    assert "leaves no trace" in found.note


def test_lines_of_a_source_are_found_within_its_scope_and_ones_own_view(settings: Any) -> None:
    for source, by in (("upload a.log", "ada"), ("connection Shop", "bob"), ("", "ada")):
        run = TaskRun.objects.create(task_id=f"r{source}", source=source, triggered_by=by)
        for number, (level, stream) in enumerate(((20, "log"), (40, "log"), (40, "system"))):
            said = f"{source} {level} {stream}"
            TaskLogLine.objects.create(
                task=run, number=number + 1, level=level, stream=stream, message=said
            )
    TaskRun.objects.update(line_count=3)
    root = User.objects.create_superuser("root")
    assert set(told(seen("source", root))) == {"upload a.log 40 log", "connection Shop 40 log"}
    found = seen("source", root, sources="upload *", limits={"level": 0})
    assert told(found) == ["upload a.log 40 log", "upload a.log 20 log"]
    assert (found.looked, found.samples[0].line) == (3, 2)
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    ada = User.objects.create_user("ada")
    assert told(seen("source", ada)) == ["upload a.log 40 log"]
