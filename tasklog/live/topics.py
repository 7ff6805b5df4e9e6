"""Where live news is published, and the connection both sides share the settings of.  BOTH."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

# A live channel that answers slower than this is treated as away (seconds).
TIMEOUT = 1.0


def run_topic(url: str, task_id: str) -> str:
    """The topic of one run's lines and events."""
    return f"{_prefix(url)}run:{task_id}"


def runs_topic(url: str) -> str:
    """The one topic that tells of every run's moves."""
    return f"{_prefix(url)}runs"


def client_url(url: str) -> str:
    """The URL as the Redis client wants it; Celery writes some of its parts in other words."""
    for celerys, ours in _WORDS:
        url = url.replace(celerys, ours, 1)
    return url


_WORDS = (
    ("redis+socket://", "unix://"),
    ("virtual_host=", "db="),
    ("=CERT_REQUIRED", "=required"),
    ("=CERT_OPTIONAL", "=optional"),
    ("=CERT_NONE", "=none"),
)


def options() -> dict[str, Any]:
    """What every live connection is opened with."""
    return {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": None}


@cache
def _prefix(url: str) -> str:
    """Pub/sub knows no databases, so the database's number stands in the topic's name."""
    parts = urlsplit(url)
    words = dict(word.partition("=")[::2] for word in parts.query.split("&"))
    number = words.get("db") or words.get("virtual_host") or ""
    if not number and parts.scheme in ("redis", "rediss"):
        number = parts.path.strip("/")
    return f"tasklog:{number or 0}:"
