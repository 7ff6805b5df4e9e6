"""How long a run is likely to go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.left import Left, time_left
from tasklog.models import TaskRun

Make = Callable[..., TaskRun]


def running(make_run: Make, seconds: float, **values: object) -> TaskRun:
    begun = timezone.now() - timedelta(seconds=seconds)
    return make_run("now", state="STARTED", started_at=begun, **values)


@pytest.fixture
def history(make_run: Make) -> None:
    """Five runs of 100 seconds each."""
    begun = timezone.now() - timedelta(hours=1)
    for n in range(5):
        ended = begun + timedelta(seconds=100)
        make_run(f"r{n}", state="SUCCESS", started_at=begun, finished_at=ended)


def test_earlier_runs_tell_how_long_it_takes(make_run: Make, history: None) -> None:
    assert time_left(running(make_run, 60)) == Left("1 m 40 s", "about 40 s")


def test_its_own_progress_counts_for_more(make_run: Make, history: None) -> None:
    assert time_left(running(make_run, 60, progress=75)).left == "about 20 s"


def test_past_the_usual_it_says_so(make_run: Make, history: None) -> None:
    assert time_left(running(make_run, 300)).left == "longer than usual"


def test_without_history_nothing_is_promised(make_run: Make) -> None:
    assert time_left(running(make_run, 60)) == Left()


def test_the_page_shows_it_while_it_runs(
    browser_of_ada: Client, make_run: Make, history: None
) -> None:
    running(make_run, 60)
    html = browser_of_ada.get("/runs/now/").content.decode()
    assert "about 40 s" in html
    assert "about 40 s" not in browser_of_ada.get("/runs/r1/").content.decode()
