"""How many messages somebody has not read: for every page, by one look at an index.  WEB."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from tasklog import memo
from tasklog.notify import inbox

# A number is a moment old at most.
SECONDS = 5


def unread(user: Any) -> int:
    """At most `inbox.MOST`."""
    return memo.keep(key_of(user), SECONDS, lambda: inbox.unread(user))


def key_of(user: Any) -> Hashable:
    return "unread", user.pk
