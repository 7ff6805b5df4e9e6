from datetime import timedelta

import pytest
from django.utils import timezone

from tasklog.archive import chunks
from tasklog.archive.reader import read_lines
from tasklog.drain import housekeeping
from tasklog.drain.housekeeping import Housekeeping
from tasklog.models import LogChunk, TaskLogLine, TaskRun
from tasklog.states import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(monkeypatch):
    monkeypatch.setattr(housekeeping, "LOOK_SECONDS", 0)
    monkeypatch.setattr(chunks, "CHUNK_LINES", 5)
    return Housekeeping()


def finished(task_id, days_ago, lines=12):
    ended = timezone.now() - timedelta(days=days_ago)
    run = TaskRun.objects.create(
        task_id=task_id, state=State.SUCCESS, finished_at=ended, line_count=lines
    )
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, message=f"line {n}") for n in range(1, lines + 1)
    )


def test_an_old_run_is_archived_chunk_by_chunk(keeper, monkeypatch):
    finished("t", 2)
    keeper._looked -= 10
    counts = []
    while keeper.step():
        counts.append(LogChunk.objects.count())
        monkeypatch.setattr(housekeeping, "LOOK_SECONDS", 3600)
    assert counts == [1, 2, 3, 3], "one chunk a step, then the run is marked"
    assert [line.message for line in read_lines("t")] == [f"line {n}" for n in range(1, 13)]
    assert TaskRun.objects.get().archived_at


def test_an_expired_run_goes_before_anything_is_archived(keeper):
    finished("ancient", 400)
    finished("young", 0)
    keeper._looked -= 10
    keeper.step()
    assert list(TaskRun.objects.values_list("pk", flat=True)) == ["young"]


def test_a_chunk_that_cannot_be_proved_keeps_its_rows_and_stops_nobody(keeper, monkeypatch):
    finished("bad", 2)
    keeper._looked -= 10
    monkeypatch.setattr(chunks, "unpack", lambda raw: [])
    assert keeper.step()
    assert TaskLogLine.objects.filter(task_id="bad").count() == 12


def test_nothing_due_is_nothing_done(keeper):
    keeper._looked -= 10
    assert not keeper.step()
