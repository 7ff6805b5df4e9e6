"""Runs that were announced, and that nobody sends because a step before them failed."""

from __future__ import annotations

from typing import Any

import pytest

from tasklog.drain.book import Book
from tasklog.drain.events import apply
from tasklog.models import TaskRun
from tasklog.spool import record

pytestmark = pytest.mark.django_db
THEN = {"then": [["two", "shop.b"]], "chord": [["all", "shop.sum"]]}


def happens(kind: str, task_id: str = "one", **data: Any) -> None:
    book = Book([task_id])
    apply(book, record.EventRecord(kind, {"task_id": task_id, "at": 1.8e9, **data}), waits=False)
    book.save()


def fails(attempt: str) -> None:
    happens(record.START, name="shop.a", attempt=attempt, envelope=THEN)
    happens(record.END, attempt=attempt, state="FAILURE", cause="exception")


def test_what_waited_for_it_says_that_it_will_not_run() -> None:
    for pk in ("two", "all", "other"):
        TaskRun.objects.create(task_id=pk)
    fails("a" * 32)
    run = TaskRun.objects.get(pk="two")
    assert (run.state, run.state_label, run.parent_id) == ("REVOKED", "Will not run", "one")
    assert run.reason == "an earlier step failed: shop.a one"
    assert run.finished_at is not None
    assert TaskRun.objects.get(pk="all").cause == "not_reached"
    assert TaskRun.objects.get(pk="other").state == "PENDING"


def test_what_has_been_sent_is_left_alone() -> None:
    TaskRun.objects.create(task_id="two", queued_at="2026-11-21T12:00:00Z")
    fails("a" * 32)
    assert TaskRun.objects.get(pk="two").state == "PENDING"


def test_a_step_that_is_delivered_again_may_be_followed_after_all() -> None:
    TaskRun.objects.create(task_id="two")
    fails("a" * 32)
    happens(record.START, name="shop.a", attempt="b" * 32, redelivered=True, at=1.8e9 + 9)
    run = TaskRun.objects.get(pk="two")
    assert (run.state, run.cause, run.finished_at) == ("PENDING", "", None)


def test_one_that_is_sent_all_the_same_waits_again() -> None:
    TaskRun.objects.create(task_id="two")
    fails("a" * 32)
    happens(record.QUEUED, "two", name="shop.b")
    assert TaskRun.objects.get(pk="two").state == "PENDING"
