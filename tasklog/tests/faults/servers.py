"""Servers of the test's own: a PostgreSQL and a Redis to be stopped and frozen, and the web."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from conftest import Stack, wait_for


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Cluster:
    """A PostgreSQL server; `start` it, `stop` it as a crash does, send signals to all of it."""

    def __init__(self) -> None:
        if _program("initdb") is None or not sys.platform.startswith("linux"):
            pytest.skip("needs PostgreSQL's server programs (initdb, pg_ctl) on Linux")
        self.home = Path(tempfile.mkdtemp(prefix="tlpg-", dir="/tmp"))
        self.folder, self.port = self.home / "data", free_port()
        if _user():
            shutil.chown(self.home, _user())
        self._run("initdb", "-U", "postgres", "-A", "trust", "-N")

    def url(self, port: int = 0) -> str:
        """Its address; with a port, the one of a proxy before it."""
        return f"postgres://postgres@127.0.0.1:{port or self.port}/postgres"

    def settings(self) -> dict[str, Any]:
        """As Django wants it."""
        return {
            "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": self.port,
            "NAME": "postgres", "USER": "postgres", "OPTIONS": {"connect_timeout": 2},
        }  # fmt: skip

    def start(self) -> None:
        # Without fsync: the machine does not crash in these tests, only the server does.
        options = f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.home / "log"), "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def signal(self, number: int) -> None:
        """To the postmaster and every backend, the newest last."""
        head = int((self.folder / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{head}/task/{head}/children").read_text().split()
        for pid in (head, *map(int, children)):
            with suppress(ProcessLookupError):  # a backend that has ended since
                os.kill(pid, number)

    def remove(self) -> None:
        with suppress(OSError):
            self.signal(signal.SIGCONT)
        with suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.home)

    def _run(self, name: str, *words: str) -> None:
        subprocess.run(
            [_program(name), "-D", self.folder, *words],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=_user(),
            cwd="/tmp",
        )  # fmt: skip


def _program(name: str) -> str | None:
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/bin"), Path("/usr/local/bin")]
    return next((str(place / name) for place in places if (place / name).exists()), None)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


class Redis:
    """A Redis (or Valkey) that keeps its data over a restart, as a real broker does."""

    def __init__(self) -> None:
        from project.broker import prepare

        self.home = Path(tempfile.mkdtemp(prefix="tlrd-", dir="/tmp"))
        self.broker = prepare(self.home)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.broker.socket), socket_timeout=5)

    def start(self) -> None:
        self.process = subprocess.Popen(self.broker.command, start_new_session=True)
        ends = time.monotonic() + 10
        while not self.broker.answers():
            assert time.monotonic() < ends, "the broker did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Orderly, so that what was queued is on disk."""
        self.signal(signal.SIGTERM)
        self.process.wait(10)

    def limit(self, size: int) -> None:
        """At most so many bytes; 0: no limit."""
        self.client.config_set("maxmemory", size)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def remove(self) -> None:
        self.process.kill()
        self.process.wait(10)
        shutil.rmtree(self.home)


def serve(stack: Stack, **env: str) -> str:
    """The address of a web process."""
    port = free_port()
    words = ("-m", "gunicorn", "-c", "python:project.gunicorn_conf")
    process = stack.spawn(*words, PORT=str(port), GRACEFUL_TIMEOUT="1", **env)
    wait_for(lambda: "listening on" in stack.output(process), 60, lambda: stack.output(process))
    return f"http://127.0.0.1:{port}"
