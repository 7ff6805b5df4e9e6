from __future__ import annotations

import signal
import threading
import time
import uuid
from io import StringIO

import pytest
from celery import Celery
from django.core.management import CommandError, call_command
from django.db import connections

from conftest import wait_for
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)


def tail(*words):
    out = StringIO()
    try:
        call_command("tasklog_tail", "run-1", *words, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def run():
    run = TaskRun.objects.create(task_id="run-1", state="STARTED")
    for number in range(1, 31):
        TaskLogLine.objects.create(
            task_id="run-1", message=f"line {number}.", level=40 if number == 30 else 20
        )
    return run


def test_a_finished_run_is_told_from_its_newest_lines(run):
    run.mark_success()
    code, told = tail()
    assert code == 0
    assert "line 10." not in told
    assert "line 11." in told
    assert "line 30." in told


def test_whole_level_and_since_choose_the_lines(run):
    run.mark_failure("boom")
    TaskRun.objects.update(reason="boom")
    code, told = tail("--whole")
    assert (code, len(told.splitlines())) == (1, 31)
    assert told.splitlines()[-1] == "— Failed: boom"
    assert len(tail("--whole", "--level", "error")[1].splitlines()) == 2
    assert len(tail("--since", "1h")[1].splitlines()) == 31


def test_it_follows_until_the_end(run):
    def finish():
        time.sleep(0.5)
        TaskLogLine.objects.create(task_id="run-1", message="the last")
        run.mark_success()
        connections.close_all()

    finishing = threading.Thread(target=finish)
    finishing.start()
    _, told = tail()
    finishing.join()
    assert told.splitlines()[-2].endswith("the last")
    assert told.splitlines()[-1] == "— Succeeded"


def test_a_line_cannot_drive_the_terminal(run):
    TaskLogLine.objects.create(task_id="run-1", message="\x1b]0;title\x07 \x1b[2J \x1b[31mred")
    run.mark_success()
    _, told = tail("--force-color")
    assert "\x1b]" not in told
    assert "\x1b[2J" not in told
    assert "\x1b[31mred" in told


def test_a_loud_line_is_coloured_and_colours_end_with_their_line(run):
    TaskLogLine.objects.create(task_id="run-1", message="\x1b[32mgreen")
    TaskLogLine.objects.create(task_id="run-1", message="oh", stream="stderr")
    run.mark_success()
    _, told = tail("--force-color")
    assert "\x1b[32mgreen\x1b[0m\n" in told
    assert "\x1b[31moh\x1b[0m\n" in told


class Terminal(StringIO):
    def isatty(self):
        return True


def test_colours_are_for_terminals_that_want_them(run, monkeypatch):
    TaskLogLine.objects.create(task_id="run-1", message="\x1b[32mgreen")
    run.mark_success()
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in tail()[1]
    terminal = Terminal()
    call_command("tasklog_tail", "run-1", stdout=terminal)
    assert "\x1b[32mgreen" in terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    call_command("tasklog_tail", "run-1", stdout=terminal)
    assert "\x1b" not in terminal.getvalue()


def ended(process):
    return process.poll() is not None


def test_one_run_of_a_real_worker_is_followed_to_its_bad_end(stack):
    stack.worker("prefork", 2)
    task_id = start(stack, "demo.failing", duration=1)
    following = stack.spawn("manage.py", "tasklog_tail", task_id, "--whole")
    wait_for(lambda: ended(following), 60, lambda: stack.output(following))
    told = stack.output(following)
    assert following.returncode == 1, told
    assert "order A-77128" in told
    assert "ERROR    pricing stopped at order A-77131" in told
    assert "\x1b" not in told
    assert told.splitlines()[-1] == "— Failed: Exception"


def test_all_runs_of_a_real_worker_are_merged_until_ctrl_c(stack):
    following = stack.spawn("manage.py", "tasklog_tail", "--all")
    wait_for(lambda: "Following every run" in stack.output(following), 60)
    stack.worker("prefork", 2)
    first = start(stack, "demo.failing", duration=4)
    second = start(stack, "demo.failing", duration=4)
    tags = [f"failing            {task_id[:4]} " for task_id in (first, second)]
    wait_for(
        lambda: all(f"{tag}— Failed: Exception" in stack.output(following) for tag in tags),
        60, lambda: stack.output(following),
    )  # fmt: skip
    for tag in tags:
        assert f"{tag}" in stack.output(following)
    stack.stop(following, signal.SIGINT)
    assert following.returncode == 0


def test_a_run_between_two_looks_is_shown_as_well(stack, transactional_db):
    following = stack.spawn("manage.py", "tasklog_tail", "--all")
    wait_for(lambda: "Following every run" in stack.output(following), 60)
    for number in range(3):
        run = TaskRun.objects.create(task_id=f"short-{number}", name="mail.send")
        run.mark_started(worker="w@h")
        TaskLogLine.objects.create(task_id=run.pk, message=f"letter {number}")
        run.mark_success()
    wait_for(
        lambda: stack.output(following).count("— Succeeded") == 3,
        30, lambda: stack.output(following),
    )  # fmt: skip
    time.sleep(1)
    told = stack.output(following)
    assert [told.count(f"letter {number}") for number in range(3)] == [1, 1, 1]
    stack.stop(following, signal.SIGINT)


def start(stack, name, **kwargs):
    """The id of a task that a worker of this stack was given."""
    task_id = str(uuid.uuid4())
    with Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False) as app:
        app.send_task(name, kwargs=kwargs, task_id=task_id)
    wait_for(lambda: TaskRun.objects.filter(pk=task_id).exists(), 60)
    return task_id


@pytest.mark.parametrize("words", [("--level", "loud"), ("--since", "yesterday"), ("--all",)])
def test_nonsense_is_refused_in_words(run, words):
    with pytest.raises(CommandError):
        tail(*words)


def test_an_unknown_run_is_said(db):
    with pytest.raises(CommandError, match="There is no run"):
        tail()
