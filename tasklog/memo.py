"""Answers kept for a moment, so that ten people watching cost what one does.  WEB, per process.

Not Django's cache: that may be a Redis, and pages must work when Redis is away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

from tasklog.conf import conf

LIMIT = 2000
_kept: dict[Hashable, tuple[float, Any]] = {}


def keep[T](key: Hashable, seconds: float, make: Callable[[], T]) -> T:
    """What `make()` said within the last `seconds`, else what it says now."""
    found: tuple[float, T] | None = _kept.get(key)
    if found and found[0] > time.monotonic():
        return found[1]
    value = make()
    put(key, seconds, value)
    return value


def peek(key: Hashable) -> Any:
    """The kept value, or None."""
    found = _kept.get(key)
    return found[1] if found and found[0] > time.monotonic() else None


def put(key: Hashable, seconds: float, value: object) -> None:
    if len(_kept) > LIMIT:
        _kept.clear()
    _kept[key] = (time.monotonic() + seconds, value)


def forget(key: Hashable) -> None:
    _kept.pop(key, None)


def clear() -> None:
    _kept.clear()


def audience(user: Any) -> Hashable:
    """Part of a key: who shares an answer about runs.  Everybody, unless views are narrowed.

    A program of its own has a name and no number.
    """
    return (user.pk, user.get_username()) if conf().visibility else None
