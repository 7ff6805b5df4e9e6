"""Many readers of one run's stream, as plain sockets on one event loop; and the web they read."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import httpx

from bench.rig import Rig, tree, wait
from tasklog.conf import STREAMS_PER_USER

_STAMP = re.compile(rb"stamp (\d+) (\d+\.\d+)")
_RETRY = re.compile(rb"retry: (\d+)")
_ID = re.compile(rb"^id: (\d+)", re.MULTILINE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def serve(own: Rig, port: int) -> Popen[bytes]:
    """One web process as the project runs it, answering when this returns."""
    process = own.python("-m", "gunicorn", "-c", "python:project.gunicorn_conf", PORT=str(port))
    wait(lambda: _answers(port), 60)
    return process


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def cookies(count: int) -> list[str]:
    """Sessions of as many people as `count` streams need, one for each stream."""
    from django.contrib.auth.models import User
    from django.test import Client

    told = []
    for number in range(-(-count // STREAMS_PER_USER)):
        client = Client()
        client.force_login(User.objects.create(username=f"reader-{number}", is_superuser=True))
        told += [str(client.cookies["sessionid"].value)] * STREAMS_PER_USER
    return told[:count]


def memory(process: Popen[bytes]) -> int:
    """Bytes of the process and its children that are theirs: without the files they have mapped,
    of which SQLite's database is one.
    """
    statms = (Path(f"/proc/{pid}/statm").read_text().split() for pid in tree(process.pid))
    return sum(int(resident) - int(shared) for _, resident, shared, *_ in statms) * 4096


def threads(process: Popen[bytes]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in tree(process.pid))


def connections(own: Rig) -> int:
    """What the database has open, but for this process: PostgreSQL tells, SQLite's are files."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return int(cursor.fetchone()[0])
    pids = (pid for process in own.processes for pid in tree(process.pid))
    return sum(_opened(pid, "bench.sqlite3") for pid in pids)


def _opened(pid: int, name: str) -> int:
    with suppress(OSError):
        return sum(link.readlink().name == name for link in Path(f"/proc/{pid}/fd").iterdir())
    return 0


@dataclass
class Reader:
    """One open stream: the stamps it was shown with their age in milliseconds, and its place."""

    port: int
    path: str
    cookie: str
    last: int = 0
    retry: float = 1.0
    stamps: list[int] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    first_at: float = 0.0
    writer: asyncio.StreamWriter | None = None

    async def open(self) -> int:
        """Asks from the last number on; the status of the answer."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Cookie: sessionid={self.cookie}\r\nLast-Event-ID: {self.last}\r\n\r\n"
        )
        self.writer.write(head.encode())
        self.first_at = 0.0
        answer = await self.reader.readuntil(b"\r\n\r\n")
        return int(answer.split(None, 2)[1])

    async def read(self) -> None:
        """Until the stream ends."""
        rest = b""
        while piece := await self.reader.read(1 << 16):
            whole, _, rest = (rest + piece).rpartition(b"\n\n")
            self._take(whole, time.time())

    def _take(self, data: bytes, now: float) -> None:
        for number, at in _STAMP.findall(data):
            self.stamps.append(int(number))
            self.ages.append((now - float(at)) * 1000)
            self.first_at = self.first_at or time.monotonic()
        if found := _RETRY.findall(data):
            self.retry = int(found[-1]) / 1000
        if found := _ID.findall(data):
            self.last = int(found[-1])

    def close(self) -> None:
        if self.writer:
            self.writer.close()
