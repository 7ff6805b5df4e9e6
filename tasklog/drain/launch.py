"""Starts this host's drainer where none is at work.  WORKER, in "auto" mode.

The drainer is a process of its own session: it outlives the worker that started it, stores what
that worker left behind, and leaves by itself when no process lives here any more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from django.conf import settings

from tasklog.conf import conf
from tasklog.drain import lock

_starting = threading.Lock()
_started: list[subprocess.Popen[bytes]] = []


def ensure_running() -> bool:
    """Starts a drainer if nobody holds the lock; True when it did.  Cheap: call it often.

    Raises OSError when no process can be started.
    """
    with _starting:
        _started[:] = [process for process in _started if process.poll() is None]
        if _started or not lock.is_free(conf().spool_dir):
            return False
        _started.append(_start())
        return True


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "django", "tasklog_drain", "--leaves"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
            # The worker may have been started by a script that put the project on its path.
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),  # noqa: PTH109
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
