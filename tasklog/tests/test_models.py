import pytest

from tasklog.models import TaskLogLine, TaskRun
from tasklog.states import Cause, State

pytestmark = pytest.mark.django_db


def test_a_line_made_by_hand_joins_its_runs_numbering() -> None:
    for message in ("one", "two"):
        TaskLogLine.objects.create(task_id="by-hand", stream="stdout", message=message)
    lines = TaskLogLine.objects.filter(task_id="by-hand")
    assert [(line.number, line.message) for line in lines] == [(1, "one"), (2, "two")]
    assert TaskRun.objects.get(pk="by-hand").line_count == 2


def test_levels_are_counted_on_the_run() -> None:
    for level in (0, 20, 30, 40, 50):
        TaskLogLine.objects.create(task_id="t", level=level, message="m")
    run = TaskRun.objects.get(pk="t")
    assert (run.warning_count, run.error_count) == (1, 2)


def test_the_first_end_of_a_run_is_the_only_one() -> None:
    run = TaskRun.objects.create(task_id="t")
    assert run.mark_started(worker="w1") is True
    assert run.mark_failure(ValueError("no"), "Traceback …") is True
    assert run.mark_success("fine") is False
    assert (run.state, run.cause, run.exception) == (State.FAILURE, Cause.EXCEPTION, "no")


def test_a_killed_worker_is_named_instead_of_failed() -> None:
    run = TaskRun(task_id="t", state=State.FAILURE, cause=Cause.KILLED)
    assert run.state_label == "Worker killed"
