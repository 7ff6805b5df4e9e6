"""A spool that is damaged, of another version, unreadable, or drained into the wrong place.

F-14  tasklog/drain/tests/test_full_disk.py
F-15  test_of_a_damaged_file_every_good_line_is_stored_once_and_the_rest_is_counted
F-15  test_damaged_files_stand_in_the_way_of_no_other_file
F-15  test_what_is_unreadable_turns_health_red_and_is_stored_once_it_can_be_read
F-15  test_a_drainer_sent_to_the_wrong_database_leaves_the_spool_as_it_is
F-15  tasklog/spool/tests/test_reader.py::test_good_records_among_damaged_ones_are_all_used
F-15  tasklog/spool/tests/test_reader.py::test_a_file_of_another_owner_is_named_and_kept
"""

from __future__ import annotations

import json
import os
import pwd
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from dashboard.receipt import Receipt
from tasklog.drain.loop import Drain
from tasklog.health import run_probes
from tasklog.models import Drainer, SpoolFile, TaskAttempt, TaskRun
from tasklog.spool import reader
from tasklog.spool.record import encode_event
from tasklog.tests.faults.written import LINES, Written, drain, stored


def flip(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def middle(written):
    """The offset of the fifth line's text."""
    return written.bytes.index(b"line 5") + 3


def cut_out(written, more=b""):
    """The fifth line's record replaced."""
    records = list(written.records)
    records[5] = more
    return b"".join(records)


OLD = json.dumps({"v": 0, "kind": "line", "seq": 5, "message": "line 5"}).encode() + b"\n"
ALL, FIVE = range(1, LINES + 1), [1, 2, 3, 4, 6, 7, 8, 9]
# How a file was damaged, what is left of its lines, and how many records were unreadable.
DAMAGE = {
    "a torn tail": (lambda it: b"".join(it.records[:9]) + it.records[9][:-7], ALL[:8], 1),
    "zeroes at the end": (lambda it: b"".join(it.records[:6]) + bytes(4096), ALL[:5], 1),
    "zeroes in the middle": (lambda it: cut_out(it, bytes(4096) + b"\n"), FIVE, 1),
    "zeroes before a record": (lambda it: cut_out(it, bytes(60)), FIVE, 1),
    "a flipped bit": (lambda it: flip(it.bytes, middle(it)), FIVE, 1),
    "a flipped checksum": (lambda it: flip(it.bytes, it.bytes.index(it.records[5])), FIVE, 1),
    "a lost end of line": (lambda it: cut_out(it, it.records[5][:-1]), FIVE, 1),
    "half a record": (lambda it: cut_out(it, it.records[5][:20]), FIVE, 1),
    "noise": (lambda it: cut_out(it, b"\xff\xfe\x80 \xf0\n"), FIVE, 1),
    "the old format": (lambda it: cut_out(it, OLD), FIVE, 1),
    "a kind of a newer version": (lambda it: cut_out(it, encode_event("X", {})), FIVE, 1),
    "empty lines": (lambda it: cut_out(it, it.records[5] + b"\n\n"), ALL, 2),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_of_a_damaged_file_every_good_line_is_stored_once_and_the_rest_is_counted(folder, kind):
    spoil, left, damaged = DAMAGE[kind]
    written, beside = Written("t1"), Written("t2")
    written.path(folder).write_bytes(spoil(written))
    beside.path(folder).write_bytes(beside.bytes)
    own = drain(folder)
    assert stored("t1") == list(left)
    assert stored("t2") == list(ALL)
    assert own.status.damaged == damaged
    assert_said_honestly("t1", len(left))
    assert Drainer.objects.get().damaged == damaged
    (probe,) = [found for found in run_probes(["drainer"]) if found.name == "damaged"]
    assert probe.ok is None
    drain(folder)  # nothing comes twice
    assert stored("t1") == list(left)
    assert list(folder.glob("*.spool")) == []


def assert_said_honestly(task_id, lines):
    """A receipt with lines missing, or an end that says the process vanished."""
    run, attempt = TaskRun.objects.get(pk=task_id), TaskAttempt.objects.get(task_id=task_id)
    assert run.finished
    if attempt.emitted is None:
        assert (run.state, run.reason) == ("LOST", "the worker process vanished")
    else:
        assert Receipt.of(run, [attempt]).missing == LINES - lines


def test_damaged_files_stand_in_the_way_of_no_other_file(folder):
    """All of them at once, and what is no file at all."""
    (folder / "h-1-d.0.spool").mkdir()
    (folder / "h-1-l.0.spool").symlink_to("/etc/passwd")
    os.mkfifo(folder / "h-1-f.0.spool")
    (folder / "no-turn.spool").write_bytes(b"")
    for index, (spoil, _, _) in enumerate(DAMAGE.values()):
        written = Written(f"t{index}")
        written.path(folder).write_bytes(spoil(written))
    drain(folder)
    for index, (_, left, _) in enumerate(DAMAGE.values()):
        assert stored(f"t{index}") == list(left)
    assert (folder / "h-1-d.0.spool").is_dir()
    assert os.path.lexists(folder / "h-1-l.0.spool")


@contextmanager
def unable_to_read(path):
    """Root reads whatever it likes: then as somebody else."""
    path.chmod(0)
    nobody = pwd.getpwnam("nobody").pw_uid
    if os.geteuid():
        yield
        return
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_is_unreadable_turns_health_red_and_is_stored_once_it_can_be_read(
    transactional_db, monkeypatch
):
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.0)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # where everybody may go
        folder, foreign, own = Path(name), Written("t1"), Written("t2")
        folder.chmod(0o755)
        for written in (foreign, own):
            written.path(folder).write_bytes(written.bytes)
            written.path(folder).chmod(0o644)
        drainer = Drain(folder)
        with unable_to_read(foreign.path(folder)):
            drainer.spool.scan()
            drainer.spool.place({})
            found = [chunk.stem for chunk in drainer.spool.chunks(100)]
        drainer.status.write(drainer.spool, force=True)
        (probe,) = [probe for probe in run_probes(["drainer"]) if probe.name == "drainer"]
        assert found == [own.stem]
        assert probe.ok is False
        assert foreign.path(folder).name in probe.value
        foreign.path(folder).chmod(0o600)
        drain(folder)
        assert stored("t1") == stored("t2") == list(ALL)


def test_a_drainer_sent_to_the_wrong_database_leaves_the_spool_as_it_is(stack, tmp_path):
    stack.spool_dir.mkdir()
    written = Written("t1")
    written.path(stack.spool_dir).write_bytes(written.bytes)
    wrong = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    mistaken = stack.spawn("manage.py", "tasklog_drain", "--once", DATABASE_URL=wrong)
    assert mistaken.wait(30) != 0
    assert written.path(stack.spool_dir).read_bytes() == written.bytes
    assert stack.spawn("manage.py", "tasklog_drain", "--once").wait(30) == 0
    assert stored("t1") == list(ALL)
    assert SpoolFile.objects.count() == 0
