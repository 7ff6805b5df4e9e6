"""The places the command palette finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from dashboard.models import SavedView
from tasklog.control.models import QueueSample
from tasklog.models import TaskRun, TaskTally, TaskWorker

HTMX = {"HX-Request": "true"}


def found(client: Client, text: str) -> str:
    return client.get("/palette/", {"q": text}, headers=HTMX).content.decode()


def test_it_finds_pages_tasks_workers_and_runs_by_their_id(
    browser_of_ada: Client, make_run: Callable[..., TaskRun]
) -> None:
    make_run("5f3c1a2b", name="orders.import")
    TaskTally.objects.create(name="orders.export", span="ever", since=timezone.now())
    TaskWorker.objects.create(name="celery@one")
    assert 'href="/search/"' in found(browser_of_ada, "sear")
    assert 'href="/tasks/orders.export/"' in found(browser_of_ada, "EXPORT")
    assert 'href="/workers/celery@one/"' in found(browser_of_ada, "celery@")
    assert 'href="/runs/5f3c1a2b/"' in found(browser_of_ada, "5f3c")
    assert "Nothing is called so" in found(browser_of_ada, "zzzz")


def test_it_finds_queues_schedules_and_saved_views(
    browser_of_ada: Client, django_user_model: Any
) -> None:
    QueueSample.objects.create(queue="mail/slow", slot=1, depth=0, consumers=1)
    every = IntervalSchedule.objects.create(every=1, period="days")
    row = PeriodicTask.objects.create(name="nightly report", task="orders.sum", interval=every)
    ada = django_user_model.objects.get(username="ada")
    SavedView.objects.create(owner=ada, page="runs", query="state=failed", name="what failed")
    assert 'href="/queues/mail%252Fslow/"' in found(browser_of_ada, "SLOW")
    for text in ("Nightly", "orders.sum"):
        assert f'href="/schedules/{row.pk}/"' in found(browser_of_ada, text)
    assert 'href="/?state=failed"' in found(browser_of_ada, "what f")


def test_runs_and_tasks_of_others_are_not_found(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    make_run("5f3c1a2b", name="orders.import", triggered_by="ben")
    TaskTally.objects.create(name="orders.import", span="ever", since=timezone.now())
    assert "/runs/" not in found(browser_of_ada, "5f3c")
    assert "/tasks/orders" not in found(browser_of_ada, "orders")


def test_without_scripts_it_is_a_page(browser_of_ada: Client) -> None:
    html = browser_of_ada.get("/palette/?q=sea").content.decode()
    assert "<html" in html
    assert 'name="q" value="sea"' in html


@pytest.mark.parametrize("text", ["\0", "%", "'", "x" * 5000])
def test_nonsense_finds_nothing_and_harms_nothing(browser_of_ada: Client, text: str) -> None:
    assert browser_of_ada.get("/palette/", {"q": text}).status_code == 200
