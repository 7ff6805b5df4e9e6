from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from tasklog.archive import retention
from tasklog.archive.archiving import archive_run
from tasklog.archive.retention import prune, trim
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun
from tasklog.states import State

pytestmark = pytest.mark.django_db


def finished(
    task_id: str, days_ago: float, state: State = State.SUCCESS, lines: int = 3
) -> TaskRun:
    run = TaskRun.objects.create(
        task_id=task_id,
        state=state,
        line_count=lines,
        finished_at=timezone.now() - timedelta(days=days_ago),
    )
    TaskAttempt.objects.create(task=run)
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, message="x") for n in range(1, lines + 1)
    )
    return run


def left() -> set[str]:
    return set(TaskRun.objects.values_list("task_id", flat=True))


@override_settings(CELERY_TASKLOG_RETENTION_DAYS=30)
def test_runs_past_their_days_go_with_all_that_is_theirs() -> None:
    finished("old", 31)
    finished("young", 29)
    pruned = prune()
    assert (pruned.runs, pruned.lines, left()) == (1, 3, {"young"})
    assert set(TaskLogLine.objects.values_list("task_id", flat=True)) == {"young"}
    assert TaskAttempt.objects.filter(task_id="old").count() == 0


@override_settings(CELERY_TASKLOG_RETENTION_DAYS=30, CELERY_TASKLOG_FAILURE_RETENTION_DAYS=90)
def test_failures_may_stay_longer() -> None:
    finished("well", 60)
    finished("badly", 60, State.FAILURE)
    finished("long ago", 91, State.LOST)
    prune()
    assert left() == {"badly"}


def test_archived_runs_go_with_their_chunks() -> None:
    finished("old", 400)
    archive_run("old")
    assert prune().lines == 3
    assert not LogChunk.objects.exists()


def test_a_dry_run_counts_and_deletes_nothing() -> None:
    finished("old", 400)
    pruned = prune(dry_run=True)
    assert (pruned.runs, pruned.lines, left()) == (1, 3, {"old"})


def test_running_and_waiting_runs_never_expire() -> None:
    TaskRun.objects.create(task_id="t", created_at=timezone.now() - timedelta(days=400))
    assert prune().runs == 0


def test_given_days_replace_the_settings() -> None:
    finished("t", 2, State.FAILURE)
    assert prune(days=1).runs == 1


@override_settings(CELERY_TASKLOG_MAX_LINES=10)
def test_the_cap_keeps_the_first_and_the_newest_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "STEP", 7)
    run = finished("t", 0, lines=40)
    assert trim(run) == 0, "a small surplus is left alone while the run goes on"
    assert trim(run, exactly=True) == 30
    assert trim(run, exactly=True) == 0
    kept = list(TaskLogLine.objects.of("t").values_list("number", flat=True))
    assert kept == [1, 2, 3, 4, 5, 36, 37, 38, 39, 40]
    assert TaskRun.objects.get(pk="t").dropped_count == 30


@override_settings(CELERY_TASKLOG_MAX_LINES=0)
def test_without_a_cap_everything_stays() -> None:
    assert trim(finished("t", 0, lines=40), exactly=True) == 0
