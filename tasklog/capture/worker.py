"""The worker's main process: its heartbeat, its drainer, its farewell.  WORKER."""

from __future__ import annotations

import os
import platform
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import celery
import django
from celery import signals

from tasklog import __version__
from tasklog.capture import memory, raising
from tasklog.capture.guard import guarded
from tasklog.conf import HEARTBEAT_SECONDS, conf
from tasklog.drain import launch
from tasklog.spool import record
from tasklog.spool.appender import appender

_stopping = threading.Event()


def install() -> None:
    """Connects the signals of a worker's life."""
    for signal, receiver in (
        (signals.celeryd_init, on_init),
        (signals.worker_ready, on_ready),
        (signals.worker_shutdown, on_shutdown),
    ):
        signal.connect(receiver, weak=False, dispatch_uid=f"tasklog.worker.{receiver.__name__}")


@guarded
def on_init(conf: Any = None, **_: Any) -> None:
    """Celery's redirect would make stdout and stderr one, and log lines of them."""
    from tasklog.capture import below, raising, verdicts

    conf.worker_redirect_stdouts = False
    verdicts.install()
    raising.install()
    below.install()


@guarded
def on_ready(sender: Any = None, **_: Any) -> None:
    from tasklog.capture import verdicts

    verdicts.name_worker(sender.hostname)
    if conf().drainer == "inline":
        return
    _stopping.clear()
    told = (_about(sender), partial(_pids, sender.pool))
    threading.Thread(target=_beat, args=told, name="tasklog-heartbeat", daemon=True).start()


@guarded
def on_shutdown(sender: Any = None, **_: Any) -> None:
    _stopping.set()
    if conf().drainer != "inline":
        data = {"worker": sender.hostname, "at": time.time()}
        appender().append(record.encode_event(record.GOODBYE, data))


def _beat(about: dict[str, Any], pids: Callable[[], Iterable[int]]) -> None:
    while True:
        beat(about, pids)
        if _stopping.wait(HEARTBEAT_SECONDS):
            return


@guarded
def beat(about: dict[str, Any], pids: Callable[[], Iterable[int]]) -> None:
    """One heartbeat; looks after the drainer first."""
    raising.tidy()
    if conf().drainer == "auto":
        with suppress(OSError):
            launch.ensure_running()
    mine = appender()
    mine.verify()
    mine.append(record.encode_event(record.HEARTBEAT, {**about, **_look(pids())}))


def _look(pids: Iterable[int]) -> dict[str, Any]:
    seen = memory.watch.look(pids, time.time())
    return {
        "at": seen.at,
        "rss": memory.resident(),
        "memory": {"processes": seen.processes, **seen.room.about()},
    }


def _pids(pool: Any) -> set[int]:
    """The processes that run this worker's tasks: the pool's children, or the worker itself."""
    return {os.getpid(), *pool.info.get("processes", ())}


def _about(consumer: Any) -> dict[str, Any]:
    pool = consumer.controller.pool_cls
    return {
        "worker": consumer.hostname,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "pool": pool.__module__.rpartition(".")[2],
        "concurrency": consumer.controller.concurrency,
        "started_at": time.time(),
        "versions": {
            "python": platform.python_version(),
            "celery": celery.__version__,
            "django": django.get_version(),
            "tasklog": __version__,
        },
    }
