"""One's own messages: how many are unread, and reading them.  WEB."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tasklog.notify.models import InboxMessage

# More unread ones than so many are not counted.
MOST = 100


def messages_to(user: Any) -> QuerySet[InboxMessage]:
    """Another's look like none; a program of its own has none."""
    return InboxMessage.objects.filter(user=user.pk) if user.pk else InboxMessage.objects.none()


def unread(user: Any) -> int:
    """At most `MOST`; walks the partial index of unread ones."""
    return messages_to(user).filter(read_at=None).order_by()[:MOST].count()


def read(messages: QuerySet[InboxMessage]) -> int:
    """Marks them as read; how many were not before."""
    return messages.filter(read_at=None).update(read_at=timezone.now())
