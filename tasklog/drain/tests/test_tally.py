"""Ends are counted once, in the transaction that stores them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tasklog.drain.tests.conftest import Writer
from tasklog.durations import bucket_of
from tasklog.models import TaskFailure, TaskRun, TaskTally

TRACE = (
    'Traceback (most recent call last):\n  File "/srv/shop/pay.py", line 7, in charge\n    f()\n'
)
pytestmark = pytest.mark.django_db


def tallies(**values: object) -> list[TaskTally]:
    return list(TaskTally.objects.filter(**values).order_by("span"))


def test_an_end_is_counted_for_its_hour_its_day_and_for_ever(
    writer: Callable[..., Writer], step: Callable[[], None]
) -> None:
    one, now = writer(), time.time()
    for number, state in enumerate(("SUCCESS", "SUCCESS", "REVOKED")):
        attempt = one.start(f"r{number}", at=now - 3)
        one.lines(f"r{number}", attempt, "a", "b")
        one.end(f"r{number}", attempt, state, at=now)
    step()
    assert [tally.span for tally in tallies()] == ["day", "ever", "hour"]
    for tally in tallies():
        assert (tally.name, tally.succeeded, tally.revoked) == ("t.demo", 2, 1)
        assert tally.lines == 6
        assert tally.buckets == {str(bucket_of(3)): 3}
        assert tally.seconds == pytest.approx(9, abs=0.01)


def test_what_is_told_twice_is_counted_once(
    writer: Callable[..., Writer], step: Callable[[], None]
) -> None:
    one = writer()
    attempt = one.start("r")
    one.end("r", attempt)
    step()
    one.end("r", attempt)
    one.event("C", "r", state="FAILURE", cause="killed", reason="late")
    step()
    assert [tally.succeeded for tally in tallies()] == [1, 1, 1]
    assert not TaskFailure.objects.exists()


def test_a_retry_is_no_end_but_is_counted_with_it(
    writer: Callable[..., Writer], step: Callable[[], None]
) -> None:
    one = writer()
    one.end("r", one.start("r"), "RETRY")
    step()
    assert not tallies()
    one.end("r", one.start("r", retries=1))
    step()
    assert [tally.retries for tally in tallies()] == [1, 1, 1]


def test_failures_of_one_kind_are_one_group_with_its_newest_run(
    writer: Callable[..., Writer], step: Callable[[], None]
) -> None:
    one, now = writer(), time.time()
    for number in (1, 2, 3):
        said = {"exception": f"ValueError: no price for {number}", "traceback": TRACE}
        one.end(f"r{number}", one.start(f"r{number}"), "FAILURE", at=now + number, **said)
        step()
    group = TaskFailure.objects.get()
    assert (group.kind, group.place) == ("ValueError", "srv/shop/pay.py · charge")
    assert (group.count, group.last_run, group.message) == (3, "r3", "no price for ‹n›")
    assert (group.last_at - group.first_at).total_seconds() == pytest.approx(2, abs=0.01)
    assert set(TaskRun.objects.values_list("signature", flat=True)) == {group.signature}


def test_a_run_that_is_started_again_is_no_failure_any_more(
    writer: Callable[..., Writer], step: Callable[[], None]
) -> None:
    one = writer()
    one.end("r", one.start("r", at=time.time() - 9), "FAILURE", exception="E: e")
    step()
    one.start("r")
    step()
    assert TaskRun.objects.get().signature is None


def test_deleted_runs_stay_counted_and_old_hours_go(
    writer: Callable[..., Writer], step: Callable[[], None]
) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    TaskTally.objects.create(name="t.old", span="hour", since=old, succeeded=1)
    TaskTally.objects.create(name="t.old", span="ever", since=old, succeeded=1)
    one = writer()
    one.end("r", one.start("r"))
    step()
    TaskRun.objects.all().delete()
    assert [tally.succeeded for tally in tallies(name="t.demo")] == [1, 1, 1]
    assert [tally.span for tally in tallies(name="t.old")] == ["ever"]
