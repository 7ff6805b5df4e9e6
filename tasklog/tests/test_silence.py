"""What is usual for a task is learned, and only a run that is heard of can be quiet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.utils import timezone

from tasklog.models import TaskRun, TaskWorker
from tasklog.silence import quiet_runs, usual_silence

pytestmark = pytest.mark.django_db


def learned(silences: Iterable[float], state: str = "SUCCESS") -> None:
    now = timezone.now()
    for silence in silences:
        TaskRun.objects.create(
            task_id=f"r{TaskRun.objects.count()}", name="orders.import", state=state,
            started_at=now, finished_at=now, spoke_at=now, longest_silence=silence,
        )  # fmt: skip


def running(quiet: float, worker: str = "w1", heard: float = 1) -> TaskRun:
    now = timezone.now()
    TaskWorker.objects.update_or_create(
        name=worker, defaults={"seen_at": now - timedelta(seconds=heard)}
    )
    return TaskRun.objects.create(
        task_id=f"r{TaskRun.objects.count()}", name="orders.import", state="STARTED",
        worker=worker, started_at=now - timedelta(hours=1),
        spoke_at=now - timedelta(seconds=quiet),
    )  # fmt: skip


def test_the_usual_is_that_of_good_runs_once_there_are_enough() -> None:
    learned([12, 12, 12, 12])
    assert usual_silence("orders.import") is None
    learned([900], state="TIMEOUT")
    assert usual_silence("orders.import") is None
    learned([12])
    assert usual_silence("orders.import") == pytest.approx(12)


def test_a_run_quiet_beyond_it_is_found_and_one_within_it_is_not() -> None:
    learned([12] * 6)
    assert quiet_runs([running(20)]) == []
    (found,) = quiet_runs([running(240)])
    assert (round(found.seconds), found.usual) == (240, pytest.approx(12))
    assert quiet_runs([running(240)], factor=30) == []
    assert quiet_runs([running(240)], least=400) == []


def test_nothing_is_said_where_nothing_is_known() -> None:
    run = running(240)
    assert quiet_runs([run]) == [], "no earlier run tells what is usual"
    learned([12] * 6)
    assert len(quiet_runs([run])) == 1
    assert quiet_runs([running(240, "w2", heard=60)]) == [], "its worker is not heard of either"
    run.state = "SUCCESS"
    assert quiet_runs([run]) == []
