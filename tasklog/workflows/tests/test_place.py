"""Places in a merged log as text."""

from __future__ import annotations

import random

import pytest

from tasklog.workflows.place import LONGEST, Reach, pack, unpack

RUNS = [Reach("a", 10, ended=True), Reach("b", 700, ended=False), Reach("c", 0, ended=False)]


def test_a_place_comes_back_as_it_was() -> None:
    place = {"a": 10, "b": 300, "c": 0}
    assert unpack(RUNS, pack(RUNS, place)) == place


def test_runs_that_came_later_begin_at_their_first_line() -> None:
    place = {"a": 4, "b": 300, "c": 0}
    later = [*RUNS, Reach("d", 50, ended=True)]
    assert unpack(later, pack(RUNS, place)) == {**place, "d": 0}


def test_a_run_put_in_between_is_noticed() -> None:
    text = pack(RUNS, {"a": 10, "b": 300})
    assert unpack([RUNS[0], Reach("x", 5, ended=True), *RUNS[1:]], text) is None


def test_an_ended_run_that_began_anew_is_noticed() -> None:
    text = pack(RUNS, {"a": 10, "b": 300})
    assert unpack([Reach("a", 12, ended=False), *RUNS[1:]], text) is None


def test_a_thousand_runs_of_which_fifty_run_are_a_short_text() -> None:
    dice = random.Random(1)
    runs = [Reach(f"task-{n}", dice.randrange(5_000), n < 900) for n in range(1000)]
    seen = {run.task_id: run.lines if run.ended else dice.randrange(999) for run in runs[:950]}
    assert 0 < len(pack(runs, seen)) < 400


def test_what_would_be_too_long_is_no_place() -> None:
    dice = random.Random(1)
    runs = [Reach(f"task-{n}", 10**9, ended=False) for n in range(5000)]
    assert pack(runs, {run.task_id: dice.randrange(10**9) for run in runs}) == ""


@pytest.mark.parametrize("text", ["", "nowhere", "12", "AAAA", "é", "%%%", "A" * (LONGEST + 1)])
def test_other_text_is_no_place(text: str) -> None:
    assert unpack(RUNS, text) is None
