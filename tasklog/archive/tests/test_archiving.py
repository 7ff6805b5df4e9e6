from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.test import override_settings
from django.utils import timezone

from tasklog.archive import archiving, chunks
from tasklog.archive.archiving import ChunkDamaged, archive_due, archive_run, raw_of
from tasklog.archive.rows import lines_of
from tasklog.line import Line
from tasklog.models import LogChunk, TaskAttempt, TaskLogLine, TaskRun
from tasklog.states import State

pytestmark = pytest.mark.django_db


def make_run(task_id: str = "t", lines: int = 12, **values: object) -> list[Line]:
    run = TaskRun.objects.create(task_id=task_id, line_count=lines, **values)
    attempt = TaskAttempt.objects.create(task=run)
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, attempt=attempt, number=n, seq=n, message=f"line {n} € \x1b[31m")
        for n in range(1, lines + 1)
    )
    return lines_of(TaskLogLine.objects.of(task_id))


def chunked_lines(task_id: str = "t") -> list[Line]:
    found = LogChunk.objects.filter(task_id=task_id).order_by("first")
    return [line for chunk in found for line in chunks.unpack(raw_of(chunk))]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_LINES", 5)


@pytest.fixture
def archive_storage(tmp_path: Path) -> Iterator[Path]:
    place = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path)},
    }
    with override_settings(STORAGES={**storages.backends, "tasklog_archive": place}):
        yield tmp_path


@pytest.mark.usefixtures("small_chunks")
def test_archiving_moves_every_line_into_chunks() -> None:
    lines = make_run()
    assert archive_run("t") == 12
    assert chunked_lines() == lines
    assert not TaskLogLine.objects.filter(task_id="t").exists()
    assert [(c.first, c.last, c.count) for c in LogChunk.objects.filter(task_id="t")] == [
        (1, 5, 5),
        (6, 10, 5),
        (11, 12, 2),
    ]


def test_archiving_twice_changes_nothing() -> None:
    lines = make_run()
    archive_run("t")
    assert archive_run("t") == 0
    assert chunked_lines() == lines


@pytest.mark.usefixtures("small_chunks")
def test_a_chunk_that_reads_back_differently_keeps_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = make_run()
    monkeypatch.setattr(chunks, "unpack", lambda raw: [])
    with pytest.raises(ChunkDamaged, match="read back"):
        archive_run("t")
    assert lines_of(TaskLogLine.objects.of("t")) == lines
    assert not LogChunk.objects.exists()


def test_a_chunk_that_cannot_be_proved_leaves_no_file(
    archive_storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run()
    monkeypatch.setattr(chunks, "unpack", lambda raw: [])
    with pytest.raises(ChunkDamaged, match="read back"):
        archive_run("t")
    assert [path for path in archive_storage.rglob("*") if path.is_file()] == []


def test_flipped_bytes_are_noticed_on_reading() -> None:
    make_run()
    archive_run("t")
    chunk = LogChunk.objects.get()
    chunk.data = chunks.compress(b"something else")[1]
    with pytest.raises(ChunkDamaged, match="checksum"):
        raw_of(chunk)


def test_chunks_can_live_in_a_storage(archive_storage: Path) -> None:
    lines = make_run(task_id="../../etc/passwd")
    archive_run("../../etc/passwd")
    assert chunked_lines("../../etc/passwd") == lines
    assert LogChunk.objects.get().data is None
    files = [path for path in archive_storage.rglob("*") if path.is_file()]
    assert len(files) == 1
    archiving.discard(LogChunk.objects.all())
    assert not files[0].exists()


def test_only_finished_runs_that_are_old_enough_are_due() -> None:
    now = timezone.now()
    old = now - timedelta(days=2)
    make_run("old", state=State.SUCCESS, finished_at=old)
    make_run("new", state=State.SUCCESS, finished_at=now)
    make_run("running", state=State.STARTED)
    assert archive_due() == 12
    assert set(TaskRun.objects.filter(archived_at__isnull=False).values_list("pk", flat=True)) == {
        "old"
    }
