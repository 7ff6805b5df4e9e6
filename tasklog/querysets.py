"""The questions asked of runs and lines, each with the index it walks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast

from django.db import connection, models
from django.db.models import Count, F, Max, Sum, Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils import timezone
from django.utils.module_loading import import_string

from tasklog.conf import conf

if TYPE_CHECKING:
    from tasklog.models import TaskLogLine


# Of why a run failed, a row shows this much.
WHY = Left(Coalesce(NullIf("reason", Value("")), "exception"), 200)


def database_now() -> datetime:
    """The database's clock: the one that all hosts share."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


class RunQuerySet(models.QuerySet[Any]):
    """Runs.  Every page and API call starts from `visible_to`."""

    def visible_to(self, user: Any) -> Self:
        """The runs this user may see: all of them unless CELERY_TASKLOG_VISIBILITY narrows it."""
        rule = conf().visibility
        if not rule:
            return self
        narrow = import_string(rule) if isinstance(rule, str) else rule
        return cast("Self", narrow(user, self))

    def next_number(self, task_id: str, line: TaskLogLine) -> int:
        """Takes the run's next line number and counts the line.  Call inside a transaction.

        The UPDATE locks the run's row until commit, so numbers become visible in order and a
        reader that goes by number never misses a late commit.
        """
        self.get_or_create(task_id=task_id)
        self.filter(task_id=task_id).update(
            line_count=F("line_count") + 1,
            warning_count=F("warning_count") + int(30 <= line.level < 40),
            error_count=F("error_count") + int(line.level >= 40),
        )
        number, counts = self.values_list("line_count", "counts").get(task_id=task_id)
        counts[line.stream] = counts.get(line.stream, 0) + 1
        self.filter(task_id=task_id).update(counts=counts)
        return int(number)


class AttemptQuerySet(models.QuerySet[Any]):
    """Attempts, by their receipts."""

    def recent(self, count: int) -> Self:
        """The newest ones; walks the primary key."""
        newest: int = self.aggregate(n=Max("pk"))["n"] or 0
        return self.filter(pk__gt=newest - count)

    def missing_lines(self) -> tuple[int, int]:
        """How many have ended short, and by how many lines: emitted, but neither stored nor
        counted as dropped.  Both are 0 unless something is broken.
        """
        kept = F("stored") + F("dropped")
        short = self.filter(finished_at__isnull=False, emitted__gt=kept)
        found = short.aggregate(short=Count("pk"), lines=Sum(F("emitted") - kept))
        return found["short"], found["lines"] or 0


class LineQuerySet(models.QuerySet[Any]):
    """Lines; all of them walk the unique index (task, number)."""

    def of(self, task_id: str) -> Self:
        return self.filter(task_id=task_id).order_by("number")

    def after(self, number: int) -> Self:
        return self.filter(number__gt=number)

    def before(self, number: int) -> Self:
        return self.filter(number__lt=number)
