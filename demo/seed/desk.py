"""What people have laid out for themselves: saved views, tags, and keys for their programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Manager
from django.utils import timezone

from dashboard import saved
from dashboard.models import SavedView
from tasklog.api.keys import create_key
from tasklog.api.models import ApiKey
from tasklog.models import TaskTag

OWNER = "ada"
VIEWS = (
    (SavedView.Page.RUNS, "Payments that failed", "state=failed&task=payments.capture", True),
    (SavedView.Page.RUNS, "Pictures", "task=images.resize", False),
    (SavedView.Page.SEARCH, "Gateway trouble", "q=level%3Aerror+gateway", True),
)
TAGS = {
    "money": ("payments.capture", "payments.refund", "orders.confirm", "mail.send_invoice"),
    "nightly": ("imports.catalogue", "orders.close_day", "orders.count_chunk", "search.reindex"),
    "customer-facing": ("payments.capture", "orders.confirm", "mail.send_invoice", "images.resize"),
}
# Name, scopes, days until it expires, hours since it was used.
KEYS = (
    ("Shop: Prometheus", ("metrics",), 365, 0.01),
    ("Shop: nightly export", ("tasks:read", "logs:read"), 90, 9),
    ("Shop: old dashboard", ("all",), 30, 400),
)


def make() -> None:
    """Keys nobody can use: their texts are thrown away."""
    owner = _people().filter(**_named()).first()
    if owner and saved.may_share(owner):  # another ada than ours gets nothing
        for page, name, query, shared in VIEWS:
            saved.save(owner, page, query, name, shared=shared)
    _tag()
    for name, scopes, days, hours in KEYS:
        key, _ = create_key(name, scopes, days=days)
        used = timezone.now() - timedelta(hours=hours)
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=used)


def _tag() -> None:
    """Beside the tags somebody gave these tasks by hand."""
    rows = [TaskTag(task=task, word=word) for word, tasks in TAGS.items() for task in tasks]
    TaskTag.objects.bulk_create(rows, ignore_conflicts=True)


def clear() -> None:
    for word, tasks in TAGS.items():
        TaskTag.objects.filter(word=word, task__in=tasks).delete()
    names = [name for _, name, *_ in VIEWS]
    SavedView.objects.filter(name__in=names, owner__in=_people().filter(**_named())).delete()
    ApiKey.objects.filter(name__in=[name for name, *_ in KEYS]).delete()


def _people() -> Manager[Any]:
    return get_user_model()._default_manager


def _named() -> dict[str, str]:
    return {get_user_model().USERNAME_FIELD: OWNER}
