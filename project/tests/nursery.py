"""Processes of the tests, forked from one that has imported other people's libraries already.

A worker or a web process spends two thirds of its start on those imports, and the suite starts
hundreds.  Nothing of ours and no setting is read before the fork: each child becomes the program
it was asked to be in its own environment, as if it had been started by hand.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

LIBRARIES = (
    "celery.bin.celery", "celery.bin.worker", "celery.apps.worker", "celery.concurrency.prefork",
    "celery.worker.consumer", "celery.worker.components", "celery.events.state", "celery.canvas",
    "celery.app.trace", "celery.app.amqp", "celery.app.control", "celery.fixups.django",
    "kombu.transport.redis", "kombu.pidbox", "billiard.pool", "redis.asyncio", "psycopg",
    "gunicorn.app.wsgiapp", "gunicorn.workers.gasgi", "gunicorn.asgi.protocol", "environ",
    "django.core.management", "django.core.handlers.asgi", "django.core.handlers.wsgi",
    "django.db.backends.sqlite3.base", "django.db.models", "django.forms", "django.test.signals",
    "django.template.defaulttags", "django.core.serializers.json", "django.core.mail",
    "django.views.generic", "sqlparse", "yaml", "whitenoise", "cron_descriptor", "zoneinfo",
)  # fmt: skip


class Child:
    """One process of the nursery, used like a `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.nursery, self.pid = nursery, pid

    @property
    def returncode(self) -> int | None:
        return self.nursery.ended.get(self.pid)

    def poll(self) -> int | None:
        self.nursery.look(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        ends = time.monotonic() + (timeout if timeout is not None else 3600)
        while (code := self.poll()) is None:
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired(f"pid {self.pid}", timeout or 0)
            self.nursery.look(max(0.0, ends - time.monotonic()))
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks; started with the first child, ended by `close`."""

    def __init__(self) -> None:
        self.ended: dict[int, int] = {}
        self._born = 0
        self._mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    def start(self, words: tuple[str, ...], cwd: Path, env: dict[str, str], log: Path) -> Child:
        """`python …words`, in a session of its own; its output goes to `log`."""
        self._born = 0
        log.touch()
        order = {"words": words, "cwd": str(cwd), "env": env, "log": str(log)}
        self._mine.sendall(json.dumps(order).encode())
        while not self._born:
            self.look(60)
        return Child(self, self._born)

    def look(self, seconds: float) -> None:
        """Takes in what it tells of births and ends, for the first of them at most so long."""
        while select.select([self._mine], [], [], seconds)[0]:
            told = self._mine.recv(4096)
            if not told:
                raise RuntimeError("the nursery has ended")
            kind, pid, code = json.loads(told)
            if kind == "born":
                self.ended.pop(pid, None)
                self._born = pid
            else:
                self.ended[pid] = code
            seconds = 0

    def close(self) -> None:
        self._mine.close()
        self._process.wait(10)


def serve(ours: socket.socket) -> dict[str, Any]:
    """Forks for each order; returns in the children, with theirs."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready = select.select([ours, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(ours)
        if ours in ready:
            told = ours.recv(1 << 20)
            if not told:
                os._exit(0)
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (woken, wake, ours.detach()):
                    os.close(descriptor)
                order: dict[str, Any] = json.loads(told)
                return order
            ours.sendall(json.dumps(["born", pid, 0]).encode())


def _tell_ends(ours: socket.socket) -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            code = os.waitstatus_to_exitcode(ended[1])
            ours.sendall(json.dumps(["ended", ended[0], code]).encode())


def become(order: dict[str, Any]) -> None:
    """What `python …words` would be."""
    os.setsid()
    # Who runs the tests in the background of a shell has SIGINT ignored, and all its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    flags = os.O_WRONLY | os.O_APPEND
    for path, how, targets in (("/dev/null", os.O_RDONLY, (0,)), (order["log"], flags, (1, 2))):
        opened = os.open(path, how)
        for target in targets:
            os.dup2(opened, target)
        os.close(opened)
    sys.path[0] = order["cwd"]
    kind, *rest = order["words"]
    if kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = order["words"]
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    for name in LIBRARIES:
        with suppress(ImportError):  # an extra that is not there
            importlib.import_module(name)
    gc.freeze()
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
