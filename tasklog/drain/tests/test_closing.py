"""Ends that others give: verdicts that wait, processes that vanish, workers that fall silent."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tasklog import signals
from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.drain import closing, reaper
from tasklog.models import SpoolFile, TaskAttempt, TaskLogLine, TaskRun, TaskWorker

KILLED = {
    "worker": "w@h", "state": "FAILURE", "cause": "killed",
    "reason": "killed by signal 9 (SIGKILL)",
}  # fmt: skip


def last(task_id="t1"):
    return TaskLogLine.objects.of(task_id).last()


def run(task_id="t1"):
    return TaskRun.objects.get(pk=task_id)


def test_a_verdict_waits_for_the_dead_process_last_lines(writer, drain, step):
    child, parent = writer(), writer()
    attempt = child.start("t1", worker="w@h")
    child.lines("t1", attempt, "a")
    step()
    parent.event("C", "t1", **KILLED)
    step()
    assert run().state == "STARTED"
    child.lines("t1", attempt, "b", "c")
    child.die()
    step()
    assert (run().state, run().cause, run().reason) == ("FAILURE", "killed", KILLED["reason"])
    assert list(TaskLogLine.objects.of("t1").values_list("stream", "message")) == [
        ("stdout", "a"), ("stdout", "b"), ("stdout", "c"),
        ("system", "Failed: killed by signal 9 (SIGKILL)"),
    ]  # fmt: skip
    receipt = TaskAttempt.objects.get()
    assert (receipt.stored, receipt.outcome) == (3, "FAILURE")


def test_a_verdict_does_not_wait_for_ever_on_a_process_that_lives(writer, step):
    thread, parent = writer(), writer()
    thread.start("t1", worker="w@h")
    parent.event("C", "t1", **{**KILLED, "at": time.time() - closing.GRACE_SECONDS})
    step()
    step()
    assert run().state == "FAILURE"


def test_a_verdict_outlives_the_drainer_that_read_it(writer, step, drain):
    child, parent = writer(), writer()
    child.start("t1", worker="w@h")
    parent.event("C", "t1", **KILLED)
    step()
    child.die()
    drain()  # another drainer
    assert (run().state, run().cause) == ("FAILURE", "killed")


def test_an_end_before_the_verdict_wins(writer, step):
    child, parent = writer(), writer()
    attempt = child.start("t1", worker="w@h")
    child.end("t1", attempt)
    parent.event("C", "t1", **KILLED)
    child.die()
    step()
    assert run().state == "SUCCESS"
    assert TaskLogLine.objects.count() == 0


def test_an_end_after_the_verdict_only_completes_the_receipt(writer, step):
    child, parent = writer(), writer()
    attempt = child.start("t1", worker="w@h")
    parent.event("C", "t1", **{**KILLED, "state": "TIMEOUT", "cause": "hard_limit"})
    step()
    child.end("t1", attempt, "FAILURE", emitted=3)
    child.die()
    step()
    assert (run().state, TaskAttempt.objects.get().emitted) == ("TIMEOUT", 3)


def test_a_verdict_read_before_its_start_still_closes_the_attempt(writer, step):
    child, parent = writer(), writer()
    parent.event("C", "t1", **KILLED)
    step()
    assert run().state == "FAILURE" or run().state == "PENDING"
    child.start("t1", worker="w@h", **{"at": time.time() - 1})
    child.die()
    step()
    assert (run().state, run().cause) == ("FAILURE", "killed")
    assert TaskAttempt.objects.get().outcome == "FAILURE"


def test_an_end_read_before_its_start_is_told_once(
    writer, step, django_capture_on_commit_callbacks
):
    heard = []

    def listen(signal, **_):
        heard.append(signal)

    told = (signals.run_started, signals.run_finished)
    for signal in told:
        signal.connect(listen, dispatch_uid="test")
    try:
        with django_capture_on_commit_callbacks(execute=True):
            child, parent = writer(), writer()
            parent.event("C", "t1", **KILLED)
            step()
            child.start("t1", worker="w@h", **{"at": time.time() - 1})
            child.die()
            step()
    finally:
        for signal in told:
            signal.disconnect(dispatch_uid="test")
    assert run().state == "FAILURE"
    assert heard == [signals.run_finished]


def test_a_process_told_to_exit_lets_its_parent_say_why(writer, step):
    child, parent = writer(), writer()
    attempt = child.start("t1", worker="w@h")
    child.end("t1", attempt, "FAILURE", cause="shutdown", reason="told to exit", emitted=0)
    child.die()
    step()
    assert run().state == "STARTED"
    parent.event("C", "t1", **{**KILLED, "state": "REVOKED", "cause": "terminated"})
    step()
    assert (run().state, run().cause) == ("REVOKED", "terminated")


def test_a_process_told_to_exit_is_believed_when_nobody_else_speaks(writer, drain):
    child = writer()
    child.end("t1", child.start("t1"), "FAILURE", cause="shutdown", reason="told to exit")
    child.die()
    drain()
    assert (run().state, run().cause) == ("FAILURE", "shutdown")


def test_a_dead_process_without_a_word_is_lost(writer, step, monkeypatch):
    monkeypatch.setattr(closing, "NOTICE_SECONDS", 0.2)
    child, _other = writer(), writer()
    attempt = child.start("t1")
    child.lines("t1", attempt, "a")
    child.die()
    step()
    assert run().state == "STARTED"
    time.sleep(0.25)
    step()
    assert (run().state, run().cause, run().reason) == ("LOST", "lost", closing.VANISHED)
    assert last().message == "Lost: the worker process vanished"


def test_with_nobody_alive_nobody_is_waited_for(writer, drain):
    child = writer()
    child.start("t1")
    child.die()
    drain()
    assert run().state == "LOST"


def test_what_is_stored_and_left_behind_is_deleted(writer, drain, folder):
    child = writer()
    child.end("t1", child.start("t1"))
    child.die()
    drain()
    assert list(folder.glob("*.spool")) == []
    assert SpoolFile.objects.count() == 0


def test_a_silent_workers_attempts_are_lost(db):
    old = timezone.now() - timedelta(seconds=DEAD_AFTER_SECONDS + 1)
    for name, seen in (("gone@h", old), ("here@h", timezone.now())):
        TaskWorker.objects.create(name=name, seen_at=seen)
        task = TaskRun.objects.create(task_id=name, state="STARTED")
        TaskAttempt.objects.create(task=task, worker=name)
    assert reaper.reap() == 1
    assert (run("gone@h").state, run("here@h").state) == ("LOST", "STARTED")
    assert TaskWorker.objects.get(pk="gone@h").stopped_at is not None
    assert reaper.reap() == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"state": "TIMEOUT", "reason": "3 s were allowed"}, "Timed out: 3 s were allowed"),
        ({"state": "REVOKED"}, "Revoked"),
        ({"state": "?"}, "Ended"),
    ],
)
def test_the_end_is_told_in_words(data, words):
    assert closing.sentence(data) == words
