"""The labelled week: after six weeks as usual, one with bursts and silences that are known.

As usual means: workdays, nights and weekends, growth, tasks that come in lumps, seldom, at office
hours or once a week, a batch that begins minutes before or after the full hour, a task and patterns
that are new, runs that fail now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import exp
from random import Random
from statistics import median

WEEK, WEEKS = 168, 6
# So many hours before the end a task's runs fail.
FAILING = 77

# Hour → lines as usual.
Habit = Callable[[int, Random], float]


@dataclass
class Told:
    """One thing's numbers, and the hours in which they were made unusual."""

    task: str
    habit: Habit
    first: int = 0  # hours after the beginning
    burst: float = 5.0  # the least a burst is multiplied with
    counts: dict[int, float] = field(default_factory=dict)
    planted: dict[int, float] = field(default_factory=dict)


def rhythm(hour: int) -> float:
    """Workdays and weekends, day and night."""
    at = datetime.fromtimestamp(hour * 3600, UTC)
    day = 1.0 if 7 <= at.hour <= 19 else 0.4
    return day * (0.5 if at.weekday() >= 5 else 1.0)


def steady(level: float) -> Habit:
    return lambda hour, dice: _noisy(level * rhythm(hour), dice)


def growing(level: float, begin: int) -> Habit:
    """Threefold within the seven weeks."""
    return lambda hour, dice: _noisy(
        level * rhythm(hour) * 3 ** ((hour - begin) / (WEEK * (WEEKS + 1))), dice
    )


def lumpy(runs: float, lines: float) -> Habit:
    """So many runs an hour, each of about so many lines."""
    return lambda hour, dice: sum(
        lines * dice.uniform(0.5, 1.5) for _ in range(_poisson(runs * rhythm(hour), dice))
    )


def office(level: float) -> Habit:
    def habit(hour: int, dice: Random) -> float:
        at = datetime.fromtimestamp(hour * 3600, UTC)
        works = at.weekday() < 5 and 8 <= at.hour < 18
        return _noisy(level, dice) if works else 0.0

    return habit


def weekly(lines: float) -> Habit:
    def habit(hour: int, dice: Random) -> float:
        at = datetime.fromtimestamp(hour * 3600, UTC)
        return _noisy(lines, dice) if (at.weekday(), at.hour) == (0, 6) else 0.0

    return habit


def batch(lines: float, around: int, seed: int) -> Habit:
    """Daily, for ten minutes, begun some minutes before or after the full hour."""

    def habit(hour: int, dice: Random) -> float:
        early = 0.0
        for day in (hour // 24, (hour + 1) // 24):
            begin = day * 24 + around + Random(seed * 10_007 + day).gauss(0.02, 0.06)
            early += max(0.0, min(hour + 1, begin + 1 / 6) - max(hour, begin)) * 6
        return _noisy(lines * min(early, 1.0), dice)

    return habit


def _noisy(level: float, dice: Random) -> float:
    return max(dice.gauss(level, level**0.5), 0) if level else 0.0


def _poisson(mean: float, dice: Random) -> int:
    count, left = 0, exp(-mean)
    product = dice.random()
    while product > left:
        count, product = count + 1, product * dice.random()
    return count


def cast(begin: int) -> list[Told]:
    """Everybody of these weeks."""
    found = [Told(f"steady.{n % 6}", steady(20 + n * 25)) for n in range(24)]
    found += [Told(f"grows.{n}", growing(30 + n * 60, begin)) for n in range(4)]
    found += [Told(f"lumps.{n}", lumpy(0.3 + n * 0.35, 30 + n * 15), burst=15) for n in range(8)]
    found += [Told(f"rare.{n}", lumpy(1 / (20 + n * 10), 60 + n * 60), burst=10) for n in range(6)]
    found += [Told(f"office.{n}", office(40 + n * 60)) for n in range(3)]
    found += [Told(f"weekly.{n}", weekly(800 + n * 4000)) for n in range(2)]
    found += [Told(f"batch.{n}", batch(4000 + n * 3000, 1 + n, n)) for n in range(3)]
    new = WEEK * WEEKS + 30
    found += [Told("new.rhythm", steady(120), new), Told("new.lumps", lumpy(1.2, 60), new)]
    found += [Told("steady.0", steady(90), new + 40), Told("lumps.3", lumpy(0.5, 90), new + 7)]
    return found


def plant(told: list[Told], begin: int, dice: Random) -> None:
    """Bursts of 5 to 40 times the usual, silences where at least 25 are usual, a task's storm."""
    last = begin + WEEK * WEEKS
    for one in told:
        if one.first:
            continue
        for _ in range(1 + one.task.startswith("steady")):
            hour = last + 2 + dice.randrange(WEEK - 4)
            usual = _usual(one, hour)
            if one.task.startswith(("rare", "lumps")):  # of the hours that it comes in
                usual = max(usual, median(one.counts.values()))
            if usual < max(4, max(one.counts.values()) / 10):
                continue
            one.planted[hour] = one.counts[hour] = round(usual * dice.uniform(one.burst, 40))
    for one in told:
        told_of = one.task.startswith(("steady", "grows", "office")) and not one.first
        if told_of and dice.random() < 0.6:
            hours = [
                hour
                for hour in range(last + 2, last + WEEK - 2)
                if _usual(one, hour) >= 25 and not {hour - 1, hour, hour + 1} & set(one.planted)
            ]
            for hour in dice.sample(hours, min(len(hours), 1)):
                one.planted[hour] = one.counts[hour] = 0
    storm = last + 100
    for one in told:
        if one.task == "steady.5":
            for hour in (storm, storm + 1):
                one.planted[hour] = one.counts[hour] = round(_usual(one, hour) * 12)


def _usual(one: Told, hour: int) -> float:
    """Of the same hour of the weeks before, by their mean."""
    weeks = [one.counts.get(hour - WEEK * n, 0) for n in range(1, 5)]
    return sum(weeks) / len(weeks)


# (pattern, hour) → lines; and (task, hour) of everything that may be told.
Planted = tuple[dict[tuple[int, int], float], set[tuple[str, int]]]


def store(begin: int, end: int, dice: Random) -> Planted:
    """Writes patterns and hours; returns what was planted, and where."""
    from tasklog.insights.models import Pattern, PatternHour, moment_of

    told = cast(begin)
    for one in told:
        for hour in range(begin + one.first, end):
            if count := round(one.habit(hour, dice)):
                one.counts[hour] = count
    plant(told, begin, dice)
    planted: dict[tuple[int, int], float] = {}
    for n, one in enumerate(told):
        row = Pattern.objects.create(
            fingerprint=f"f{n}", task=one.task, template=f"line {n}", last_seen=moment_of(end),
            first_seen=moment_of(min(one.counts)),
        )  # fmt: skip
        rows = [PatternHour(pattern=row, hour=h, count=c) for h, c in one.counts.items() if c]
        PatternHour.objects.bulk_create(rows, batch_size=5000)
        planted |= {(row.pk, hour): count for hour, count in one.planted.items()}
    near = {(one.task, hour + step) for one in told for hour in one.planted for step in (-1, 0, 1)}
    return planted, near | _store_failures(begin, end, dice)


def _store_failures(begin: int, end: int, dice: Random) -> set[tuple[str, int]]:
    """Runs that fail now and then; of one task most of an hour's."""
    from tasklog.insights.models import TaskHour

    rows, bad = [], end - FAILING
    for n, (runs, share) in enumerate(((40, 0.02), (8, 0.05), (400, 0.01), (0.05, 0.3), (2, 0.0))):
        for hour in range(begin, end):
            if ended := _poisson(runs * rhythm(hour), dice):
                failed = sum(dice.random() < share for _ in range(ended))
                failed = max(failed, 25) if (n, hour) == (0, bad) else failed
                rows.append(TaskHour(task=f"fails.{n}", hour=hour, ended=max(ended, failed),
                                     failed=failed))  # fmt: skip
    TaskHour.objects.bulk_create(rows, batch_size=5000)
    return {("fails.0", bad)}


def labelled(seed: int = 5) -> list[tuple[object, ...]]:
    """Rows of the bench: what was found, what was told without cause."""
    from tasklog.insights import anomalies
    from tasklog.insights.models import Anomaly, Pattern, PatternHour, TaskHour

    for model in (Anomaly, PatternHour, Pattern, TaskHour):
        model.objects.all().delete()
    end = int(time.time()) // 3600
    begin = end - WEEK * (WEEKS + 1)
    planted, causes = store(begin, end, Random(seed))
    started = time.perf_counter()
    for hour in range(end - WEEK, end):
        anomalies.detect_hour(hour)
    seconds = time.perf_counter() - started
    found = set(Anomaly.objects.values_list("pattern_id", "hour"))
    missed = set(planted) - found
    failures = Anomaly.objects.filter(kind="failures", hour=end - FAILING).count()
    storms = set(Anomaly.objects.values_list("task", "storm")) - causes
    for task, hour in storms:
        told = Anomaly.objects.filter(task=task, storm=hour)[0]
        print(f"without cause: {task}, {end - hour} hours ago: {told.sentence}")
    hits = len(planted) - len(missed) + failures
    return [
        ("planted bursts and silences found", f"{hits} of {len(planted) + 1}", "all"),
        ("false alarms a day", f"{len(storms) / 7:.2f}", "1"),
        ("a week judged in", f"{seconds:.1f} s", ""),
    ]
