"""Every knob of the product, read once from Django's settings.  BOTH.

`conf()` returns the one frozen `Conf`; `override_settings` in tests renews it.  The numbers that
are promises rather than choices stand below the class as constants.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

PREFIX = "CELERY_TASKLOG_"


@dataclass(frozen=True, slots=True)
class Conf:
    """The settings `CELERY_TASKLOG_<NAME IN CAPITALS>` with their defaults."""

    # Off: nothing is captured, the pages still show what is there.
    enabled: bool = True
    # Lines kept per task: past it the first half and the newest half stay.  0: no limit.
    max_lines: int = 1000
    # Days a finished run is kept.
    retention_days: int = 30
    # Days a badly finished run is kept; None: as long as the others.
    failure_retention_days: int | None = None
    # Days after its end at which a run's lines are compressed into chunks.
    archive_after_days: float = 1
    # "all": every task.  "base": only tasks based on TerminalLoggingTask.
    capture: str = "all"
    # Task names (shell patterns such as "health.*") that are not captured.
    exclude: tuple[str, ...] = ()
    # Where processes of this host append their records; one folder per project and host.
    spool_dir: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "tasklog-spool")
    # All spool files of this host together; past it the oldest calm lines are dropped, marked.
    spool_max_bytes: int = 512 * 1024 * 1024
    # "auto": the first worker of a host starts the drainer.  "external": you run it.
    # "inline": no spool, rows are written by the task's own process (tests).
    drainer: str = "auto"
    # The Redis that carries live lines; empty: pages poll the database.
    redis_url: str = ""
    # A longer line is cut here, with a mark that says how long it was.
    max_line_bytes: int = 256 * 1024
    # More patterns (RE2 syntax) whose matches are masked before the first write.
    mask: tuple[str, ...] = ()
    # So many of an attempt's newest log lines below their logger's level are kept in memory, and
    # written if it ends badly.  0: Python does not even make them.
    recorder: int = 0
    # Arguments for a retry.  "auto": as they are shown where that is the whole truth, otherwise
    # encrypted.  "encrypted": always, and no value is shown.  "off": none are kept.
    payload: str = "auto"
    # Task names (shell patterns) that people may start from a form; none unless you say so.
    launch: tuple[str, ...] = ()
    # Dotted path or callable (user, queryset of runs) -> queryset: which runs a user may see.
    visibility: str | Callable[..., Any] = ""
    # The role of signed-in people who hold none: "viewer", "operator", or "" for none at all.
    default_role: str = "viewer"
    # Days an entry of the audit trail is kept, at least 365.
    audit_days: int = 365
    # Proxies in front of the web processes: so many entries of X-Forwarded-For were not written
    # by the caller.  0: the header counts for nothing.
    proxies: int = 0
    # Only from these addresses and networks does the header count; "*": from whoever connects.
    proxy_addresses: tuple[str, ...] = ("*",)
    # Where backups are kept, on another disk at best; empty: none is made.
    backup_dir: str = ""
    # So many of the newest backups stay.
    backup_keep: int = 7

    # Seal what must be read again (channels' secrets, arguments); the first writes, all read.
    # Empty: SECRET_KEY and its fallbacks.
    seal_keys: tuple[str, ...] = field(default=(), repr=False)
    # Where the dashboard is reached from outside; for links in messages.
    url: str = "http://127.0.0.1:8000"
    # Hosts that messages may go to although they are internal or speak plain http.
    outbound_hosts: tuple[str, ...] = ()
    # Who gets the weekly report: e-mail addresses, or names of e-mail channels.
    report_to: tuple[str, ...] = ()
    # A folder with a model2vec model, for search by meaning; empty: by letters alone.
    embeddings: str = ""
    # Where uploaded files wait for a worker; web processes and workers must share it.
    upload_dir: Path = field(
        default_factory=lambda: Path(tempfile.gettempdir()) / "tasklog-uploads"
    )
    # The largest file that may be sent, and what it may unpack to (bytes).
    upload_max_bytes: int = 100 * 1024 * 1024
    upload_max_unpacked: int = 1024 * 1024 * 1024
    # Each person, and each key, a day: files, and bytes in all.
    upload_files_a_day: int = 20
    upload_bytes_a_day: int = 1024 * 1024 * 1024
    # Seconds a worker reads a file at a stretch; then the rest queues behind other tasks.
    upload_seconds: int = 60
    # Folders whose files a connection may follow; empty: none.
    source_dirs: tuple[str, ...] = ()


# A worker says it is alive this often, and counts as gone after the second figure (seconds).
HEARTBEAT_SECONDS = 10
DEAD_AFTER_SECONDS = 45
# A run that somebody raises to DEBUG stays so for this long (seconds).
RAISE_SECONDS = 600
# SSE: a comment this often keeps proxies from closing a quiet stream (seconds).
KEEPALIVE_SECONDS = 15
# SSE: who loses the right to read loses the stream at the latest after this (seconds).
RECHECK_SECONDS = 60
# SSE: streams per user and per web process.
STREAMS_PER_USER = 10
STREAMS_PER_PROCESS = 5000
# One drainer transaction holds at most this many lines.
BATCH_LINES = 5000


@cache
def conf() -> Conf:
    """The settings in force."""
    given = {
        item.name: _typed(item.name, getattr(settings, PREFIX + item.name.upper()))
        for item in fields(Conf)
        if hasattr(settings, PREFIX + item.name.upper())
    }
    return Conf(**given)


_LISTS = (
    "exclude", "mask", "proxy_addresses", "seal_keys", "outbound_hosts", "launch", "report_to",
    "source_dirs",
)  # fmt: skip


def _typed(name: str, value: Any) -> Any:
    if name in ("spool_dir", "upload_dir"):
        return Path(value)
    if name in _LISTS:
        return (value,) if isinstance(value, str) and value else tuple(value)
    return value


def _renew(*, setting: str, **_: Any) -> None:
    if setting.startswith(PREFIX):
        conf.cache_clear()


setting_changed.connect(_renew, dispatch_uid="tasklog.conf")
