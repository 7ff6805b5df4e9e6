"""The lines of several runs as one log."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tasklog.archive import chunks, merged
from tasklog.archive.archiving import archive_run, archive_step
from tasklog.archive.merged import Strand, Told, newest, oldest
from tasklog.archive.only import Only
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
Runs = dict[str, list[float]]


def write(runs: Runs) -> None:
    """A line at each of these seconds after noon."""
    for task_id, seconds in runs.items():
        TaskRun.objects.create(task_id=task_id, line_count=len(seconds), state="SUCCESS")
        TaskLogLine.objects.bulk_create(
            TaskLogLine(
                task_id=task_id, number=n, seq=n, message=f"{task_id}{n}",
                level=40 if n % 7 == 0 else 0, timestamp=NOON + timedelta(seconds=at),
            )
            for n, at in enumerate(seconds, 1)
        )  # fmt: skip


def strands(runs: Runs) -> list[Strand]:
    return [
        Strand(name, order, 0, len(at), micros(min(at)), micros(max(at)))
        for order, (name, at) in enumerate(runs.items())
    ]


def micros(seconds: float) -> int:
    return int((NOON + timedelta(seconds=seconds)).timestamp() * 1e6)


def said(told: list[Told]) -> list[str]:
    return [one.line.message for one in told]


def expected(runs: Runs) -> list[str]:
    lines = [
        (at, order, n, f"{name}{n}")
        for order, (name, seconds) in enumerate(runs.items())
        for n, at in enumerate(seconds, 1)
    ]
    return [message for *_, message in sorted(lines)]


def random_runs(count: int, lines: int) -> Runs:
    dice = random.Random(7)
    runs = {}
    for n in range(count):
        began = dice.random() * count
        runs[f"r{n}-"] = sorted(began + dice.random() * 5 for _ in range(dice.randrange(1, lines)))
    return runs


@pytest.fixture(params=["rows", "archived", "both"])
def stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Half of the runs archived, or one in the middle of it: readers cannot tell."""
    monkeypatch.setattr(chunks, "CHUNK_LINES", 4)
    monkeypatch.setattr(merged, "PART", 5)

    def store() -> None:
        ids = TaskRun.objects.values_list("pk", flat=True)[::2]
        for task_id in ids if request.param == "archived" else []:
            archive_run(task_id)
        if request.param == "both":
            archive_step(ids[0])

    return store


def test_lines_of_all_runs_stand_in_the_order_of_time(stored: Callable[[], None]) -> None:
    runs = random_runs(12, 20)
    write(runs)
    stored()
    assert said(oldest(strands(runs), 10**6)) == expected(runs)
    assert said(newest(strands(runs), 10**6)) == expected(runs)
    assert said(newest(strands(runs), 7)) == expected(runs)[-7:]
    assert said(oldest(strands(runs), 7)) == expected(runs)[:7]


def test_windows_backwards_join_without_gap_or_double(stored: Callable[[], None]) -> None:
    runs = random_runs(8, 30)
    write(runs)
    stored()
    found: list[str] = []
    upto = {name: len(seconds) for name, seconds in runs.items()}
    while True:
        part = [Strand(s.task_id, s.order, 0, upto[s.task_id], s.begins, s.ends)
                for s in strands(runs)]  # fmt: skip
        told = newest(part, 9)
        found = said(told) + found
        if not told:
            break
        for one in reversed(told):
            upto[one.task_id] = one.line.number - 1
    assert found == expected(runs)


def test_a_clock_that_was_set_back_costs_no_line() -> None:
    runs = {"a": [1, 9, 3, 4], "b": [2, 5, 6]}
    write(runs)
    forwards, backwards = said(oldest(strands(runs), 99)), said(newest(strands(runs), 99))
    assert sorted(forwards) == sorted(backwards) == ["a1", "a2", "a3", "a4", "b1", "b2", "b3"]
    for lines in (forwards, backwards):
        assert [line for line in lines if line[0] == "a"] == ["a1", "a2", "a3", "a4"]


def test_only_the_wanted_lines_are_merged(stored: Callable[[], None]) -> None:
    runs = random_runs(6, 30)
    write(runs)
    stored()
    kept = [x for x in expected(runs) if int(x.partition("-")[2]) % 7 == 0]
    assert said(oldest(strands(runs), 10**6, Only(levels=40))) == kept
    assert said(newest(strands(runs), 10**6, Only(levels=40))) == kept


def test_equal_times_stand_in_the_order_of_the_runs() -> None:
    runs = {"b": [1, 1], "a": [1, 1]}
    write(runs)
    assert said(oldest(strands(runs), 99)) == ["b1", "b2", "a1", "a2"]
    assert said(newest(strands(runs), 99)) == ["b1", "b2", "a1", "a2"]


def test_a_window_opens_only_the_runs_near_it(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    runs = {f"r{n}": [n * 10 + k for k in range(5)] for n in range(200)}
    write(runs)
    with django_assert_max_num_queries(12):
        assert said(newest(strands(runs), 12)) == expected(runs)[-12:]


def test_many_runs_at_once_are_read_together(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    runs = {f"r{n}": [0, n / 500, 1] for n in range(300)}
    write(runs)
    with django_assert_max_num_queries(40):
        assert said(newest(strands(runs), 500)) == expected(runs)[-500:]
