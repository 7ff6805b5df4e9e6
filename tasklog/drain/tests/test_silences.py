"""What the drainer keeps of how long a run said nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tasklog.models import TaskRun
from tasklog.spool import record

START = 1_700_000_000


def of(task_id: str) -> tuple[float, float]:
    """Its newest sign of life, in seconds from START, and its longest silence."""
    run = TaskRun.objects.get(pk=task_id)
    assert run.spoke_at is not None
    return (run.spoke_at - datetime.fromtimestamp(START, UTC)).total_seconds(), run.longest_silence


def test_lines_and_the_bar_are_signs_of_life_within_a_batch_and_across(
    writer: Any, drain: Any
) -> None:
    one = writer()
    attempt = one.start("t1", at=START)
    one.lines("t1", attempt, "a", at=START + 3)
    one.lines("t1", attempt, "b", at=START + 10)
    drain()
    assert of("t1") == (10, pytest.approx(7))
    one.event(record.PROGRESS, "t1", attempt=attempt, at=START + 15, progress=50)
    drain()
    assert of("t1") == (15, pytest.approx(7)), "the bar moved, and no silence was longer"
    one.event(record.TAIL, "t1", attempt=attempt, at=START + 27, stream="stdout", text="half")
    drain()
    assert of("t1") == (27, pytest.approx(12))


def test_what_is_quiet_before_the_end_counts_and_remarks_do_not(writer: Any, drain: Any) -> None:
    one = writer()
    attempt = one.start("t1", at=START)
    one.lines("t1", attempt, "a", at=START + 1)
    one.event(record.DROPPED, "t1", attempt=attempt, at=START + 5, count=2, reason="no room")
    one.end("t1", attempt, at=START + 31, emitted=1)
    drain()
    assert of("t1") == (1, pytest.approx(30))


def test_another_attempt_begins_anew(writer: Any, drain: Any) -> None:
    one = writer()
    first = one.start("t1", at=START)
    one.end("t1", first, at=START + 2, state="RETRY")
    drain()
    one.start("t1", at=START + 500)
    drain()
    assert of("t1") == (500, 0)
