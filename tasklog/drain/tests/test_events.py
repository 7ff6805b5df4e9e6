"""The state rules: the run follows its newest attempt, and an attempt is closed once."""

import time
import uuid

import pytest

from tasklog import signals
from tasklog.drain.inline import store_records
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun, TaskWorker
from tasklog.spool.record import encode_event

pytestmark = pytest.mark.django_db
NOW = time.time()


def say(kind, task_id="t1", at=NOW, **data):
    assert store_records([encode_event(kind, {"task_id": task_id, "at": at, **data})]) == 0


def begin(at=NOW, worker="w@h", **data):
    attempt = uuid.uuid4().hex
    say("S", at=at, attempt=attempt, worker=worker, name="demo", **data)
    return attempt


def run():
    return TaskRun.objects.get(pk="t1")


def test_a_published_task_waits_and_is_visible():
    say("Q", name="demo", queue="low", args="[1]", user="ann", request_id="r1", root_id="root")
    assert (run().state, run().name, run().queue, run().args) == ("PENDING", "demo", "low", "[1]")
    assert (run().triggered_by, run().request_id, run().root_id) == ("ann", "r1", "root")
    assert run().queued_at is not None


def test_the_news_of_publishing_may_come_late():
    begin()
    say("Q", name="demo", user="ann", at=NOW - 1)
    assert (run().state, run().waited.total_seconds()) == ("STARTED", pytest.approx(1, abs=0.01))


def test_a_retry_is_an_attempt_of_its_own_and_clears_the_first_ones_failure():
    first = begin()
    say("E", attempt=first, state="RETRY", cause="exception", reason="later", exception="X()")
    assert (run().state, run().finished_at, run().exception) == ("RETRY", None, "X()")
    second = begin(at=NOW + 1, retries=1)
    assert (run().state, run().retries, run().exception) == ("STARTED", 1, "")
    say("E", attempt=second, state="SUCCESS", at=NOW + 2)
    assert run().state == "SUCCESS"
    assert list(TaskAttempt.objects.values_list("number", "outcome")) == [
        (1, "RETRY"), (2, "SUCCESS"),
    ]  # fmt: skip


def test_an_older_attempts_end_does_not_end_the_run():
    first, second = begin(), begin(at=NOW + 1)
    say("E", attempt=first, state="FAILURE")
    assert run().state == "STARTED"
    say("E", attempt=second, state="SUCCESS")
    assert run().state == "SUCCESS"


def test_an_older_attempt_read_late_does_not_take_the_run_back():
    begin(at=NOW + 1, worker="new@h")
    begin(at=NOW, worker="old@h")
    assert run().worker == "new@h"


def test_a_redelivered_task_runs_again_after_its_end():
    say("E", attempt=begin(), state="SUCCESS", result="1")
    begin(at=NOW + 5, redelivered=True)
    assert (run().state, run().finished_at, run().result) == ("STARTED", None, "")


def test_a_verdict_closes_once_and_a_late_end_only_fills_the_receipt():
    attempt = begin()
    say("C", worker="w@h", state="TIMEOUT", cause="hard_limit", reason="3 s were allowed")
    say("C", worker="w@h", state="FAILURE", cause="killed", reason="again")
    say("E", attempt=attempt, state="FAILURE", emitted=12, dropped=2, at=NOW + 1)
    assert (run().state, run().cause, run().reason) == ("TIMEOUT", "hard_limit", "3 s were allowed")
    closed = TaskAttempt.objects.get()
    assert (closed.outcome, closed.emitted, closed.dropped) == ("TIMEOUT", 12, 2)
    assert run().dropped_count == 2


def test_a_verdict_without_an_attempt_ends_the_run():
    say("Q", name="demo")
    say("C", worker="w@h", state="REVOKED", cause="revoked", reason="revoked by ann")
    assert (run().state, run().reason) == ("REVOKED", "revoked by ann")


def test_a_task_revoked_between_two_attempts_is_revoked():
    say("E", attempt=begin(), state="RETRY")
    say("C", worker="other@h", state="REVOKED", cause="revoked")
    assert run().state == "REVOKED"


def test_a_verdict_of_another_worker_leaves_the_attempt_alone():
    begin(worker="w@h")
    say("C", worker="other@h", state="REVOKED", cause="revoked")
    assert run().state == "STARTED"


def test_an_end_without_a_start_makes_a_bare_attempt():
    say("E", attempt=uuid.uuid4().hex, state="FAILURE", exception="X()", traceback="tb\n")
    assert (run().state, run().exception, run().traceback) == ("FAILURE", "X()", "tb\n")
    assert TaskAttempt.objects.get().outcome == "FAILURE"


def test_progress_moves_until_the_end():
    attempt = begin()
    say("P", attempt=attempt, progress=40, message="half")
    assert (run().progress, run().progress_message) == (40, "half")
    say("E", attempt=attempt, state="SUCCESS")
    say("P", attempt=attempt, progress=50)
    assert run().progress == 100


@pytest.mark.parametrize(("said", "kept"), [(140, 100), (-3, 0), ("x", None), ("nan", None)])
def test_progress_stays_within_its_bounds(said, kept):
    say("P", attempt=begin(), progress=said)
    assert run().progress == kept


def test_dropped_lines_leave_a_hole_and_a_mark(spell):
    attempt = begin()
    store_records([
        spell("t1", attempt, 1, "first"),
        encode_event("D", {"task_id": "t1", "attempt": attempt, "count": 5, "reason": "disk full"}),
        spell("t1", attempt, 7, "last"),
    ])  # fmt: skip
    numbers = list(TaskLogLine.objects.of("t1").values_list("number", "message"))
    assert numbers == [(1, "first"), (2, "5 lines were dropped here: disk full"), (8, "last")]
    receipt = TaskAttempt.objects.get()
    assert (receipt.stored, receipt.dropped, run().dropped_count) == (2, 5, 5)


def test_workers_come_and_go():
    beat = {"worker": "w@h", "host": "h", "pid": 3, "pool": "prefork", "concurrency": 2}
    say("H", **beat, versions={"celery": "5"}, rss=7)
    worker = TaskWorker.objects.get(pk="w@h")
    assert (worker.pid, worker.pool, worker.rss_bytes, worker.stopped_at) == (3, "prefork", 7, None)
    say("B", worker="w@h")
    assert TaskWorker.objects.get().stopped_at is not None
    say("H", **beat)
    assert TaskWorker.objects.get().stopped_at is None


def test_signals_tell_after_the_commit(django_capture_on_commit_callbacks, spell):
    heard = []

    def listen(signal, task_id, **data):
        data.pop("sender")
        heard.append((signal, task_id, data))

    for signal in (signals.run_started, signals.lines_stored, signals.run_finished):
        signal.connect(listen, weak=False, dispatch_uid="test")
    try:
        attempt = uuid.uuid4().hex
        with django_capture_on_commit_callbacks(execute=True):
            say("S", attempt=attempt, name="demo", worker="w@h")
            store_records([spell("t1", attempt, 1, "hello")])
            say("E", attempt=attempt, state="SUCCESS")
            assert heard == []
    finally:
        for signal in (signals.run_started, signals.lines_stored, signals.run_finished):
            signal.disconnect(dispatch_uid="test")
    assert [signal for signal, *_ in heard] == [
        signals.run_started, signals.lines_stored, signals.run_finished,
    ]  # fmt: skip
    assert heard[1][2]["lines"][0].message == "hello"
    assert heard[2][2] == {"name": "demo", "state": "SUCCESS", "cause": ""}


def test_the_first_parent_stays_and_no_run_is_its_own():
    begin(parent_id="t1", root_id="root")
    assert (run().parent_id, run().root_id) == ("", "root")
    begin(at=NOW + 1, parent_id="before")
    begin(at=NOW + 2, parent_id="t1")
    begin(at=NOW + 3, parent_id="who replaced it")
    assert run().parent_id == "before"
