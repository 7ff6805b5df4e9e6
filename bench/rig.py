"""A broker, a database and processes of the bench's own, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

if TYPE_CHECKING:
    from celery import Celery

ROOT = Path(__file__).parent.parent
TICK = os.sysconf("SC_CLK_TCK")
# A server on which the bench may create and drop databases; without one, SQLite alone.
POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")


@dataclass
class Rig:
    """Where the bench runs; processes are started with `python` or `worker`."""

    folder: Path
    env: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def broker(self) -> str:
        return self.env["CELERY_BROKER_URL"]

    def python(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        """Starts `python …words`; its output goes to a file, as with most workers."""
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env={**self.env, **env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def worker(self, *options: str, children: int = 1, **env: str) -> subprocess.Popen[bytes]:
        """A prefork worker of the bench's tasks, ready when this returns."""
        name = f"w{len(self.processes)}@bench"
        process = self.python(
            "-m", "celery", "-A", "bench.tasks", "worker", "-c", str(children), "-l", "INFO",
            "-n", name, *options, **env,
        )  # fmt: skip
        ping = self.app.control.ping
        wait(lambda: ping(destination=[name], timeout=0.3), 60, self.last_log)
        return process

    @property
    def app(self) -> Celery:
        from bench.tasks import app

        return app

    @property
    def last_log(self) -> Path:
        return self.folder / f"{len(self.processes) - 1}.log"

    def drainer(self) -> subprocess.Popen[bytes]:
        return self.python("manage.py", "tasklog_drain")

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)

    def close(self) -> None:
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@contextmanager
def rig(database: str = "sqlite", **settings: str) -> Iterator[Rig]:
    """The bench's own world; Django is set up in this process too when this returns."""
    folder = Path(tempfile.mkdtemp(prefix="tlbench-", dir="/tmp"))
    own = Rig(folder, {})
    with _database(database, folder) as database_url:
        own.env = {**os.environ, **_environment(folder, database_url), **settings}
        os.environ.update(own.env)
        try:
            _start_broker(own)
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=own.env, check=True
            )
            _set_up_django()
            yield own
        finally:
            own.close()
            _close_connections()
            shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, database_url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "TASKLOG_VAR": str(folder),
        "DATABASE_URL": database_url,
        "CELERY_BROKER_URL": f"redis+socket://{folder}/broker.sock?virtual_host=0",
        "REDIS_URL": "",
        "CELERY_TASKLOG_REDIS_URL": f"unix://{folder}/broker.sock",
        "CELERY_TASKLOG_SPOOL_DIR": str(folder / "spool"),
        "CELERY_TASKLOG_DRAINER": "external",
        "SECRET_KEY": "for-the-bench-only",
        "PYTHONUNBUFFERED": "",
    }


def _start_broker(own: Rig) -> None:
    from project.broker import start

    process, _ = start(own.folder)
    own.processes.append(process)


def _set_up_django() -> None:
    import django
    from django.conf import settings

    if settings.configured:
        raise RuntimeError("one rig per process: settings are read once")
    django.setup()


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if "://" in kind:  # a server the bench may take away
        yield kind
        return
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    import psycopg
    from psycopg import sql

    name = f"tl_bench_{uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def has_postgres() -> bool:
    """Is there a server for `BENCH_POSTGRES`?"""
    import psycopg

    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def wait(ready: Callable[[], object], seconds: float = 120, log: Path | None = None) -> None:
    """Returns as soon as `ready()` is true; raises `TimeoutError` with the log's end."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text()[-2000:] if log else "still not true")
        time.sleep(0.02)


def cpu_seconds(process: subprocess.Popen[bytes], *, without: str = "tasklog_drain") -> float:
    """User and system time of a process, its living descendants and its dead children.

    A drainer that a worker started is no part of the worker: `without` is left out.
    """
    return sum(_own_cpu(pid) for pid in tree(process.pid) if without not in _command(pid))


def tree(pid: int) -> list[int]:
    pids = [pid]
    for parent in pids:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                pids += [int(child) for child in (task / "children").read_text().split()]
    return pids


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _own_cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICK


def table(title: str, rows: list[tuple[object, ...]]) -> None:
    """Prints a small Markdown table; the first row is the head."""
    texts = [[f"{cell:,.2f}" if isinstance(cell, float) else str(cell) for cell in r] for r in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    print(f"\n{title}\n")
    for number, row in enumerate(texts):
        print("| " + " | ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
