"""Runs: by state and date; searched by task id, name and message.  WEB."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, QueryDict
from django.urls import NoReverseMatch
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tasklog.admin.base import RUNS, ReadOnlyAdmin, badge, runs_named, words_for
from tasklog.admin.dates import HoppingRuns
from tasklog.admin.lines import CUT, WINDOW, newest_lines
from tasklog.archive.archiving import ChunkDamaged
from tasklog.archive.chunks import UnknownCodec
from tasklog.archive.reader import read_lines
from tasklog.line import Line
from tasklog.models import TaskRun

# Names are looked for among the newest so many runs.
NAMES_IN = 10_000
# Lines on a run's own page.
NEWEST = 200


@admin.register(TaskRun)
class RunAdmin(ReadOnlyAdmin):
    list_display = [
        "state_badge", "id_link", "name", "queue", "worker", "started_at", "took", "line_count",
    ]  # fmt: skip
    list_display_links = ["id_link"]
    list_filter = ["state", "cause"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-task_id"]
    search_fields = ["task_id", "name"]
    search_help_text = (
        f"A task id or its first six characters or more; or part of a name among the newest "
        f"{NAMES_IN:,} runs, or of a message among the newest {WINDOW:,} lines."
    )

    readonly_fields = ["archived_lines", "newest_lines"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        _refuse_strange_period(request.GET)
        return super().changelist_view(request, extra_context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return HoppingRuns(TaskRun).visible_to(request.user).defer("result", "traceback")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        named = list(runs_named(words).values_list("pk", flat=True)[:RUNS])
        return queryset.filter(pk__in=named or self._mentioned(words)), False

    def _mentioned(self, words: str) -> list[str]:
        """Runs by name and by message, each within its window."""
        newest = TaskRun.objects.order_by("-created_at", "-task_id")
        edge = newest.values_list("created_at", flat=True)[NAMES_IN : NAMES_IN + 1].first()
        recent = newest.filter(created_at__gte=edge) if edge else newest
        by_name = recent.filter(name__icontains=words).values_list("pk", flat=True)[:RUNS]
        lines = newest_lines().filter(message__icontains=words).order_by()
        by_line = lines.values_list("task_id", flat=True).distinct()[:RUNS]
        return [*by_name, *by_line]

    @admin.display(description="state")
    def state_badge(self, run: TaskRun) -> SafeString:
        return badge(run.state, run.state_label)

    @admin.display(description="task id")
    def id_link(self, run: TaskRun) -> SafeString:
        return format_html('<code title="{}">{}</code>', run.task_id, run.short_id)

    @admin.display(description="duration")
    def took(self, run: TaskRun) -> str:
        return words_for(run.duration)

    @admin.display(description="archived lines")
    def archived_lines(self, run: TaskRun) -> SafeString:
        """How many of its lines the admin cannot list, and where they are read."""
        page = page_of(run)
        link = format_html('<a href="{}">its page</a>', page) if page else "its page"
        kept = run.chunks.aggregate(lines=Sum("count"), chunks=Count("pk"))
        if not kept["chunks"]:
            return format_html("none; {}", link)
        told = f"{kept['lines']:,} in {kept['chunks']:,} chunks"
        return format_html("{}; read them on {}", told, link)

    @admin.display(description=f"newest {NEWEST} lines")
    def newest_lines(self, run: TaskRun) -> SafeString | str:
        """Rows and archived lines alike."""
        try:
            lines = read_lines(run.pk, limit=NEWEST, newest=True, cut=CUT)
        except (ChunkDamaged, UnknownCodec) as error:
            return f"Archived lines cannot be read: {error}"
        rows = format_html_join("\n", "{}  {}  {}", map(_cells, lines))
        return format_html('<pre class="tl-lines">{}</pre>', rows) if lines else "none"

    def view_on_site(self, run: TaskRun) -> str | None:
        return page_of(run)


def _cells(line: Line) -> tuple[str, str, str]:
    return f"{line.number:>7}", f"{line.stream:<6}", line.message


def page_of(run: TaskRun) -> str | None:
    """None in a project that serves the admin but none of our pages."""
    try:
        return run.get_absolute_url()
    except NoReverseMatch:
        return None


def _refuse_strange_period(asked: QueryDict) -> None:
    """A month of every year has no index, and no year follows 9999 (Django forgets both)."""
    year = asked.get("created_at__year", "")
    parts = [
        asked.get(name, "") for name in ("created_at__month", "created_at__day") if name in asked
    ]
    if any(not re.fullmatch("[0-9]{1,2}", part) for part in parts) or (parts and not year):
        raise SuspiciousOperation("A month or day needs its year, and is a number.")
    if year and not (re.fullmatch("[0-9]{1,4}", year) and 0 < int(year) < 9999):
        raise SuspiciousOperation("A year is from 1 to 9998: it needs a next one.")
