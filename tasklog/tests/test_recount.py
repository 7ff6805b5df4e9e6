"""The tallies can be made anew from the runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from tasklog import recount
from tasklog.models import TaskFailure, TaskRun, TaskTally

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def make(task_id: str, minutes: float = 0, **values: object) -> TaskRun:
    at = NOON + timedelta(minutes=minutes)
    given = {"name": "t", "state": "SUCCESS", "started_at": at, "finished_at": at, **values}
    return TaskRun.objects.create(task_id=task_id, **given)


def test_every_finished_run_is_counted_once_however_many_end_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE", 3)
    for number in range(8):
        make(f"same{number}")
    for number in range(5):
        make(f"later{number}", minutes=number * 30)
    make("open", state="STARTED", finished_at=None)
    assert recount.recount() == 13
    spans = TaskTally.objects.filter(span="hour").order_by("since")
    assert [tally.succeeded for tally in spans] == [10, 2, 1]
    assert TaskTally.objects.get(span="ever").succeeded == 13


def test_counting_twice_changes_nothing() -> None:
    make("a")
    make("b", state="FAILURE", exception="E: 1")
    recount.recount()
    once = list(TaskTally.objects.order_by("pk").values("name", "span", "succeeded", "failed"))
    recount.recount()
    assert once == list(
        TaskTally.objects.order_by("pk").values("name", "span", "succeeded", "failed")
    )
    assert TaskFailure.objects.get().count == 1
    assert TaskRun.objects.get(pk="b").signature == TaskFailure.objects.get().signature


def test_the_command_asks_for_a_yes() -> None:
    with pytest.raises(CommandError, match="--rebuild"):
        call_command("tasklog_tally")
    make("a")
    call_command("tasklog_tally", "--rebuild")
    assert TaskTally.objects.filter(span="ever").exists()
