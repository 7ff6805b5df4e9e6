"""What all the lists share: nothing can be changed, and nothing counts a whole table.  WEB."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasklog.conf import conf
from tasklog.models import TaskRun

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

# A list shows, and counts, at most so many rows; narrow it to see others.
SHOWN = 10_000
# The beginning of a task id is looked for from this length on.
SHORTEST_PREFIX = 6
# One search names at most this many runs.
RUNS = 100


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than `SHOWN`."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:SHOWN].count())


class ListedLookups(ModelAdmin):
    """Only what its filters offer is asked of the database.

    Django's lists take any lookup of the model's own fields: `?name__regex=(a+)+$` holds SQLite
    for minutes, `?created_at__year=-1` is an error.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        field, _, kind = lookup.partition("__")
        if field == self.date_hierarchy:
            return kind in ("year", "month", "day", "gte", "lt")
        return field in self.list_filter and kind in ("", "exact", "isnull", "in")


class ReadOnlyAdmin(ListedLookups):
    """A list to look at."""

    paginator = BoundedPaginator
    show_full_result_count = False
    # Facets count the whole table once for each choice.
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    actions = None
    # Sorting by a column without an index sorts the whole table.
    sortable_by = ()

    class Media:
        css = {"all": ["tasklog/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if any("\0" in value for _, values in request.GET.lists() for value in values):
            raise SuspiciousOperation("PostgreSQL knows no text with a NUL.")
        return super().changelist_view(request, extra_context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        if "\0" in object_id:
            return None
        return super().get_object(request, object_id, from_field)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def seen_by(user: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of `rows` whose run this user may see; costs nothing without a rule."""
    if not conf().visibility:
        return rows
    return rows.filter(task__in=TaskRun.objects.visible_to(user).order_by().values("pk"))


def runs_named(words: str) -> QuerySet[TaskRun]:
    """The runs with this task id, or whose id begins with it; walks the primary key."""
    words = words.strip()
    found = Q(pk=words)
    if len(words) >= SHORTEST_PREFIX:
        found |= _begins_with(words)
    return TaskRun.objects.filter(found).order_by()


def _begins_with(words: str) -> Q:
    """SQLite's LIKE ignores case and so the index; a range does not."""
    if connections[TaskRun.objects.db].vendor == "sqlite":
        return Q(pk__gte=words, pk__lt=words + "\U0010ffff")
    return Q(pk__startswith=words)


def badge(kind: str, text: str) -> SafeString:
    """A coloured word; the colours stand in tasklog/admin.css."""
    return format_html('<span class="tl-badge tl-{}">{}</span>', kind.lower(), text)


def words_for(span: timedelta | None) -> str:
    """`84 ms`, `4.2 s`, `1 m 52 s`, `2 h 10 m`, `3 d 4 h`."""
    if span is None:
        return "–"
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60:02d} m"
    return f"{minutes} m {int(seconds % 60):02d} s"
