"""Lines and attempts.  WEB.

A list of lines shows the newest `WINDOW` of all runs, or all rows of the run that is searched for.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasklog.admin.base import RUNS, ReadOnlyAdmin, badge, runs_named, seen_by, words_for
from tasklog.line import level_name
from tasklog.models import TaskAttempt, TaskLogLine
from tasklog.querysets import LineQuerySet

# About 30 ms of text search on either database.
WINDOW = 100_000
# The list shows the beginning of a message; the line's own page all of it.
CUT = 200


def newest_lines() -> LineQuerySet:
    """The newest lines of all runs, by primary key."""
    found: LineQuerySet = TaskLogLine.objects.filter(id__gt=_edge(TaskLogLine))
    return found


def _edge(model: type[TaskLogLine | TaskAttempt]) -> int:
    """The id that the newest `WINDOW` rows come after."""
    newest: int = model._default_manager.aggregate(n=Max("id"))["n"] or 0
    return newest - WINDOW


@admin.register(TaskLogLine)
class LineAdmin(ReadOnlyAdmin):
    list_display = ["number", "run_id", "timestamp", "stream_badge", "level_badge", "text"]
    list_filter = ["stream", "level"]
    ordering = ["-id"]
    search_fields = ["message"]
    search_help_text = (
        "A task id (or its first six characters or more), then perhaps a text in that run's lines; "
        f"or a text among the newest {WINDOW:,} lines."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return seen_by(request.user, super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        first, _, rest = search_term.strip().partition(" ")
        visible = runs_named(first).visible_to(request.user)  # type: ignore[attr-defined]
        named = list(visible.values_list("pk", flat=True)[:RUNS]) if first else []
        if named:
            return queryset.filter(task_id__in=named, message__icontains=rest.strip()), False
        queryset = queryset.filter(id__gt=_edge(TaskLogLine))
        words = search_term.strip()
        return (queryset.filter(message__icontains=words) if words else queryset), False

    @admin.display(description="run")
    def run_id(self, line: TaskLogLine) -> SafeString:
        text = line.task_id
        short = text if len(text) <= 13 else f"{text[:4]}…{text[-4:]}"
        return format_html('<a href="?q={}"><code title="{}">{}</code></a>', text, text, short)

    @admin.display(description="stream")
    def stream_badge(self, line: TaskLogLine) -> SafeString:
        return badge(line.stream, line.stream)

    @admin.display(description="level")
    def level_badge(self, line: TaskLogLine) -> SafeString | str:
        name = level_name(line.level)
        return badge(name.replace(" ", "-"), name) if name else "–"

    @admin.display(description="message")
    def text(self, line: TaskLogLine) -> SafeString:
        cut = line.message if len(line.message) <= CUT else line.message[:CUT] + "…"
        return format_html('<code class="tl-message">{}</code>', cut)


@admin.register(TaskAttempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = [
        "task_id", "number", "outcome_badge", "worker", "started_at", "took", "stored", "dropped",
    ]  # fmt: skip
    list_filter = ["outcome", "cause"]
    ordering = ["-id"]
    search_fields = ["task__pk"]
    search_help_text = "A task id, or its first six characters or more."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return seen_by(request.user, super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if words:
            return queryset.filter(task_id__in=list(runs_named(words)[:RUNS])), False
        return queryset.filter(id__gt=_edge(TaskAttempt)), False

    @admin.display(description="outcome")
    def outcome_badge(self, attempt: TaskAttempt) -> SafeString:
        state = attempt.outcome or "STARTED"
        label = attempt.get_outcome_display() if attempt.outcome else "Running"
        return badge(state, label)

    @admin.display(description="duration")
    def took(self, attempt: TaskAttempt) -> str:
        return words_for(attempt.finished_at - attempt.started_at if attempt.finished_at else None)
