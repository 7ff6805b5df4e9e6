"""What is deleted because its time is over: API keys, notifications, resolved incidents.  WORKER.

In steps of `STEP` rows, so nobody waits long; killed half-way, the next run does the rest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from tasklog.audit.trail import record

STEP = 500
# Nobody looks a message up after this many days.
NOTIFICATION_DAYS = 90
# What grows, and what tells its age.  An incident that is not resolved has no end yet.
NOTIFICATIONS = (
    ("tasklog_notify", "Delivery", "created_at"),
    ("tasklog_notify", "InboxMessage", "created_at"),
    ("tasklog_alerts", "Incident", "resolved_at"),
)
# In the audit trail.
WHO = "maintenance"


def remove_keys() -> list[str]:
    """Deletes the keys that have expired; returns what people called them."""
    if (keys := _model("tasklog_api", "ApiKey")) is None:
        return []
    gone: list[str] = []
    expired = keys._default_manager.filter(expires_at__lte=timezone.now()).order_by("pk")
    while step := list(expired[:STEP]):
        for key in step:
            if key.delete()[0]:
                record("delete key", user=WHO, target=f"{key} expired")
                gone.append(str(key))
    return gone


def remove_notifications(days: int = NOTIFICATION_DAYS) -> dict[str, int]:
    """Deletes notifications, and incidents resolved, before `days`; how many of each kind."""
    before = timezone.now() - timedelta(days=days)
    return {name: _remove(app, name, {f"{at}__lt": before}) for app, name, at in NOTIFICATIONS}


def _remove(app: str, name: str, old_ones: dict[str, Any]) -> int:
    if (model := _model(app, name)) is None:
        return 0
    old = model._default_manager.filter(**old_ones)
    gone = 0
    while step := list(old.order_by("pk").values_list("pk", flat=True)[:STEP]):
        model._default_manager.filter(pk__in=step).delete()
        gone += len(step)
    return gone


def _model(app: str, name: str) -> type[Model] | None:
    """The model, where its room is installed and has it: no room beside this one is imported."""
    try:
        found: Any = apps.get_model(app, name)
    except LookupError:
        return None
    return found  # type: ignore[no-any-return]
