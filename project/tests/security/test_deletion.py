"""A deleted run leaves no word of itself in any table or answer; only the trail knows its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from tasklog.archive.archiving import archive_step
from tasklog.archive.reader import read_lines
from tasklog.archive.retention import prune
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db
WORD = "cnry-forget-me-once"


def rows_with(word: str) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [table for row in cursor.fetchall() if word in repr(row)]
    return found


@pytest.fixture
def run() -> TaskRun:
    ended = timezone.now() - timedelta(days=40)
    run = TaskRun.objects.create(
        task_id="r1", name="orders.import", state="SUCCESS", args=f'["{WORD}"]', result=WORD,
        traceback=WORD, created_at=ended, started_at=ended, finished_at=ended,
    )  # fmt: skip
    attempt = TaskAttempt.objects.create(
        task=run, reason=WORD, started_at=ended, finished_at=ended, outcome="SUCCESS"
    )
    for number in range(3):
        TaskLogLine.objects.create(task=run, attempt=attempt, message=f"{WORD} {number}")
    return run


@pytest.mark.parametrize("archived", [False, True])
def test_nothing_of_a_deleted_run_is_left(
    archived: bool, run: TaskRun, signed_in: Callable[[User], Client]
) -> None:
    while archived and archive_step(run.pk):
        pass
    assert LogChunk.objects.exists() is archived
    assert len(read_lines(run.pk)) == 3
    assert rows_with(WORD)
    client = signed_in(User.objects.create_superuser("root"))
    assert client.get("/runs/r1/download/").status_code == 200
    prune()
    assert rows_with(WORD) == []
    assert set(rows_with("orders.import")) == {"tasklog_audit_auditentry"}
    for path in ("/runs/r1/", "/runs/r1/lines/", "/runs/r1/download/", "/tasklog/api/tasks/r1/"):
        assert client.get(path).status_code == 404
    assert WORD not in client.get(f"/search/?q={WORD[:8]}").content.decode()
