"""What is worth reading today: ranked sentences, each with where its proof is.  WORKER."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from tasklog.insights import hours
from tasklog.insights.models import (
    OTHERS,
    Anomaly,
    Finding,
    Pattern,
    PatternHour,
    hour_of,
)
from tasklog.insights.stories import Story, told_once
from tasklog.insights.storms import Storm, gathered, strength, weight_of

DAY, WEEK = 24, 7 * 24
# A day shows so many.
MOST = 40
# New and vanished are told of tasks that were known so long before (hours).
KNOWN = 48
# A vanished pattern came on so many of the seven days before.
HABIT = 4
# Rates and durations are compared where there were so many runs on both sides.
RUNS = 5
SLOWER = 1.5

Kind = Finding.Kind


def renew(day: date | None = None) -> list[Finding]:
    """Makes today's findings anew; returns those that lead, the weightiest first."""
    now = timezone.now()
    day = day or now.date()
    this = hour_of(now) + 1
    single = [*_new(this), *_gone(this), *_failing(this), *_slow(this)]
    stories = told_once([*_unusual(this), *([row] for row in single)])[:MOST]
    for row in (row for story in stories for row in story):
        row.day, row.made_at = day, now
    with transaction.atomic():
        Finding.objects.filter(day=day).delete()
        Finding.objects.bulk_create([story[0] for story in stories])
        for head, *also in stories:
            for row in also:
                row.head = head
        Finding.objects.bulk_create([row for story in stories for row in story[1:]])
    Finding.objects.filter(day__lt=day - timedelta(days=100)).delete()
    return list(Finding.objects.filter(day=day, head=None))


def _new(this: int) -> Iterator[Finding]:
    """Patterns first seen within a day, of tasks that are known longer."""
    edge = timezone.now() - timedelta(hours=DAY)
    fresh = Pattern.objects.filter(first_seen__gte=edge).exclude(template=OTHERS)
    rows = list(fresh.order_by("-level", "-total")[:200])
    known = _first_hours({row.task for row in rows})
    for row in rows:
        if known.get(row.task, this) < this - KNOWN:
            yield Finding(
                kind=Kind.NEW, task=row.task, pattern=row,
                sentence=f"{row.task} writes something new, {_times(row.total)} since yesterday.",
                begin=hour_of(row.first_seen), end=hour_of(row.first_seen) + 1,
                score=weight_of(row.level) + math.log10(row.total + 1) * 3,
            )  # fmt: skip


def _gone(this: int) -> Iterator[Finding]:
    """Patterns that came nearly daily, and not for a day although their task ran."""
    edge = timezone.now() - timedelta(hours=DAY)
    week_ago = edge - timedelta(hours=WEEK)
    quiet = Pattern.objects.filter(last_seen__lt=edge, last_seen__gte=week_ago)
    rows = list(quiet.exclude(template=OTHERS).order_by("-total")[:200])
    days = _days({row.pk for row in rows}, this - DAY - WEEK, this - DAY)
    ran = hours.by_task(this - DAY, this, {row.task for row in rows})
    for row in rows:
        if days.get(row.pk, 0) >= HABIT and row.task in ran:
            yield Finding(
                kind=Kind.GONE, task=row.task, pattern=row,
                sentence=f"{row.task} no longer writes what it wrote on {days[row.pk]} of 7 days, "
                f"although it ran {_times(ran[row.task].ended)}.",
                score=weight_of(row.level) / 2 + days[row.pk] * 2,
            )  # fmt: skip


def _unusual(this: int) -> Iterator[Story]:
    """Each storm with its signs."""
    rows = Anomaly.objects.filter(hour__gte=this - DAY - 1).select_related("pattern")
    for storm in gathered(rows):
        yield [_sign(row, storm) for row in storm.signs]


def _sign(row: Anomaly, storm: Storm) -> Finding:
    span = (storm.begin, storm.end) if row is storm.head else (row.hour, row.hour + 1)
    return Finding(
        kind=Kind.FAILING if row.kind == Anomaly.Kind.FAILURES else Kind.UNUSUAL,
        task=row.task, pattern=row.pattern, begin=span[0], end=span[1],
        sentence=f"{row.task}: {row.sentence[:1].lower()}{row.sentence[1:]}.", score=strength(row),
    )  # fmt: skip


def _failing(this: int) -> Iterator[Finding]:
    """Tasks whose share of failures moved by more than chance would."""
    now, before = hours.by_task(this - DAY, this), hours.by_task(this - DAY - WEEK, this - DAY)
    for task, new in now.items():
        old = before.get(task)
        if old is None or min(new.ended, old.ended) < RUNS:
            continue
        score = change(new.failed, new.ended, old.failed, old.ended)
        if abs(score) >= 3:
            kind = Kind.FAILING if score > 0 else Kind.BETTER
            yield Finding(
                kind=kind, task=task,
                sentence=f"{task} fails in {_share(new.failure_rate)} of its runs since yesterday, "
                f"the week before in {_share(old.failure_rate)}.",
                score=(20 if score > 0 else 2) + min(abs(score), 20),
            )  # fmt: skip


def _slow(this: int) -> Iterator[Finding]:
    """Tasks that take longer than the week before."""
    now, before = hours.by_task(this - DAY, this), hours.by_task(this - DAY - WEEK, this - DAY)
    for task, new in now.items():
        old = before.get(task)
        if old is None or min(new.timed, old.timed) < RUNS or new.mean < 1:
            continue
        if new.mean >= SLOWER * old.mean and old.mean > 0:
            times = new.mean / old.mean
            yield Finding(
                kind=Kind.SLOW, task=task,
                sentence=f"{task} takes {new.mean:,.1f} s a run since yesterday, "
                f"{times:.1f}× the week before.",
                score=8 + min(times * 2, 12),
            )  # fmt: skip


def change(new_bad: int, new_all: int, old_bad: int, old_all: int) -> float:
    """How many standard errors two shares are apart: the pooled two-proportion z-test."""
    pooled = (new_bad + old_bad) / (new_all + old_all)
    error = math.sqrt(pooled * (1 - pooled) * (1 / new_all + 1 / old_all))
    return (new_bad / new_all - old_bad / old_all) / error if error else 0.0


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _share(rate: float) -> str:
    return f"{rate:.0%}" if rate == 0 or rate >= 0.01 else "under 1%"


def _first_hours(tasks: set[str]) -> dict[str, int]:
    rows = Pattern.objects.filter(task__in=tasks).order_by().values_list("task")
    return {task: hour_of(first) for task, first in rows.annotate(n=Min("first_seen"))}


def _days(patterns: set[int], begin: int, end: int) -> dict[int, int]:
    """On how many days of this stretch each was seen."""
    rows = PatternHour.objects.filter(pattern__in=patterns, hour__gte=begin, hour__lt=end)
    seen: dict[int, set[int]] = {}
    for pattern, hour in rows.values_list("pattern_id", "hour"):
        seen.setdefault(pattern, set()).add((hour - begin) // DAY)
    return {pattern: len(days) for pattern, days in seen.items()}
