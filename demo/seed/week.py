"""Everything together: takes the old week away and tells a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.utils import timezone

from demo.seed import clockwork, desk, history, insight, machines, outside, people, watch
from tasklog.audit import trail
from tasklog.audit.models import Action


class Made(NamedTuple):
    """What there is now."""

    runs: int
    incidents: int
    people: list[str]


def make(days: int, password: str | None, say: Callable[[str], object]) -> Made:
    """Seeds the last `days` days.  What was seeded before is replaced, all else stays."""
    end = timezone.now().replace(second=0, microsecond=0)
    begin = end - timedelta(days=days)
    clear()
    new = people.make(password)
    say("Telling the runs …")
    runs = history.make(begin, end)
    history.tally()
    clockwork.make(begin)
    machines.make(begin, end)
    found = watch.make(end)
    outside.make(end)
    desk.make()
    say("Counting patterns, hours and days …")
    insight.make(begin, end)
    trail.record(Action.MAINTAIN, target=f"seed_demo: {runs:,} runs")
    return Made(runs, found, new)


def clear() -> int:
    """Takes away what was seeded, people and queue samples excepted; how many runs went."""
    watch.clear()
    outside.clear()
    desk.clear()
    insight.clear()
    clockwork.clear()
    machines.clear()
    return history.clear()
