"""What is usual at an hour, and what is not: rare things, batches, growth, what is new."""

from __future__ import annotations

import random

import pytest

from tasklog.insights import anomalies
from tasklog.insights.baselines import DAY, WEEK, judge
from tasklog.insights.series import Thing

# A Monday, 03:00 UTC.
MONDAY = 494_282 // 168 * 168 + 99


def busy(weeks: int = 5, middle: float = 20) -> dict[int, float]:
    dice = random.Random(7)
    return {MONDAY - back: dice.randint(int(middle * 0.8), int(middle * 1.2))
            for back in range(1, weeks * WEEK + 1)}  # fmt: skip


def test_an_hour_is_judged_by_the_same_hour_of_earlier_weeks() -> None:
    series = dict.fromkeys(range(MONDAY - 5 * WEEK, MONDAY), 20.0)
    found = judge(series | {MONDAY: 620}, MONDAY, MONDAY - 5 * WEEK)
    assert found
    told = anomalies.sentence(Thing("lines", "orders.import"), found)
    assert told == "31× the usual for Monday 03:00: 620 lines, usually 20"


def test_usual_hours_and_small_ones_raise_nothing() -> None:
    series = busy()
    for seen in (15, 20, 30, 45):
        assert judge(series | {MONDAY: seen}, MONDAY, 0) is None
    assert judge({MONDAY: 19}, MONDAY, MONDAY - WEEK) is None


def test_silence_is_told_and_an_earlier_burst_changes_nothing() -> None:
    series = busy(middle=100)
    series[MONDAY - WEEK] = 90_000
    found = judge(series, MONDAY, MONDAY - 5 * WEEK)
    assert found
    assert found.kind == "silence"
    told = anomalies.sentence(Thing("runs", "a"), found)
    assert told == f"No runs where {found.usual.middle:.0f} are usual for Monday 03:00"


def test_nothing_is_judged_before_something_is_known() -> None:
    assert judge({MONDAY: 10_000}, MONDAY, MONDAY - 3) is None


def test_what_comes_seldom_is_judged_by_the_hours_it_came_in() -> None:
    """A task that ran ten times in six weeks, each time with some 300 lines."""
    series = {MONDAY - 95 * n: 250.0 + 10 * n for n in range(1, 11)}
    assert judge(series | {MONDAY: 400}, MONDAY, MONDAY - 6 * WEEK) is None
    found = judge(series | {MONDAY: 6000}, MONDAY, MONDAY - 6 * WEEK)
    assert found
    assert anomalies.sentence(Thing("lines", "a"), found) == (
        "20× the usual for an hour that has any: 6,000 lines, usually 305"
    )


def test_of_what_came_once_or_twice_little_is_known() -> None:
    series = {MONDAY - 400: 50.0}
    assert judge(series | {MONDAY: 400}, MONDAY, MONDAY - 6 * WEEK) is None
    assert judge(series | {MONDAY: 900}, MONDAY, MONDAY - 6 * WEEK) is not None


@pytest.mark.parametrize("beside", [-1, 1])
def test_a_batch_that_begins_minutes_early_or_late_is_no_news(beside: int) -> None:
    series = {MONDAY - DAY * n: 10_000.0 + n for n in range(1, 6 * 7)}
    since = MONDAY - 6 * WEEK
    moved = series | {MONDAY + beside: 10_000.0}
    assert judge(moved, MONDAY, since) is None
    assert judge(moved, MONDAY + beside, since) is None
    missing = judge(series, MONDAY, since)
    assert missing
    assert missing.kind == "silence"
    assert judge(series | {MONDAY: 60_000.0}, MONDAY, since) is not None


def test_a_new_level_is_news_for_days_only() -> None:
    series = busy(weeks=6, middle=100)
    since = MONDAY - 6 * WEEK
    assert judge(series | {MONDAY: 600}, MONDAY, since) is not None
    # MONDAY is a Monday: the three workdays before are Friday, Thursday and Wednesday.
    habit = series | {MONDAY - DAY * n: 600.0 for n in (3, 4, 5)}
    assert judge(habit | {MONDAY: 600}, MONDAY, since) is None
    gone = series | {MONDAY - DAY * n: 0.0 for n in (3, 4, 5)}
    assert judge(gone, MONDAY, since) is None
    assert judge(series, MONDAY, since) is not None


def test_steady_growth_is_no_news() -> None:
    series = {MONDAY - back: 300 * 3 ** (-back / (6 * WEEK)) for back in range(6 * WEEK)}
    assert judge(series, MONDAY, MONDAY - 6 * WEEK) is None


def test_a_new_task_is_not_judged_on_its_first_day_nor_silent_at_its_first_weekend() -> None:
    first = {MONDAY - back: 20.0 for back in range(1, 20)}
    assert judge(first | {MONDAY: 900}, MONDAY, MONDAY - 19) is None
    friday = MONDAY - 3 * DAY
    saturday = friday + DAY
    office = {friday - DAY * n: 200.0 for n in range(5)}
    assert judge(office, saturday, friday - 5 * DAY) is None


def test_office_hours_are_no_silence_at_weekends() -> None:
    office = {MONDAY - DAY * n: 200.0 for n in range(1, 60) if n % 7 not in (1, 2)}
    since = MONDAY - 59 * DAY
    assert judge(office, MONDAY - DAY, since) is None
    found = judge(office, MONDAY, since)
    assert found
    assert found.kind == "silence"
