"""Patterns, hours, anomalies, findings and reports, made by their own rooms from the history."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.seed.history import NAMES
from tasklog.insights import anomalies, findings, hours, mining, report
from tasklog.insights.models import Anomaly, Cursor, Finding, Pattern, Report, TaskHour
from tasklog.maintenance import usage

BY = "seed_demo"


def make(begin: datetime, end: datetime) -> None:
    """Everything that workers would have counted by `end`."""
    while mining.mine():
        pass
    hours.renew()
    anomalies.detect()
    findings.renew()
    for kind in (Report.Kind.DAILY, Report.Kind.WEEKLY):
        report.make(report.begin(kind, by=BY))
    day = begin.date()
    while day <= end.date():
        usage.count_day(day)
        day += timedelta(days=1)


def clear() -> None:
    """Forgets these tasks, and begins with the hours anew: counting twice changes nothing."""
    for model in (Pattern, TaskHour, Anomaly, Finding):
        model.objects.filter(task__in=NAMES).delete()
    Report.objects.filter(created_by=BY).delete()
    Cursor.objects.filter(name__in=(hours.HOURS, anomalies.JUDGED)).update(position=0)
