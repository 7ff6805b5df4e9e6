"""Workers and drainers.  WEB."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.safestring import SafeString

from tasklog.admin.base import ReadOnlyAdmin, badge
from tasklog.conf import DEAD_AFTER_SECONDS
from tasklog.models import Drainer, TaskWorker


@admin.register(TaskWorker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ["name", "state_badge", "host", "pid", "pool", "concurrency", "seen_at"]
    search_fields = ["name", "host"]
    ordering = ["-seen_at"]

    @admin.display(description="state")
    def state_badge(self, worker: TaskWorker) -> SafeString:
        if worker.stopped_at:
            return badge("revoked", "Stopped")
        return _alive(worker)


@admin.register(Drainer)
class DrainerAdmin(ReadOnlyAdmin):
    list_display = ["host", "state_badge", "pid", "lag_ms", "lines_stored", "damaged", "seen_at"]
    ordering = ["-seen_at"]

    @admin.display(description="state")
    def state_badge(self, drainer: Drainer) -> SafeString:
        return _alive(drainer)


def _alive(seen: TaskWorker | Drainer) -> SafeString:
    age = (timezone.now() - seen.seen_at).total_seconds()
    return badge("success", "Alive") if age <= DEAD_AFTER_SECONDS else badge("lost", "Vanished")
