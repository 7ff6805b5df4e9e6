"""What happened in a week or a day: figures by hour, task, project, tag; what was unusual.

WORKER.  Made from hourly rows alone, so its price does not grow with the lines behind them.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.template.loader import render_to_string
from django.utils import timezone

from tasklog.conf import conf
from tasklog.insights import hours
from tasklog.insights.grouped import GROUPINGS, beside
from tasklog.insights.models import (
    OTHERS,
    Anomaly,
    Pattern,
    PatternHour,
    Report,
    hour_of,
    moment_of,
)
from tasklog.insights.storms import gathered, strength

DAY = 24
SPANS = {Report.Kind.WEEKLY: 7 * DAY, Report.Kind.DAILY: DAY}
# Rows of each table.
SHOWN = 15


def make(report: Report) -> Report:
    """Fills the report; one that cannot be made says why."""
    report.data = facts(report.begin, report.end)
    told = {"report": report, "data": report.data, "url": address(report), "days": _days(report)}
    report.html = render_to_string("tasklog/insights/report.html", told)
    report.text = render_to_string("tasklog/insights/report.txt", told)
    report.state, report.error = Report.State.READY, ""
    report.ready_at = timezone.now()
    report.save()
    return report


def begin(kind: str, *, by: str = "") -> Report:
    """An empty report of the last full days."""
    end = hour_of(timezone.now()) // DAY * DAY
    first = end - SPANS[Report.Kind(kind)]
    return Report.objects.create(kind=kind, begin=first, end=end, created_by=by)


def of_last_week() -> Report:
    """The report of the last full week, Monday to Sunday; one that is there is used again."""
    today = hour_of(timezone.now()) // DAY * DAY
    end = today - moment_of(today).weekday() * DAY
    asked = {"kind": Report.Kind.WEEKLY, "begin": end - 7 * DAY, "end": end}
    there = Report.objects.filter(**asked).exclude(state=Report.State.FAILED).first()
    return there or Report.objects.create(**asked)


def facts(begin: int, end: int) -> dict[str, Any]:
    """Everything a report says, as JSON."""
    span = end - begin
    now, before = hours.by_task(begin, end), hours.by_task(begin - span, begin)
    return {
        "totals": hours.add_up(now.values()).as_json(),
        "before": hours.add_up(before.values()).as_json(),
        **{f"{by}s": beside(by, now, before)[:SHOWN] for by in GROUPINGS},
        "hours": _hours(begin, end),
        "new": _new(begin, end),
        "loudest": _loudest(begin, end),
        "anomalies": _anomalies(begin, end),
    }  # fmt: skip


def address(report: Report) -> str:
    """Where it is read, from outside."""
    from django.urls import NoReverseMatch, reverse

    try:
        return conf().url.rstrip("/") + reverse("dashboard:insight_report", args=[report.pk])
    except NoReverseMatch:
        return ""


def _hours(begin: int, end: int) -> list[list[int]]:
    """[hour, ended, failed, lines] for every hour."""
    found = hours.hourly(begin, end)
    return [[hour, *found.get(hour, (0, 0, 0))] for hour in range(begin, end)]


def _new(begin: int, end: int) -> list[dict[str, Any]]:
    """Of tasks that were known before: of a new task everything would be new."""
    known = Pattern.objects.filter(first_seen__lt=moment_of(begin)).order_by().values("task")
    rows = Pattern.objects.filter(first_seen__gte=moment_of(begin), first_seen__lt=moment_of(end))
    rows = rows.filter(task__in=known.distinct()).exclude(template=OTHERS)
    return [_pattern(row, row.total) for row in rows.order_by("-level", "-total")[:SHOWN]]


def _loudest(begin: int, end: int) -> list[dict[str, Any]]:
    """The patterns with most lines, errors before words."""
    counted = (
        PatternHour.objects.filter(hour__gte=begin, hour__lt=end)
        .order_by()
        .values_list("pattern_id")
        .annotate(n=Sum("count"))
    )
    counts = dict(counted)
    most = sorted(counts, key=lambda pk: -counts[pk])[:SHOWN]
    rows = Pattern.objects.in_bulk(most)
    return [_pattern(rows[pk], counts[pk]) for pk in most if pk in rows]


def _pattern(row: Pattern, count: int) -> dict[str, Any]:
    return {"id": row.pk, "task": row.task, "template": row.template, "level": row.level,
            "count": count}  # fmt: skip


def _anomalies(begin: int, end: int) -> list[dict[str, Any]]:
    """The strongest storms, each by the sign that leads it; `also`: how many others there are."""
    rows = Anomaly.objects.filter(hour__gte=begin, hour__lt=end).select_related("pattern")
    storms = sorted(gathered(rows), key=lambda storm: -strength(storm.head))[:SHOWN]
    return [
        {"id": storm.head.pk, "at": f"{storm.began:%a %d %b %H:%M}", "task": storm.head.task,
         "kind": storm.head.kind, "sentence": storm.head.sentence,
         "pattern": storm.head.pattern_id, "also": len(storm.also)}
        for storm in storms
    ]  # fmt: skip


def _days(report: Report) -> list[dict[str, Any]]:
    """The hours as days, for a mail's table: with the width of a bar (0–100)."""
    rows = report.data["hours"]
    days = []
    for place in range(0, len(rows), DAY):
        part = rows[place : place + DAY]
        ended, failed, lines = (sum(row[n] for row in part) for n in (1, 2, 3))
        days.append(
            {"name": f"{moment_of(part[0][0]):%a %d %b}", "ended": ended, "failed": failed,
             "lines": lines}
        )  # fmt: skip
    top = max((day["ended"] for day in days), default=0) or 1
    return [day | {"width": round(day["ended"] / top * 100)} for day in days]
