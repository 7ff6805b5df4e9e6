import errno
import os
import shutil
import threading

import pytest

from tasklog.capture.attempt import Attempt
from tasklog.spool import appender as module
from tasklog.spool import record
from tasklog.spool.appender import Appender
from tasklog.spool.reader import is_held


@pytest.fixture
def folder(tmp_path, settings):
    settings.CELERY_TASKLOG_SPOOL_DIR = str(tmp_path / "spool")
    return tmp_path / "spool"


@pytest.fixture
def own(folder):
    own = Appender()
    yield own
    own.close()


def event(text="x"):
    return record.encode_event("H", {"text": text})


def decoded(folder):
    files = sorted(folder.glob("*.spool"), key=lambda path: int(path.name.split(".")[-2]))
    raws = b"".join(path.read_bytes() for path in files).splitlines()
    return [record.decode(raw) for raw in raws]


def test_a_record_is_on_disk_when_append_returns_and_the_file_is_held(own, folder):
    assert own.append(event("a"))
    assert [entry.data for entry in decoded(folder)] == [{"text": "a"}]
    assert is_held(own.path)
    assert own.path.name == f"{own.stem}.0.spool"
    own.close()
    assert not is_held(folder / f"{own.stem}.0.spool")


def test_a_full_file_is_followed_by_the_next(own, folder, monkeypatch):
    monkeypatch.setattr(module, "ROTATE_BYTES", 1000)
    monkeypatch.setattr(module, "CHECK_BYTES", 100)
    for number in range(100):
        assert own.append(event(str(number)))
    assert len(list(folder.glob("*.spool"))) == 3
    assert [entry.data["text"] for entry in decoded(folder)] == [str(n) for n in range(100)]


def test_a_deleted_folder_is_made_again(own, folder):
    own.append(event("a"))
    shutil.rmtree(folder)
    own.verify()
    assert own.append(event("b"))
    assert [entry.data["text"] for entry in decoded(folder)] == ["b"]


def test_a_descriptor_that_became_another_file_is_not_written_to(own, folder, tmp_path):
    own.append(event("a"))
    with (tmp_path / "foreign").open("wb") as foreign:
        os.dup2(foreign.fileno(), own.fd)
        stolen = own.fd
        own.verify()
        own.append(event("b"))
        os.close(stolen)
    assert (tmp_path / "foreign").read_bytes() == b""
    assert [entry.data["text"] for entry in decoded(folder)] == ["a", "b"]


def test_a_folder_that_cannot_be_made_costs_lines_but_no_ends(own, folder, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file in the way")
    assert not own.append(event("an end"))
    assert not own.append(event("a line"), line=True)
    assert own.lost == 1
    folder.unlink()
    assert own.append(event("later"))
    assert [entry.data["text"] for entry in decoded(folder)] == ["an end", "later"]


def test_past_the_limit_lines_are_dropped_and_counted_where_they_are_missing(
    folder, settings, monkeypatch
):
    monkeypatch.setattr(module, "CHECK_BYTES", 1)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    own = Appender()
    attempt = Attempt("t", "n", own)
    attempt.write("o", "kept\n")
    settings.CELERY_TASKLOG_SPOOL_MAX_BYTES = 1
    own.room = 0  # what was granted is used up
    attempt.write("o", "lost\nlost too\n")
    attempt.event("P", {"progress": 1})
    settings.CELERY_TASKLOG_SPOOL_MAX_BYTES = 1 << 20
    attempt.write("o", "again\n")
    attempt.close({"state": "SUCCESS"})
    own.close()
    found = decoded(folder)
    assert [getattr(entry, "kind", "L") for entry in found] == ["L", "P", "D", "L", "E"]
    assert found[2].data["count"] == 2
    assert found[3].seq == 4
    assert (found[4].data["emitted"], found[4].data["dropped"]) == (4, 2)


def test_a_full_disk_leaves_no_half_record(own, folder, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    own.append(event("a"))
    write = os.write

    def half(fd, data):
        write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "write", half)
    assert not own.append(event("half"), line=True)
    monkeypatch.setattr(os, "write", write)
    assert own.append(event("b"))
    assert [entry.data["text"] for entry in decoded(folder)] == ["a", "b"]


def test_a_child_has_a_file_of_its_own_and_lets_the_parents_lock_go(folder, monkeypatch):
    monkeypatch.setattr(module, "_mine", None)
    mine = module.appender()
    mine.append(event("parent"))
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        module.appender().append(event("child"))
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    path = mine.path
    mine.close()
    assert not is_held(path)
    os.write(done[1], b"x")
    os.waitpid(child, 0)
    assert sorted(entry.data["text"] for entry in decoded(folder)) == ["child", "parent"]


def test_the_order_of_the_file_is_the_order_of_the_numbers(own, folder):
    attempt = Attempt("t", "n", own)

    def speak(name):
        for number in range(300):
            attempt.write("o", f"{name} {number}\n")

    threads = [threading.Thread(target=speak, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in decoded(folder)] == list(range(1, 1201))


def test_a_publishers_unread_file_grows_no_further(own, folder):
    own.append(event("a"))
    assert own.turn_over(1)
    own.append(event("b"))
    assert not own.turn_over(1)
    (folder / f"{own.stem}.0.spool").unlink()
    assert own.turn_over(1)
