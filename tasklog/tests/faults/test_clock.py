"""Clocks that jump, differ between hosts, or stand wherever they like.

F-16  test_a_clock_that_jumps_moves_no_line_and_makes_no_negative_time
F-16  test_hosts_whose_clocks_differ_keep_their_lines_in_order
F-16  test_a_worker_far_in_the_past_loses_nothing_to_retention
F-16  test_a_host_far_in_the_future_deletes_nobodys_runs
F-16  test_a_host_whose_clock_is_wrong_is_told
F-16  test_a_drainers_timers_go_on_when_its_clock_jumps
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from tasklog.archive.retention import prune
from tasklog.health import run_probes
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun
from tasklog.tests.faults.written import LINES, Written, drain, stored

HOUR = 3600.0
NOTHING = timedelta(0)


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 1.0, -1.0])
def test_a_clock_that_jumps_moves_no_line_and_makes_no_negative_time(folder, admin_client, jump):
    Written("t1", jump=jump).leave(folder)
    drain(folder)
    assert stored("t1") == list(range(1, LINES + 1))
    run, attempt = TaskRun.objects.get(), TaskAttempt.objects.get()
    assert run.state == "SUCCESS"
    assert run.duration >= NOTHING
    assert attempt.duration >= NOTHING
    assert attempt.lag_p95_ms >= 0
    assert admin_client.get(reverse("dashboard:run", args=["t1"])).status_code == 200


def test_hosts_whose_clocks_differ_keep_their_lines_in_order(folder):
    """Two attempts of one run, on hosts five minutes apart, read in one batch."""
    Written("t1", ahead=-300).leave(folder)
    Written("t1", ahead=300).leave(folder)
    Written("t2", ahead=-300).leave(folder)
    drain(folder)
    for attempt in TaskAttempt.objects.all():
        lines = TaskLogLine.objects.filter(attempt=attempt).order_by("number")
        assert list(lines.values_list("seq", flat=True)) == list(range(1, LINES + 1))
        assert (attempt.emitted, attempt.stored) == (LINES, LINES)
    numbers = TaskLogLine.objects.of("t1").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 2 * LINES + 1))


@pytest.mark.parametrize("days", [31, 20_000])
def test_a_worker_far_in_the_past_loses_nothing_to_retention(folder, settings, days):
    """A machine without a battery wakes up in 1970; what it stores today is kept its days."""
    settings.CELERY_TASKLOG_RETENTION_DAYS = 30
    Written("t1", ahead=-days * 24 * HOUR).leave(folder)
    drain(folder)
    assert prune().runs == 0
    assert stored("t1") == list(range(1, LINES + 1))
    assert prune(days=0).runs == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no clock of its own")
def test_a_host_far_in_the_future_deletes_nobodys_runs(folder):
    Written("t1").leave(folder)
    drain(folder)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=400)):
        assert prune().runs == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no clock of its own")
@pytest.mark.parametrize(
    ("ahead", "said"),
    [(9, "s ahead of the database"), (-9, "s behind the database"), (1, "together")],
)
def test_a_host_whose_clock_is_wrong_is_told(folder, ahead, said):
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=ahead)):
        Written("t1").leave(folder)
        drain(folder)
    drainer, clocks = run_probes(["drainer"])[:2]
    assert said in clocks.value
    assert (drainer.ok, clocks.ok) == (True, True if said == "together" else None)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_drainers_timers_go_on_when_its_clock_jumps(folder, jump):
    with time_machine.travel(time.time() + jump):
        Written("t1", ahead=-jump).leave(folder)
        drain(folder)
    assert stored("t1") == list(range(1, LINES + 1))
    assert TaskRun.objects.get().state == "SUCCESS"
