"""What people do to reports.  WEB."""

from __future__ import annotations

from typing import Any

from tasklog.control.actions import Action, Outcome, done, failed
from tasklog.control.link import BrokerAway, link
from tasklog.insights import report as room
from tasklog.insights.tasks import generate_analytics_report


def _make(kind: str, *, by: str) -> Outcome:
    report = room.begin(kind, by=by)
    try:
        with link() as broker:
            options: dict[str, Any] = {"connection": broker, "retry": False}
            generate_analytics_report.apply_async((report.pk,), **options)
    except BrokerAway as away:
        report.delete()
        return failed(f"Nothing was made. {away}", away)
    return done(f"{report.title} is being made. Look again in a moment.", report)


MAKE = Action("report", "Make report", _make)
