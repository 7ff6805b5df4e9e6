"""The demos that only a real worker can show: deaths, limits, retries, children."""

import pytest

from conftest import wait_for
from demo.catalogue import DEMOS
from project.celery import app
from tasklog.models import TaskLogLine, TaskRun


@pytest.fixture
def run(stack):
    """Starts a demo on a prefork worker and returns its finished run."""
    worker = stack.worker()
    app.conf.update(task_always_eager=False)

    def start(demo):
        # A connection of its own: the app's pool may know another test's broker.
        with app.connection_for_write(stack.env["CELERY_BROKER_URL"]) as broker:
            task_id = demo.task.apply_async(kwargs=demo.arguments(2), connection=broker).id
        finished = TaskRun.objects.filter(pk=task_id, finished_at__isnull=False)
        wait_for(finished.exists, 60, lambda: stack.output(worker))
        return finished.get()

    yield start
    app.conf.update(task_always_eager=True)


@pytest.mark.parametrize(
    ("word", "state", "cause", "last"),
    [
        ("quick", "SUCCESS", "", "sent: 250"),
        ("failing", "FAILURE", "exception", "PriceError"),
        ("killed", "FAILURE", "killed", "kill -9 arrives"),
        ("soft-limit", "TIMEOUT", "soft_limit", "SoftTimeLimitExceeded"),
        ("hard-limit", "TIMEOUT", "hard_limit", "waiting for the supplier"),
        ("retries", "SUCCESS", "", "the warehouse took all 50 orders"),
    ],
)
def test_a_demo_ends_as_its_button_says(run, word, state, cause, last):
    ended = run(DEMOS[word])
    assert (ended.state, ended.cause) == (state, cause)
    assert TaskLogLine.objects.filter(task=ended, message__contains=last).exists()


def test_memory_dies_of_what_looks_like_a_lack_of_it(run):
    ended = run(DEMOS["memory"])
    assert ended.cause in ("killed", "out_of_memory")
    assert TaskLogLine.objects.filter(task=ended, message__contains="holding 160 MB").exists()


def test_a_bar_of_240_frames_is_one_line(run):
    ended = run(DEMOS["progress-bar"])
    bars = TaskLogLine.objects.filter(task=ended, stream="stderr", message__contains="MB/s")
    assert [line.message[:4] for line in bars] == ["100%"]
    assert ended.progress == 100


def test_secrets_do_not_reach_the_log(run):
    ended = run(DEMOS["secrets"])
    text = "\n".join(TaskLogLine.objects.filter(task=ended).values_list("message", flat=True))
    for secret in ("hunter2", "correct-horse", "not-a-real-key", "c2lnbmF0dXJl", "EXAMPLEexample"):
        assert secret not in text
    assert "order A-77131 charged: this line has nothing to hide" in text


def test_tasks_in_tasks_keep_their_lines_apart(run):
    ended = run(DEMOS["nested"])
    assert not TaskLogLine.objects.filter(task=ended, message__contains="shelf").exists()
    here = f"{ended.task_id}-here"
    assert TaskLogLine.objects.filter(task=here, message__contains="head office").count() == 8


def test_every_line_of_the_flood_is_kept_in_order(run):
    ended = run(DEMOS["flood"])
    lines = TaskLogLine.objects.filter(task=ended, message__contains="order A-").order_by("number")
    told = [message.split()[0] for message in lines.values_list("message", flat=True)]
    assert told == [f"{number:,}" for number in range(1, 100_001)]
