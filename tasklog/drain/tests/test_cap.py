import uuid

import pytest
from django.test import override_settings

from tasklog.drain.inline import store_records
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun
from tasklog.spool.record import END, START, encode_event

pytestmark = pytest.mark.django_db


@override_settings(CELERY_TASKLOG_MAX_LINES=10)
def test_a_run_past_its_cap_keeps_both_ends_and_says_what_went(spell):
    attempt = uuid.uuid4().hex
    about = {"task_id": "t1", "attempt": attempt, "at": 1_763_700_000.0}
    lines = [spell("t1", attempt, n, f"line {n}") for n in range(1, 41)]
    end = {**about, "state": "SUCCESS", "emitted": 40, "dropped": 0, "capture_us": 0}
    store_records([encode_event(START, about), *lines, encode_event(END, end)])

    kept = list(TaskLogLine.objects.of("t1").values_list("number", flat=True))
    assert kept == [1, 2, 3, 4, 5, 36, 37, 38, 39, 40]
    run = TaskRun.objects.get(pk="t1")
    receipt = TaskAttempt.objects.get()
    assert (run.line_count, run.dropped_count) == (40, 30)
    assert (receipt.emitted, receipt.stored, receipt.dropped) == (40, 40, 0)
