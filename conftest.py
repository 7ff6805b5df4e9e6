"""The real components every test may ask for: a broker, and processes on the test's database."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from project.tests import emptying
from project.tests.nursery import Child, Nursery

ROOT = Path(__file__).parent
Process = subprocess.Popen[bytes] | Child


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "only tests that touch the database: for the second run, on another one"
    parser.addoption("--database-only", action="store_true", help=told)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # The browser is started once, as late as may be.
    items.sort(key=_is_of_the_browser)
    if not config.getoption("--database-only"):
        return
    others = [item for item in items if not _touches_database(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _touches_database(item)]


def _is_of_the_browser(item: pytest.Item) -> bool:
    return ROOT / "e2e" in item.path.parents


def _touches_database(item: pytest.Item) -> bool:
    asked = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Playwright's loop counts as running from the first browser test on; others start their own.

    Around the fixtures too: Django keeps other connections where a loop is running, and a test
    whose transaction was begun on one of those would wait for itself.
    """
    if _is_of_the_browser(item):
        return (yield)
    playwrights = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(playwrights)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test's database, which is emptied quickly."""
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            emptying.quickly(patch)
        yield


@pytest.fixture(autouse=True)
def own_pools() -> None:
    """Celery's pools keep the broker of whichever test first sent something in this process."""
    from project.celery import app

    app._pool = app.amqp._producer_pool = None


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """A broker of this test run's own."""
    from project.broker import start

    process, url = start(Path(tempfile.mkdtemp(prefix="tlb-", dir="/tmp")))
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where this test run's processes come from."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@dataclass
class Stack:
    """Real processes around the test's database; all are gone when the test ends."""

    env: dict[str, str]
    folder: Path
    nursery: Nursery
    processes: list[Process] = field(default_factory=list)

    @property
    def spool_dir(self) -> Path:
        return Path(self.env["CELERY_TASKLOG_SPOOL_DIR"])

    def spawn(self, *words: str, **env: str) -> Process:
        """Starts `python …words` in a session of its own; its output goes to `folder`/N.log."""
        log, given = self.folder / f"{len(self.processes)}.log", {**self.env, **env}
        # gevent replaces parts of the standard library, and must come before all else.
        alone = words[0] == "-c" or "gevent" in words
        start = self._alone if alone else self.nursery.start
        self.processes.append(start(words, ROOT, given, log))
        return self.processes[-1]

    @staticmethod
    def _alone(words: tuple[str, ...], cwd: Path, env: dict[str, str], log: Path) -> Process:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=cwd,
            env=env,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def worker(
        self, pool: str = "prefork", concurrency: int = 2, *options: str, **env: str
    ) -> Process:
        """A Celery worker, ready for tasks when this returns."""
        name = f"w{len(self.processes)}@test"
        process = self.spawn(
            "-m", "celery", "-A", "project", "worker", "-P", pool, "-c", str(concurrency),
            "-n", name, "-l", "INFO", *options, **env,
        )  # fmt: skip
        wait_for(lambda: "ready." in self.output(process), 60, lambda: self.output(process))
        return process

    def output(self, process: Process) -> str:
        return (self.folder / f"{self.processes.index(process)}.log").read_text(errors="replace")

    def stop(self, process: Process, sig: int = signal.SIGTERM) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(sig)
        process.wait(30)

    def close(self) -> None:
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        self._end_drainer()

    def _end_drainer(self) -> None:
        """A worker starts its drainer in a session of its own, which outlives the worker."""
        from tasklog.drain import lock

        while not lock.is_free(self.spool_dir):
            with suppress(ValueError, ProcessLookupError):
                os.kill(int(lock.holder(self.spool_dir)), signal.SIGKILL)
            time.sleep(0.02)


@pytest.fixture
def stack(
    transactional_db: None, broker_url: str, nursery: Nursery, tmp_path: Path
) -> Iterator[Stack]:
    """Workers, drainers and web servers on this test's database and a broker of their own."""
    import redis

    redis.Redis(
        unix_socket_path=broker_url.removeprefix("redis+socket://").split("?")[0]
    ).flushall()
    stack = Stack(_environment(broker_url, tmp_path), tmp_path, nursery)
    yield stack
    stack.close()


def _environment(broker_url: str, folder: Path) -> dict[str, str]:
    database = connection.settings_dict
    live = broker_url.replace("redis+socket://", "unix://").split("?")[0]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": _database_url(database),
        "CELERY_BROKER_URL": broker_url,
        "REDIS_URL": "",
        "CELERY_TASKLOG_REDIS_URL": live,
        "CELERY_TASKLOG_SPOOL_DIR": str(folder / "spool"),
        "CELERY_TASKLOG_DRAINER": "auto",
        "SECRET_KEY": settings.SECRET_KEY,
        "TASKLOG_VAR": str(folder),
        "PYTHONUNBUFFERED": "1",
        # Each worker would import every page of the site to check it: a second of processor time.
        "CELERY_SKIP_CHECKS": "true",
    }


def _database_url(database: dict[str, str]) -> str:
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{database['NAME']}"
    user = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    return f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


def wait_for(
    ready: Callable[[], object], seconds: float = 60, explain: Callable[[], str] = lambda: ""
) -> None:
    """Returns as soon as `ready()` is true; fails with `explain()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"still not true after {seconds} s\n{explain()}")
        time.sleep(0.02)
