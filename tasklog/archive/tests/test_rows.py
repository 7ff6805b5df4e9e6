from datetime import UTC, datetime, timedelta

import pytest

from tasklog.archive.rows import lines_of
from tasklog.line import Line
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("fraction", [0, 1, 500_000, 999_999])
def test_a_row_is_read_to_the_microsecond(fraction: int) -> None:
    at = 1_763_700_059_000_000 + fraction
    run = TaskRun.objects.create(task_id="t")
    attempt = TaskAttempt.objects.create(task=run, number=2)
    TaskLogLine.objects.create(
        task=run,
        attempt=attempt,
        stream="log",
        level=30,
        logger="shop.orders",
        message="currency missing",
        origin=7,
        seq=12,
        timestamp=EPOCH + timedelta(microseconds=at),
    )
    expected = Line(1, at, "log", 30, "shop.orders", "currency missing", 2, 7, 12)
    assert lines_of(TaskLogLine.objects.of("t")) == [expected]


def test_a_line_without_an_attempt_belongs_to_the_first() -> None:
    TaskLogLine.objects.create(task_id="t", message="by hand")
    assert lines_of(TaskLogLine.objects.of("t"))[0].attempt == 1
