import logging
import sys

import pytest
from celery import shared_task

from tasklog.models import TaskLogLine, TaskRun
from tasklog.tasks import DBLogWriter, capture_output


def rows(task_id):
    return list(
        TaskLogLine.objects.filter(task_id=task_id).values_list("stream", "level", "message")
    )


@shared_task(name="capture.eager")
def eager():
    print("out")
    print("err", file=sys.stderr)
    logging.getLogger("shop").warning("first\nsecond")


@shared_task(name="capture.failing")
def failing():
    raise ValueError("no")


@pytest.mark.django_db
def test_an_eager_task_is_a_run_with_lines():
    result = eager.delay()
    assert rows(result.id) == [
        ("stdout", 0, "out"),
        ("stderr", 0, "err"),
        ("log", 30, "first"),
        ("log", 30, "second"),
    ]
    assert TaskRun.objects.get(pk=result.id).state == "SUCCESS"


@pytest.mark.django_db
def test_a_traceback_is_there_once():
    task_id = "f1"
    failing.apply(task_id=task_id, throw=False)
    texts = [message for *_, message in rows(task_id)]
    assert texts.count("ValueError: no") == 1
    assert texts[0] == "Traceback (most recent call last):"
    run = TaskRun.objects.get(pk=task_id)
    assert (run.state, run.exception) == ("FAILURE", "ValueError: no")


@pytest.mark.django_db
def test_the_block_of_capture_output_is_readable_when_it_ends():
    with capture_output("any-id"):
        print("x")
        with capture_output("another"):
            print("inner")
        print("y", end="")
    assert [message for *_, message in rows("any-id")] == ["x", "y"]
    assert [message for *_, message in rows("another")] == ["inner"]
    assert TaskRun.objects.get(pk="any-id").state == "SUCCESS"


@pytest.mark.django_db
def test_a_writer_stores_each_line_at_once():
    writer = DBLogWriter("w1", "stderr")
    print("one", file=writer)
    assert rows("w1") == [("stderr", 0, "one")]
    writer.write("two")
    writer.close()
    assert rows("w1")[-1] == ("stderr", 0, "two")
