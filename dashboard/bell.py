"""How many messages somebody has not read: for every page, by one look at an index.  WEB."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from tasklog import memo
from tasklog.notify.models import InboxMessage

# More than so many are not counted; a number is a moment old at most (seconds).
MOST, SECONDS = 100, 5


def unread(user: Any) -> int:
    """At most `MOST`; walks the partial index of unread ones."""
    return memo.keep(key_of(user), SECONDS, lambda: _count(user))


def key_of(user: Any) -> Hashable:
    return "unread", user.pk


def _count(user: Any) -> int:
    return InboxMessage.objects.filter(user=user.pk, read_at=None).order_by()[:MOST].count()
