"""A date hierarchy that hops through the index instead of reading the table.  WEB.

Django asks for the smallest and largest date at once and for every distinct year, month or day:
over a million runs that is seconds.  Here each is one look into the index (created_at, task_id).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Min
from django.utils import timezone

from tasklog.querysets import RunQuerySet


class HoppingRuns(RunQuerySet):
    """Runs whose dates are found by hops.  For the admin's date hierarchy only."""

    def aggregate(self, *args: Any, **named: Any) -> dict[str, Any]:
        if args or not all(isinstance(asked, (Min, Max)) for asked in named.values()):
            return super().aggregate(*args, **named)
        return {name: self._edge(asked) for name, asked in named.items()}

    def _edge(self, asked: Min | Max) -> Any:
        field = asked.get_source_expressions()[0].name
        order = field if isinstance(asked, Min) else f"-{field}"
        return self.order_by(order).values_list(field, flat=True).first()

    def datetimes(self, field_name: str, kind: str, *args: Any, **named: Any) -> Any:
        """The beginnings of the years, months or days that have a run, in order."""
        found: list[datetime] = []
        after = None
        while (first := self._first(field_name, after)) is not None:
            begins, after = _period(first, kind)
            found.append(begins)
        return found

    def _first(self, field: str, after: datetime | None) -> datetime | None:
        rows = self if after is None else self.filter(**{f"{field}__gte": after})
        moment: datetime | None = rows.order_by(field).values_list(field, flat=True).first()
        return moment


def _period(moment: datetime, kind: str) -> tuple[datetime, datetime]:
    """The beginning of the year, month or day of `moment`, and of the next one."""
    day = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "day":
        return day, _midnight(day + timedelta(hours=36))
    if kind == "month":
        month = day.replace(day=1)
        return month, _midnight((month + timedelta(days=32)).replace(day=1))
    year = day.replace(month=1, day=1)
    return year, year.replace(year=year.year + 1)


def _midnight(moment: datetime) -> datetime:
    """Safe where a day has 23 or 25 hours."""
    return moment.replace(hour=0)
