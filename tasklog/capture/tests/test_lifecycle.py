import io
import itertools
import json
import logging
import sys
import threading
from contextlib import redirect_stdout, suppress

import pytest
from celery import Task, shared_task
from celery.exceptions import Ignore, Reject
from celery.signals import after_task_publish, before_task_publish

from tasklog.capture import current_run, guard, progress, section, verdicts
from tasklog.capture.context import CURRENT, ORIGIN
from tasklog.capture.publish import on_after
from tasklog.models import TaskLogLine, TaskRun
from tasklog.spool import record
from tasklog.spool.appender import appender
from tasklog.tasks import TerminalLoggingTask, capture_output
from tasklog.testing import lines_of

pytestmark = pytest.mark.django_db
numbers = itertools.count()


def eager(body, *args, base=Task, **kwargs):
    """Runs the body as a task of its own name; the run, and its lines."""
    name = f"capture.test.{body.__name__}.{next(numbers)}"
    task = shared_task(body, name=name, base=base, bind=kwargs.pop("bind", False))
    result = task.apply(args, kwargs, throw=False)
    return TaskRun.objects.filter(pk=result.id).first(), lines_of(result.id)


def test_a_nested_task_has_its_own_run_and_gives_the_outer_back():
    def inner():
        print("inner")

    def outer():
        print("before")
        eager(inner)
        print("after")

    assert eager(outer)[1] == ["before", "after"]
    assert CURRENT.get() is None


def test_arguments_and_results_are_masked():
    def body(user, password):
        return {"token": "abc", "user": user}

    run, _ = eager(body, "ada", password="hunter2")
    assert (json.loads(run.args), json.loads(run.kwargs)) == (["ada"], {"password": "[masked]"})
    assert json.loads(run.result) == {"token": "[masked]", "user": "ada"}


def test_exceptions_and_tracebacks_are_masked():
    def body():
        raise ValueError("no login with password=hunter2")

    run, lines = eager(body)
    assert run.exception == "ValueError: no login with password=[masked]"
    assert "hunter2" not in run.traceback.splitlines()[-1] + lines[-1]


def test_progress_comes_from_the_call_and_from_update_state():
    def called():
        progress(40, "half way")

    def updated(self):
        self.update_state(state="PROGRESS", meta={"current": 3, "total": 4})
        raise ValueError

    run, _ = eager(called)
    assert (run.progress, run.progress_message) == (100, "half way")
    assert eager(updated, bind=True)[0].progress == 75


def test_a_section_is_marked_on_the_system_stream():
    def body():
        with section("load"):
            print("x")

    run, lines = eager(body)
    assert lines == ["::group::load", "x", "::endgroup::"]
    streams = TaskLogLine.objects.filter(task=run).order_by("number")
    assert list(streams.values_list("stream", flat=True)) == ["system", "stdout", "system"]


def test_a_task_knows_its_run_and_nobody_else_has_one():
    seen = []

    def body():
        seen.append(current_run())

    run, _ = eager(body)
    assert (seen[0].task_id, seen[0].name) == (run.pk, run.name)
    assert current_run() is None
    progress(1)
    with section("nothing happens"):
        pass


@pytest.mark.parametrize(
    ("error", "state", "cause"),
    [
        (Ignore(), "SUCCESS", "ignored"),
        (Reject("no"), "REVOKED", "rejected"),
        (SystemExit(3), "FAILURE", "shutdown"),
    ],
)
def test_every_way_to_end_has_a_state_and_a_cause(error, state, cause):
    ids = []

    def body(self):
        ids.append(self.request.id)
        raise error

    with suppress(SystemExit, Reject):
        eager(body, bind=True)
    run = TaskRun.objects.get(pk=ids[0])
    assert (run.state, run.cause) == (state, cause)
    assert CURRENT.get() is None


def test_tasks_opt_out_by_attribute_and_by_pattern(settings):
    def body():
        print("x")

    class Silent(Task):
        tasklog = False

    assert eager(body, base=Silent) == (None, [])
    settings.CELERY_TASKLOG_EXCLUDE = ["capture.test.*"]
    assert eager(body) == (None, [])
    settings.CELERY_TASKLOG_EXCLUDE = []
    settings.CELERY_TASKLOG_CAPTURE = "base"
    assert eager(body) == (None, [])
    assert eager(body, base=TerminalLoggingTask)[1] == ["x"]


def test_a_console_handler_on_the_proxied_stream_makes_no_second_line():
    def body():
        handler = logging.StreamHandler(sys.stderr)
        logger = logging.getLogger("capture.console")
        logger.addHandler(handler)
        try:
            logger.error("once\nand again", exc_info=ValueError("why"))
        finally:
            logger.removeHandler(handler)

    assert eager(body)[1] == ["once", "and again", "ValueError: why"]


def test_a_record_whose_arguments_do_not_fit_is_a_line_and_no_failure():
    def body():
        logger = logging.getLogger("capture.bad")
        logger.propagate = False  # the test runner's own handler raises
        logger.addHandler(logging.NullHandler())
        logger.error("%d", "x")

    run, lines = eager(body)
    assert run.state == "SUCCESS"
    assert lines == ["%d (its arguments do not fit: TypeError)"]


def test_a_redirect_inside_a_task_is_the_tasks_own():
    def body():
        with redirect_stdout(io.StringIO()) as own:
            print("kept by the task")
        print("seen", len(own.getvalue()))

    assert eager(body)[1] == ["seen 17"]


def test_the_streams_look_like_the_real_ones():
    def body():
        out = sys.stdout
        assert out.writable()
        assert not out.closed
        assert out.isatty() in (True, False)
        assert out.encoding
        out.writelines(["a\n", "b\n"])
        out.buffer.write(b"c\n")
        out.buffer.flush()
        io.TextIOWrapper(out.buffer, "utf-8", write_through=True).write("d\n")
        out.close()
        print("e", file=out, flush=True)

    run, lines = eager(body)
    assert (run.state, lines) == ("SUCCESS", ["a", "b", "c", "d", "e"]), run.traceback


def test_a_fault_of_the_capture_is_counted_and_the_task_goes_on(settings):
    before = guard.faults
    settings.CELERY_TASKLOG_DRAINER = "external"
    settings.CELERY_TASKLOG_SPOOL_DIR = "/proc/none"

    def body():
        print("nobody will read this")
        return 1

    task = shared_task(body, name="capture.test.faulty")
    assert task.apply().get() == 1
    assert guard.faults == before
    appender().close()


def test_threads_started_by_a_task_write_to_it_and_later_ones_do_not():
    def body():
        thread = threading.Thread(target=lambda: print("from the thread"))
        thread.start()
        thread.join()

    assert eager(body)[1] == ["from the thread"]
    seen = []
    thread = threading.Thread(target=lambda: seen.append(CURRENT.get()))
    thread.start()
    thread.join()
    assert seen == [None]


def test_capture_output_inside_its_own_task_adds_to_the_attempt():
    def body(self):
        print("outside")
        with capture_output(self.request.id):
            print("inside")

    run, lines = eager(body, bind=True)
    assert sorted(lines) == ["inside", "outside"]
    assert (run.state, run.attempts.count()) == ("SUCCESS", 1)


def test_a_failing_block_of_capture_output_fails_its_run():
    with pytest.raises(ZeroDivisionError), capture_output("boom"):
        print("x")
        raise ZeroDivisionError
    run = TaskRun.objects.get(pk="boom")
    assert (run.state, lines_of("boom")[0], lines_of("boom")[-1]) == (
        "FAILURE", "x", "ZeroDivisionError"
    )  # fmt: skip


def test_published_tasks_carry_who_asked_and_inherit_from_the_running_one():
    sent = []

    def publish():
        headers = {}
        before_task_publish.send(sender="x", headers=headers, body=((), {}, {}))
        sent.append(headers["tasklog"])

    token = ORIGIN.set({"user": "ada", "request_id": "r1"})
    publish()
    ORIGIN.reset(token)
    publish()
    assert (sent[0]["user"], sent[0]["request_id"]) == ("ada", "r1")
    assert "user" not in sent[1]
    assert sent[0]["at"] > 0


def test_a_queued_record_is_written_where_somebody_drains(settings, tmp_path, monkeypatch):
    from tasklog.capture import publish

    settings.CELERY_TASKLOG_DRAINER = "external"
    settings.CELERY_TASKLOG_SPOOL_DIR = str(tmp_path)
    headers = {"id": "q1", "task": "shop.sell", "tasklog": {"at": 5.0, "user": "ada"}}
    monkeypatch.setattr(publish, "_looked_at", float("-inf"))
    on_after(headers=headers, body=((1,), {"password": "x"}, {}), routing_key="fast")
    assert not list(tmp_path.glob("*.spool"))
    (tmp_path / "drainer.lock").touch()
    monkeypatch.setattr("tasklog.spool.appender._mine", None)
    monkeypatch.setattr(publish, "_looked_at", float("-inf"))
    after_task_publish.send(
        sender="x", headers=headers, body=((1,), {"password": "x"}, {}), routing_key="fast"
    )
    appender().close()
    monkeypatch.setattr(publish, "_looked_at", float("-inf"))
    (file,) = tmp_path.glob("*.spool")
    (queued,) = [record.decode(raw) for raw in file.read_bytes().splitlines()]
    sealed = queued.data.pop("sealed")
    assert "password" not in sealed
    assert queued.data == {
        "payload": "sealed", "task_id": "q1", "name": "shop.sell", "queue": "fast", "args": "[1]",
        "kwargs": '{"password": "[masked]"}', "at": 5.0, "user": "ada",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["health.ping", "celery.chord_unlock", "shop.quiet"])
def test_what_is_not_captured_is_not_said_to_wait(settings, tmp_path, monkeypatch, name):
    """Nobody would ever say that it began or ended."""
    from celery import current_app

    from tasklog.capture import publish

    @current_app.task(name="shop.quiet", tasklog=False)
    def task():
        return None

    settings.CELERY_TASKLOG_DRAINER = "external"
    settings.CELERY_TASKLOG_SPOOL_DIR = str(tmp_path)
    settings.CELERY_TASKLOG_EXCLUDE = ["health.*"]
    (tmp_path / "drainer.lock").touch()
    monkeypatch.setattr("tasklog.spool.appender._mine", None)
    monkeypatch.setattr(publish, "_looked_at", float("-inf"))
    for one in (name, "shop.sell"):
        on_after(headers={"id": "q1", "task": one}, body=((), {}, {}), routing_key="fast")
    appender().close()
    monkeypatch.setattr(publish, "_looked_at", float("-inf"))
    current_app.tasks.pop(task.name, None)
    (file,) = tmp_path.glob("*.spool")
    queued = [record.decode(raw) for raw in file.read_bytes().splitlines()]
    assert [one.data["name"] for one in queued] == ["shop.sell"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Worker exited prematurely: signal 9 (SIGKILL) Job: 0.", "killed by signal 9 (SIGKILL)"),
        ("Worker exited: exitcode 3 Job: 0.", "the worker process ended with exit code 3"),
    ],
)  # fmt: skip
def test_a_lost_worker_is_said_in_words(text, reason):
    from billiard.exceptions import WorkerLostError

    assert verdicts.verdict(WorkerLostError(text))["reason"] == reason
