from __future__ import annotations

import signal
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from conftest import wait_for
from tasklog.canary import Leg, Tally
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun


@pytest.fixture
def check(db):
    """The tally of one finished task that should have printed 1 to 5, given its attempts' lines."""

    def check(*attempts, state="SUCCESS", reason="", age=0):
        run = TaskRun.objects.create(task_id="t", state=state, reason=reason)
        for number, numbers in enumerate(attempts, 1):
            attempt = TaskAttempt.objects.create(
                task=run, number=number, finished_at=timezone.now()
            )
            for text in numbers:
                at = timezone.now() - timedelta(seconds=age)
                TaskLogLine.objects.create(
                    task=run, attempt=attempt, message=f"canary {text}", timestamp=at
                )
        leg = Leg("t", 1, 5, Tally(late_after=10))
        assert leg.read()
        leg.close()
        return leg.tally

    return check


def wrong(tally):
    return tally.missing, tally.doubled, tally.disordered, tally.late


def test_all_lines_once_in_order_and_in_time_are_clean(check):
    tally = check([1, 2, 3, 4, 5])
    assert (tally.clean, tally.lines, wrong(tally)) == (True, 5, (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 4, 5], (1, 0, 0, 0)),
        ([1, 2, 3], (2, 0, 0, 0)),
        ([], (5, 0, 0, 0)),
        ([1, 2, 2, 3, 4, 5], (0, 1, 0, 0)),
        ([1, 3, 2, 4, 5], (0, 0, 1, 0)),
    ],
)
def test_what_is_missing_doubled_or_out_of_order_is_counted(check, numbers, expected):
    tally = check(numbers)
    assert (tally.clean, wrong(tally)) == (False, expected)


def test_a_late_line_is_counted_and_its_delay_told(check):
    tally = check([1, 2, 3, 4, 5], age=30)
    assert (tally.clean, wrong(tally)) == (False, (0, 0, 0, 5))
    assert 30 <= tally.delay(0.5) < 31


def test_an_attempt_that_was_cut_off_owes_only_what_lies_before_its_last_line(check):
    tally = check([1, 2, 3], [1, 2, 3, 4, 5])
    assert (tally.clean, tally.lines) == (True, 8)


def test_a_task_that_ends_badly_is_told_and_its_lines_are_checked(check):
    tally = check([1, 3], state="FAILURE", reason="killed by signal 9 (SIGKILL)")
    assert tally.badly == {"killed by signal 9 (SIGKILL)": 1}
    assert (tally.clean, wrong(tally)) == (False, (1, 0, 0, 0))


def canary(*words):
    out = StringIO()
    try:
        call_command("tasklog_canary", *words, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_clean_soak_tells_its_table_and_leaves_nothing_behind():
    code, told = canary("--rate", "100", "--seconds", "1")
    assert (code, told.splitlines()[-1]) == (0, "Clean.")
    assert told.splitlines()[0].split() == ["lines", "100", "in", "1", "tasks"]
    assert not TaskRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_keeps_what_its_cap_allows_so_tasks_are_short(settings):
    settings.CELERY_TASKLOG_MAX_LINES = 40
    code, _ = canary("--rate", "100", "--seconds", "1", "--keep")
    runs = TaskRun.objects.filter(name="tasklog.canary").order_by("created_at")
    assert code == 0
    assert list(runs.values_list("line_count", flat=True)) == [40, 40, 20]
    lines = TaskLogLine.objects.order_by("task__created_at", "number")
    assert [line.message for line in lines] == [f"canary {number}" for number in range(1, 101)]


@pytest.mark.parametrize("words", [("--rate", "0"), ("--seconds", "-1"), ("--wait", "nan")])
def test_nonsense_is_refused_in_words(words):
    with pytest.raises(CommandError, match="give a number above 0"):
        canary(*words)


@pytest.mark.nightly
def test_real_workers_are_soaked_and_what_they_lose_is_found(stack):
    """First all is well; then the drainer keeps fewer lines than the canary thinks."""
    stack.worker("prefork", 1)
    words = ("manage.py", "tasklog_canary", "--rate", "200", "--seconds", "2")
    well = stack.spawn(*words)
    assert well.wait(60) == 0, stack.output(well)
    stack.close()
    stack.worker("prefork", 1, CELERY_TASKLOG_MAX_LINES="100")
    badly = stack.spawn(*words)
    assert badly.wait(60) == 1, stack.output(badly)
    assert "missing                300" in stack.output(badly)
    run = TaskRun.objects.get(name="tasklog.canary")
    assert run.dropped_count == 300


def test_a_task_that_nobody_takes_is_never_ended_and_all_missing(stack):
    words = ("manage.py", "tasklog_canary", "--rate", "10", "--seconds", "1", "--wait", "1")
    alone = stack.spawn(*words)
    assert alone.wait(30) == 1
    assert "missing                 10" in stack.output(alone)
    assert "never ended              1" in stack.output(alone)


def test_ctrl_c_tells_what_was_checked(stack):
    stack.worker("prefork", 1)
    soak = stack.spawn("manage.py", "tasklog_canary", "--seconds", "60")
    wait_for(lambda: TaskLogLine.objects.count() > 50, 60, lambda: stack.output(soak))
    soak.send_signal(signal.SIGINT)
    assert soak.wait(10) == 0, stack.output(soak)
    assert stack.output(soak).splitlines()[-1] == "Clean."
