"""A run that says nothing for longer than usual is marked, on its page and in the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tasklog.models import TaskRun, TaskWorker

Make = Callable[..., TaskRun]


@pytest.fixture
def stuck(make_run: Make) -> TaskRun:
    """It has said nothing for four minutes; six earlier ones were quiet for 12 s at most."""
    now = timezone.now()
    for n in range(6):
        ended = {"state": "SUCCESS", "started_at": now, "finished_at": now, "spoke_at": now}
        make_run(f"r{n}", longest_silence=12, **ended)
    TaskWorker.objects.create(name="w1", seen_at=now)
    begun = now - timedelta(minutes=5)
    return make_run(
        "now", state="STARTED", worker="w1", started_at=begun,
        spoke_at=now - timedelta(minutes=4),
    )  # fmt: skip


def test_the_run_says_how_long_and_what_is_usual(browser_of_ada: Client, stuck: TaskRun) -> None:
    page = browser_of_ada.get("/runs/now/status/").content.decode()
    assert "Quiet for" in page
    assert "usually at most 12 s" in page
    TaskRun.objects.filter(pk="now").update(spoke_at=timezone.now())
    assert "Quiet for" not in browser_of_ada.get("/runs/now/status/").content.decode()


def test_a_new_note_is_not_kept_back_by_a_tag(browser_of_ada: Client, stuck: TaskRun) -> None:
    TaskRun.objects.filter(pk="now").update(spoke_at=timezone.now())
    tag = browser_of_ada.get("/runs/now/status/").headers["ETag"]
    assert (
        browser_of_ada.get("/runs/now/status/", headers={"If-None-Match": tag}).status_code == 304
    )
    TaskRun.objects.filter(pk="now").update(spoke_at=timezone.now() - timedelta(minutes=4))
    assert (
        browser_of_ada.get("/runs/now/status/", headers={"If-None-Match": tag}).status_code == 200
    )


def test_the_list_marks_it_alone(browser_of_ada: Client, stuck: TaskRun) -> None:
    page = browser_of_ada.get("/").content.decode()
    assert page.count("quiet for") == 1
