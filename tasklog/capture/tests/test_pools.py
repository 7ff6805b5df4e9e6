"""One contract for every pool: each line once, under its own task, in its order."""

from collections import defaultdict

import pytest

from conftest import wait_for
from tasklog.capture.tests.conftest import MODULE, ended, lines, texts
from tasklog.models import TaskLogLine, TaskRun

POOLS = ["prefork", "threads", "solo", "gevent"]


@pytest.mark.parametrize("pool", POOLS)
def test_tasks_at_the_same_time_keep_their_lines_apart_and_in_order(stack, send, pool):
    worker = stack.worker(pool, 4, "-I", MODULE)
    names = {send("many", f"t{number}", 60): f"t{number}" for number in range(8)}
    ended(stack, worker, *names)
    for task_id, name in names.items():
        by_way = defaultdict(list)
        for text in texts(lines(task_id)):
            own, way, number = text.split()
            assert own == name
            by_way[way].append(int(number))
        assert by_way == {way: list(range(1, 61)) for way in ("out", "err", "log")}
        attempt = TaskRun.objects.get(pk=task_id).attempts.get()
        assert attempt.emitted == attempt.stored == 180
        seqs = TaskLogLine.objects.filter(task_id=task_id).order_by("number")
        assert list(seqs.values_list("seq", flat=True)) == list(range(1, 181))


@pytest.mark.parametrize("pool", POOLS)
def test_every_way_of_writing_is_a_line_and_only_once(run, pool):
    found, written = run(pool, "ways")
    assert found.state == "SUCCESS"
    warned = [row for row in written if "UserWarning: a warning" in row[3]]
    assert [row[:3] for row in warned] == [("log", 30, "py.warnings")]
    assert [text[:9] for text in texts(written) if "bar" in text] == ["bar: 100%"]
    plain = [row for row in written if "warn" not in row[3] and "bar" not in row[3]]
    assert plain == [
        ("stdout", 0, "", "print"),
        ("stderr", 0, "", "stderr"),
        ("stdout", 0, "", "grü"),
        ("log", 30, "capture.root", "root logger"),
        ("log", 30, "capture.shy", "no propagation, no handler"),
        ("log", 30, "celery.task.capture", "task logger"),
        ("stdout", 0, "", "click"),
        ("stdout", 0, "", "rich"),
        ("stdout", 0, "", "c"),
        ("stdout", 0, "", "para\u2028graph"),
        ("stdout", 0, "", "unfinished"),
    ]
    inner = TaskRun.objects.get(name="capture.inner")
    assert texts(lines(inner.pk)) == ["from inside"]


@pytest.mark.parametrize("pool", POOLS)
def test_threads_executors_and_coroutines_inherit_the_run(run, pool):
    found, written = run(pool, "offspring")
    assert found.state == "SUCCESS", found.traceback
    assert sorted(texts(written)) == sorted(
        ["thread"]
        + [f"executor {number}" for number in range(5)]
        + [f"{way} {number}" for way in ("coroutine", "to_thread") for number in range(3)]
    )


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_a_fork_of_a_task_writes_to_the_same_run_as_another_origin(run, pool):
    found, _ = run(pool, "forks")
    assert found.state == "SUCCESS", found.traceback
    wait_for(lambda: TaskLogLine.objects.filter(task_id=found.pk).count() == 4)
    rows = TaskLogLine.objects.filter(task_id=found.pk)
    origins = {row.message: row.origin for row in rows}
    assert origins["before the fork"] == origins["after the fork"] == 0
    assert len(set(origins.values())) == 3
    assert sorted(origins) == sorted(
        ["before the fork", "from the fork", "from a process", "after the fork"]
    )


@pytest.mark.parametrize("pool", POOLS)
def test_a_failure_shows_its_traceback_once(run, pool):
    found, written = run(pool, "raises")
    assert (found.state, found.cause, found.exception) == (
        "FAILURE",
        "exception",
        "LookupError: gone",
    )
    assert texts(written)[0] == "on the way"
    assert texts(written).count("Traceback (most recent call last):") == 1
    assert ("stderr", 40, "", "LookupError: gone") in written


def test_a_retry_is_one_warning_and_a_second_attempt(run):
    found, written = run("prefork", "retries")
    assert (found.state, found.attempts.count()) == ("FAILURE", 2)
    assert texts(written)[0] == "try 0"
    retry = [row for row in written if row[3].startswith("Retry in 0 s: LookupError: gone")]
    assert [row[:2] for row in retry] == [("system", 30)]
    assert texts(written).count("LookupError: gone") == 1


def test_a_soft_time_limit_gets_through_and_shows_its_traceback(run):
    found, written = run("prefork", "soft")
    assert (found.state, found.cause) == ("TIMEOUT", "soft_limit")
    spins = [int(text.split()[1]) for text in texts(written) if text.startswith("spin")]
    assert spins == list(range(1, len(spins) + 1))
    assert texts(written).count("Traceback (most recent call last):") == 1
    assert "SoftTimeLimitExceeded" in texts(written)[-1]


def test_a_hard_time_limit_is_said_in_words(run):
    found, written = run("prefork", "hard")
    assert (found.state, found.cause) == ("TIMEOUT", "hard_limit")
    assert found.reason == "the hard time limit of 2 s was exceeded"
    assert texts(written)[:2] == ["before the limit", "after the soft limit"]


def test_a_killed_child_is_said_in_words(run):
    found, written = run("prefork", "killed")
    assert (found.state, found.cause) == ("FAILURE", "killed")
    assert found.reason == "killed by signal 9 (SIGKILL)"
    assert texts(written)[0] == "before the kill"


def test_what_opts_out_is_not_there(stack, send):
    worker = stack.worker("solo", 1, "-I", MODULE, CELERY_TASKLOG_EXCLUDE="capture.many")
    seen = [send("hidden"), send("many", "a", 1)]
    last = send("inner")
    ended(stack, worker, last)
    assert not TaskLogLine.objects.filter(task_id__in=seen).exists()
