"""Two attempts of a run stand side by side where they part."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from django.test import Client

from dashboard.parting import AFTER, BEFORE, parting_of
from tasklog.line import RECORDED
from tasklog.models import TaskAttempt, TaskLogLine, TaskRun

Make = Callable[..., TaskRun]


@pytest.fixture
def run(make_run: Make) -> TaskRun:
    return make_run("r1", state="FAILURE")


def attempt(run: TaskRun, messages: Iterable[str], origin: int = 0) -> TaskAttempt:
    made = TaskAttempt.objects.create(task=run, number=run.attempts.count() + 1)
    for message in messages:
        TaskLogLine.objects.create(task=run, attempt=made, message=message, origin=origin)
    return made


def test_lines_that_differ_in_numbers_alone_are_the_same(run: TaskRun) -> None:
    left = attempt(run, ["begins", *(f"row {n} read" for n in range(20)), "supplier down"])
    right = attempt(run, ["begins", *(f"row {n + 7} read" for n in range(20)), "all read", "sent"])
    found = parting_of(run, [left, right])
    assert found is not None
    assert (found.together, found.never) == (21, False)
    assert [pair.same for pair in found.pairs] == [True] * BEFORE + [False] * 2
    assert [pair.left and pair.left.message for pair in found.pairs[-2:]] == ["supplier down", None]
    assert [pair.right and pair.right.message for pair in found.pairs[-2:]] == ["all read", "sent"]


def test_no_more_is_shown_than_a_page_can_take(run: TaskRun) -> None:
    both = [attempt(run, [f"{word} here {n}" for n in range(50)]) for word in ("this", "that")]
    found = parting_of(run, both)
    assert found is not None
    assert (found.together, len(found.pairs)) == (0, AFTER)


def test_one_attempt_or_a_silent_one_has_nothing_beside_it(run: TaskRun) -> None:
    first = attempt(run, ["begins"])
    assert parting_of(run, [first]) is None
    second = attempt(run, ["detail"], origin=RECORDED)
    assert parting_of(run, [first, second]) is None


def test_the_tab_shows_it_and_leads_to_the_lines(browser_of_ada: Client, run: TaskRun) -> None:
    attempt(run, ["begins", "<b>down</b>"])
    attempt(run, ["begins", "sent"])
    page = browser_of_ada.get("/runs/r1/?tab=attempts").content.decode()
    assert "They went the same way for 1 line, then they part" in page
    assert "&lt;b&gt;down" in page
    assert "?line=4#L4" in page
