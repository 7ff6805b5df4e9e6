"""Patterns as pages show them: the filters in the address, a page of rows, their curves.  WEB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from dashboard.access import View, signed_in
from dashboard.views.errors import forbidden
from tasklog import memo
from tasklog.insights.lookup import find
from tasklog.insights.models import Pattern, PatternHour, hour_of
from tasklog.roles import sees_all

PAGE = 50
LONGEST = 200
PERIODS = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24, "all": 0}
LEVELS = {"warning": 30, "error": 40}
# Curves have so many points.
POINTS = 24
SECONDS = 60


def of_all_runs(view: View) -> View:
    """Guards what is told of all runs together: where a rule says who sees which runs, patterns and
    counts would tell of the others', so they are for administrators then.
    """

    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not sees_all(request.user):
            return forbidden(request, PermissionDenied())
        return view(request, *args, **kwargs)

    return guarded


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they stand in the address; empty for "any"."""

    q: str = ""
    task: str = ""
    level: str = ""
    period: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        said = {n: query.get(n, "").replace("\0", "").strip()[:LONGEST] for n in cls.__slots__}
        return cls(**said)

    def url(self, **changes: str) -> str:
        """The address with `changes`; it begins at the newest again."""
        changed = replace(self, **({"before": ""} | changes))
        return "?" + urlencode({n: v for n in self.__slots__ if (v := getattr(changed, n))})

    @property
    def narrow(self) -> bool:
        return bool(self.q or self.task or self.level)

    @property
    def hours(self) -> int:
        """0: without an end."""
        return PERIODS.get(self.period, PERIODS["7d"])


@dataclass(frozen=True, slots=True)
class Shown:
    """One row: a pattern, its curve, and how alike it is to what was looked for."""

    pattern: Pattern
    curve: Sequence[float]
    score: float | None = None


def page_of(asked: Asked) -> tuple[list[Shown], str]:
    """The rows, newest first, and the address of older ones; with a text, the most alike."""
    if asked.q:
        matches = [one for one in find(asked.q) if _fits(one.pattern, asked)]
        curves = curves_of([one.pattern for one in matches], asked.hours)
        return [Shown(m.pattern, curves[m.pattern.pk], m.score) for m in matches], ""
    rows = list(_narrowed(asked).defer("places")[: PAGE + 1])
    shown, more = rows[:PAGE], len(rows) > PAGE
    curves = curves_of(shown, asked.hours)
    last = f"{shown[-1].last_seen.timestamp():.6f}_{shown[-1].pk}" if more else ""
    older = asked.url(before=last) if more else ""
    return [Shown(row, curves[row.pk]) for row in shown], older


def curves_of(patterns: Sequence[Pattern], hours: int) -> dict[int, list[float]]:
    """Lines in each of `POINTS` parts of the period; one query."""
    span = hours or PERIODS["30d"]
    begin = hour_of(timezone.now()) + 1 - span
    curves = {row.pk: [0.0] * POINTS for row in patterns}
    rows = PatternHour.objects.filter(pattern__in=list(curves), hour__gte=begin)
    for key, hour, count in rows.values_list("pattern_id", "hour", "count"):
        curves[key][min((hour - begin) * POINTS // span, POINTS - 1)] += count
    return curves


def task_names() -> list[str]:
    """Tasks that have patterns; a minute old at most."""
    return memo.keep("insight tasks", SECONDS, _task_names)


def _task_names() -> list[str]:
    names = Pattern.objects.order_by("task").values_list("task", flat=True).distinct()
    return list(names[:500])


def _narrowed(asked: Asked) -> QuerySet[Pattern]:
    rows = Pattern.objects.order_by("-last_seen", "-pk")
    if asked.task:
        rows = rows.filter(task=asked.task)
    if asked.level in LEVELS:
        rows = rows.filter(level__gte=LEVELS[asked.level])
    if asked.hours:
        rows = rows.filter(last_seen__gte=timezone.now() - timedelta(hours=asked.hours))
    if at := _place(asked.before):
        moment, key = at
        rows = rows.filter(last_seen__lte=moment)
        rows = rows.filter(Q(last_seen__lt=moment) | Q(pk__lt=key))
    return rows


def _place(text: str) -> tuple[datetime, int] | None:
    """Where a page begins; None for what we did not write."""
    moment, _, key = text.partition("_")
    try:
        return datetime.fromtimestamp(float(moment), tz=timezone.get_current_timezone()), int(key)
    except (ValueError, OverflowError, OSError):
        return None


def _fits(pattern: Pattern, asked: Asked) -> bool:
    if asked.task and pattern.task != asked.task:
        return False
    if asked.level in LEVELS and pattern.level < LEVELS[asked.level]:
        return False
    edge = timezone.now() - timedelta(hours=asked.hours)
    return not asked.hours or pattern.last_seen >= edge
