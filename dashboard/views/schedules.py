"""Schedules: their list, and the API's words for buttons.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from dashboard.templatetags.tasklog_ui import human_duration
from tasklog.control.schedules.listing import Schedule, page_of
from tasklog.control.schedules.verbs import SAVE, VERBS

PAGE = "dashboard/schedules/list.html"


class Row:
    """A schedule with its curve: how long its last runs took, oldest first."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        finished = [run for run in schedule.runs if run.finished_at and run.duration is not None]
        self.took = [run.duration.total_seconds() for run in reversed(finished) if run.duration]
        self.last = schedule.runs[0] if schedule.runs else None
        self.curve_title = f"Last {len(self.took)} runs took"
        if self.took:
            longest = human_duration(max(self.took))
            self.curve_title = f"Last {len(self.took)} runs, the longest took {longest}"

    @property
    def tone(self) -> str:
        return (
            "bad" if self.last and self.last.state in ("FAILURE", "TIMEOUT", "LOST") else "accent"
        )

    @property
    def facts(self) -> tuple[object, ...]:
        """What must differ for the row to be drawn anew."""
        one, last = self.schedule, self.last
        return (
            one.task.pk, one.task.name, one.task.enabled, one.when, one.next[:1], one.skipping,
            len(one.missed), self.took, last and (last.pk, last.state, last.finished_at),
        )  # fmt: skip


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    number = _number(request.GET.get("page", ""))
    schedules, more = page_of(request.user, number)
    rows = [Row(schedule) for schedule in schedules]
    etag = etag_of(number, more, [row.facts for row in rows])
    context: dict[str, Any] = {
        "rows": rows,
        "etag": etag,
        "older": f"?page={number + 1}" if more else "",
        "newer": f"?page={number - 1}" if number > 1 else "",
        "may_act": VERBS["run"].allowed(request.user),
        "may_edit": SAVE.allowed(request.user),
    }
    if not wants_fragment(request):
        return render(request, PAGE, context)
    if same := unchanged(request, etag):
        return same
    return tagged(render(request, f"{PAGE}#live", context), etag)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 else 1
