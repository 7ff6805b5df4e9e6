"""Is everything there?  Probes with a number, its limit and what to do about it.  BOTH.

Each group of probes runs on a thread of its own and is given two seconds; nothing here raises.
"""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import redis
from celery import current_app
from django.apps import apps
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum
from django.utils import timezone

from tasklog import __version__
from tasklog.conf import DEAD_AFTER_SECONDS, conf
from tasklog.drain.status import CLOCK, SKEW_SECONDS
from tasklog.live.topics import client_url
from tasklog.models import Drainer, TaskAttempt, TaskRun, TaskWorker
from tasklog.querysets import database_now

# A group of probes that has not answered by now is reported as not answering.
SECONDS = 2.0
# Lines waiting in the spool for longer than this make people wonder.
LAG_MS = 5000
# Dropped and missing lines are looked for in this many of the newest runs and attempts.
RECENT_RUNS = 10_000
_LIMITS = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry_on_timeout": False}
_PACKAGES = ("django", "celery", "kombu", "redis", "django-htmx")


@dataclass(frozen=True, slots=True)
class Probe:
    """One answer.  `ok` None is a warning: it works, but somebody should look."""

    name: str
    title: str
    ok: bool | None
    value: str
    limit: str = ""
    advice: str = ""


def run_probes(only: Iterable[str] = ()) -> list[Probe]:
    """Every probe, or the groups named in `only`, in the order of `GROUPS`; at most 2 seconds."""
    wanted = set(only) or set(GROUPS)
    runs = [_Run(name, GROUPS[name]) for name in GROUPS if name in wanted]
    deadline = time.monotonic() + SECONDS
    return [probe for run in runs for probe in run.result(deadline)]


def is_ready() -> bool:
    """Whether requests can be served and tasks be sent: the database and the broker answer."""
    return all(probe.ok is not False for probe in run_probes(["database", "broker"]))


class _Run:
    """A group on a daemon thread: one that hangs keeps neither the caller nor the process."""

    def __init__(self, name: str, group: Callable[[], list[Probe]]) -> None:
        self._name, self._group = name, group
        self._probes: list[Probe] | None = None
        self._thread = threading.Thread(target=self._answer, daemon=True, name=f"probe-{name}")
        self._thread.start()

    def result(self, deadline: float) -> list[Probe]:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._probes if self._probes is not None else [self._failed("no answer in 2 s")]

    def _answer(self) -> None:
        try:
            self._probes = self._group()
        except Exception as error:  # whatever is wrong is the answer
            self._probes = [self._failed(_first_line(error))]
        finally:
            connections.close_all()

    def _failed(self, value: str) -> Probe:
        return Probe(self._name, TITLES[self._name], False, value, advice=ADVICE[self._name])


def _database() -> list[Probe]:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT sqlite_version(), (SELECT journal_mode FROM pragma_journal_mode)"
            )
            release, mode = cursor.fetchone()
            kind = f"SQLite {release}, journal {mode}"
        else:
            cursor.execute("SELECT 1")
            mode = "wal"
            kind = (
                f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"
            )
    took = (time.perf_counter() - started) * 1000
    calm = None if mode != "wal" or took > 500 else True
    advice = "" if mode == "wal" else "Set SQLite's journal_mode to WAL (docs/configuration.md)."
    return [Probe("database", "Database", calm, f"{took:.1f} ms · {kind}", "500 ms", advice)]


def _migrations() -> list[Probe]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    value = f"{len(missing)} not applied" if missing else "all applied"
    advice = "Run `manage.py migrate`." if missing else ""
    return [Probe("migrations", "Migrations", not missing, value, "0 missing", advice)]


def _broker() -> list[Probe]:
    started = time.perf_counter()
    with current_app.connection_for_read(connect_timeout=1, transport_options=_LIMITS) as link:
        link.connect()
        link.channel()  # opening one asks the broker
        kind = link.transport_cls
    took = (time.perf_counter() - started) * 1000
    return [Probe("broker", "Message broker", True, f"{took:.1f} ms · {kind}", "2 s")]


def _eviction() -> list[Probe]:
    """A Redis that throws keys away when it is full throws away whole queues."""
    url = str(current_app.conf.broker_url or "")
    if not url.startswith(("redis", "unix")):
        return [Probe("eviction", "Broker memory", True, "not a Redis")]
    memory: dict[str, Any] = _redis(url).info("memory")
    policy = memory.get("maxmemory_policy", "unknown")
    bad = policy.startswith("allkeys")
    value = f"{policy} · {memory.get('used_memory_human', '?')} used"
    advice = "Set maxmemory-policy noeviction: this one deletes queues." if bad else ""
    return [Probe("eviction", "Broker memory", not bad, value, "noeviction", advice)]


def _live() -> list[Probe]:
    url = conf().redis_url
    if not url:
        told = "Set CELERY_TASKLOG_REDIS_URL for lines within milliseconds."
        return [Probe("live", "Live channel", True, "polling the database", advice=told)]
    started = time.perf_counter()
    try:
        _redis(url).ping()
    except (redis.RedisError, OSError) as error:
        value = f"away, polling the database: {_first_line(error)}"
        return [Probe("live", "Live channel", None, value, "1 s", ADVICE["live"])]
    took = (time.perf_counter() - started) * 1000
    return [Probe("live", "Live channel", True, f"{took:.1f} ms · Redis pub/sub", "1 s")]


def _workers() -> list[Probe]:
    here = list(TaskWorker.objects.filter(stopped_at=None).order_by("-seen_at")[:200])
    alive = [worker for worker in here if worker.seen_at >= _oldest()]
    lost = TaskWorker.objects.vanished(database_now(), timedelta(days=1)).count()
    value = f"{len(alive)} alive" + (f", {lost} vanished today" if lost else "")
    ok = False if not alive else None if lost else True
    advice = "" if ok else ADVICE["workers"]
    return [Probe("workers", "Workers", ok, value, f"heartbeat ≤ {DEAD_AFTER_SECONDS} s", advice)]


def _queues() -> list[Probe]:
    """What waits where nobody takes it, by the last look at the queues."""
    if not apps.is_installed("tasklog.control"):
        return []
    from tasklog.control.queues import latest, stuck_queues

    stuck = [f"{row.queue} ({row.depth:,} waiting)" for row in stuck_queues()]
    value = f"nobody consumes {', '.join(stuck)}"[:300] if stuck else f"{len(latest())} looked at"
    advice = ADVICE["queues"] if stuck else ""
    return [Probe("queues", "Queues", None if stuck else True, value, "0 deserted", advice)]


def _drainer() -> list[Probe]:
    drainers = list(Drainer.objects.filter(seen_at__gte=_oldest(86_400)))
    alive = [drainer for drainer in drainers if drainer.seen_at >= _oldest()]
    return [_drain_lag(alive), _clocks(alive), _spool(alive), _damaged(drainers)]


def _drain_lag(alive: list[Drainer]) -> Probe:
    limit = f"{LAG_MS / 1000:.0f} s"
    if not alive and conf().drainer == "inline":
        return Probe("drainer", "Drainer", True, "inline: tasks store their lines themselves")
    if not alive:
        return Probe("drainer", "Drainer", False, "none alive", limit, ADVICE["drainer"])
    if troubles := [f"{d.host}: {d.error}" for d in alive if d.error and not _of_clock(d)]:
        return Probe(
            "drainer", "Drainer", False, "; ".join(troubles)[:300], limit, ADVICE["drainer"]
        )
    slowest = max(drainer.lag_ms for drainer in alive)
    age = max((timezone.now() - drainer.seen_at).total_seconds() for drainer in alive)
    value = f"{len(alive)} alive · {slowest:,.0f} ms behind · seen {max(age, 0):.0f} s ago"
    late = slowest > LAG_MS
    advice = "It falls behind: see spool size, and whether the database is busy." if late else ""
    return Probe("drainer", "Drainer", None if late else True, value, limit, advice)


def _clocks(alive: list[Drainer]) -> Probe:
    limit = f"{SKEW_SECONDS:.0f} s apart"
    if wrong := [f"{d.host}: {d.error}" for d in alive if _of_clock(d)]:
        advice = "Times of lines are their hosts': keep the clocks by NTP. The order is right."
        return Probe("clocks", "Clocks", None, "; ".join(wrong)[:300], limit, advice)
    return Probe("clocks", "Clocks", True, "together", limit)


def _of_clock(drainer: Drainer) -> bool:
    return drainer.error.startswith(CLOCK)


def _spool(alive: list[Drainer]) -> Probe:
    size = max((drainer.spool_bytes for drainer in alive), default=None)
    if size is None:
        size = sum(file.stat().st_size for file in conf().spool_dir.glob("*.spool"))
    most = conf().spool_max_bytes
    ok = False if size >= most else None if size > most * 0.8 else True
    advice = "" if ok else "Lines are dropped when it is full: look after the drainer."
    return Probe("spool", "Spool", ok, _mebibytes(size), f"{_mebibytes(most)} a host", advice)


def _damaged(drainers: list[Drainer]) -> Probe:
    count = sum(drainer.damaged for drainer in drainers)
    advice = "Records could not be read: check the spool's disk." if count else ""
    return Probe("damaged", "Damaged records", None if count else True, f"{count:,}", "0", advice)


def _dropped() -> list[Probe]:
    newest = TaskRun.objects.order_by("-created_at", "-task_id")[:RECENT_RUNS]
    count = newest.aggregate(n=Sum("dropped_count"))["n"] or 0
    advice = "Raise CELERY_TASKLOG_MAX_LINES, or find out why the spool is full." if count else ""
    value = f"{count:,} in the newest {RECENT_RUNS:,} runs"
    return [Probe("dropped", "Dropped lines", None if count else True, value, "0", advice)]


def _receipts() -> list[Probe]:
    """What a process says it emitted against what was stored: the promise itself."""
    short, missing = TaskAttempt.objects.recent(RECENT_RUNS).missing_lines()
    value = f"{missing:,} of the newest {RECENT_RUNS:,} attempts"
    advice = f"{short:,} attempts have fewer lines than they emitted: please report it." * bool(
        short
    )
    return [Probe("receipts", "Missing lines", not short, value, "0", advice)]


def _versions() -> list[Probe]:
    found = [f"tasklog {__version__}", f"Python {platform.python_version()}"]
    found += filter(None, map(_version, _PACKAGES))
    return [Probe("versions", "Versions", True, " · ".join(found))]


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""


def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        client_url(url), socket_timeout=1, socket_connect_timeout=1, retry=None
    )


def _oldest(seconds: float = DEAD_AFTER_SECONDS) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def _mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.1f} MiB"


def _first_line(error: Exception) -> str:
    """The words of the error, without what may follow them (hints, SQL, addresses)."""
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__


GROUPS: dict[str, Callable[[], list[Probe]]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "eviction": _eviction,
    "live": _live,
    "workers": _workers,
    "queues": _queues,
    "drainer": _drainer,
    "dropped": _dropped,
    "receipts": _receipts,
    "versions": _versions,
}
TITLES = {
    "database": "Database",
    "migrations": "Migrations",
    "broker": "Message broker",
    "eviction": "Broker memory",
    "live": "Live channel",
    "workers": "Workers",
    "queues": "Queues",
    "drainer": "Drainer",
    "dropped": "Dropped lines",
    "receipts": "Missing lines",
    "versions": "Versions",
}
ADVICE = {
    "database": "Is it running, and does DATABASE_URL point to it?",
    "migrations": "The database must answer first; then `manage.py migrate`.",
    "broker": "Is it running, and does CELERY_BROKER_URL point to it?",
    "eviction": "The broker did not tell its memory policy.",
    "live": "Is the Redis of CELERY_TASKLOG_REDIS_URL running?  Pages poll meanwhile.",
    "workers": "Start a worker: `celery -A your_project worker`.",
    "queues": "Start a worker with `-Q` and its name, or tell one on its page to consume it.",
    "drainer": "Start a worker, or `manage.py tasklog_drain`.",
    "dropped": "The database must answer first.",
    "receipts": "The database must answer first.",
    "versions": "",
}
