"""A spool on a disk that is really full, or really read-only."""

import os
import shutil
import subprocess
import time

import pytest

from tasklog.capture.attempt import Attempt
from tasklog.drain import closing
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun
from tasklog.spool import appender as module
from tasklog.spool import record
from tasklog.spool.appender import Appender
from tasklog.spool.reader import is_held

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a disk needs root"
)
LINE = "x" * 1000 + "\n"


@pytest.fixture
def folder(tmp_path, settings):
    """A disk of 2 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    settings.CELERY_TASKLOG_SPOOL_DIR = str(disk)
    settings.CELERY_TASKLOG_MAX_LINES = 0
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def attempt(folder, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(closing, "NOTICE_SECONDS", 0.1)
    own = Attempt("t1", "t.demo", Appender())
    own.event("S", {"spool": own.sink.stem, "name": "t.demo"})
    yield own
    own.sink.close()


def write(attempt, count):
    for _ in range(count):
        attempt.write("o", LINE)


def pay_when_due(attempt, step):
    """The next record of this process brings what it owes."""
    for _ in range(3):
        time.sleep(0.06)
        attempt.sink.append(record.encode_event("B", {"worker": "w"}))
        step()


def test_a_live_process_on_a_full_disk_is_not_lost_and_says_what_is_missing(attempt, step):
    write(attempt, 3_000)
    assert attempt.dropped
    for _ in range(4):  # the grace of the dead passes, with the disk full all the time
        attempt.write("o", LINE)
        assert is_held(attempt.sink.path)
        step()
        time.sleep(0.06)
    assert TaskRun.objects.get().state == "STARTED"
    write(attempt, 10)  # the drainer has deleted what it stored: there is room again
    attempt.close({"state": "SUCCESS"})
    step()
    ended = TaskAttempt.objects.get()
    assert (ended.outcome, ended.emitted) == ("SUCCESS", 3_014)
    assert ended.stored + ended.dropped == ended.emitted
    told = TaskLogLine.objects.filter(message__contains="lines were dropped here")
    assert 1 <= told.count() <= 5


def test_an_end_waits_for_room(attempt, step, folder):
    (folder / "foreign").write_bytes(bytes(1 << 20))
    write(attempt, 2_000)
    step()
    attempt.close({"state": "SUCCESS"})
    (folder / "foreign").unlink()
    pay_when_due(attempt, step)
    assert TaskRun.objects.get().state == "SUCCESS"


def test_a_disk_that_becomes_read_only_costs_lines_and_no_life(attempt, step, folder):
    write(attempt, 1)

    def remount(how):
        # Busy with our open file, the disk refuses: then only new files are impossible.
        command = ["mount", "-o", f"remount,{how},size=2m", str(folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    step()
    refused = not remount("ro")
    write(attempt, 3_000)
    # Where the disk refused to become read-only there may be a newer file.
    assert is_held(attempt.sink.path)
    step()
    assert TaskRun.objects.get().state == "STARTED"
    assert refused or remount("rw")
    attempt.close({"state": "SUCCESS"})
    pay_when_due(attempt, step)
    assert TaskRun.objects.get().state == "SUCCESS"


def test_a_folder_without_room_for_a_file_is_no_fault_of_the_task(attempt, folder, monkeypatch):
    write(attempt, 1)
    held = attempt.sink.path
    monkeypatch.setattr(module, "ROTATE_BYTES", 1 << 20)
    monkeypatch.setattr(module, "_FLAGS", os.O_WRONLY)  # a new file cannot be made
    write(attempt, 1_500)
    assert attempt.sink.path == held
    assert is_held(held)
    assert attempt.dropped == 0
