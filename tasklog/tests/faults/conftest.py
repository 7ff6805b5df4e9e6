"""Faults at the whole product: real workers, drainers and servers, four oracles each time.

Each module's docstring lists its faults and the test that proves each: `F-01  test_…` for its
own, `F-14  path::test_…` where the proof lies beside the code it tests.  `test_catalogue.py`
keeps these lists true.
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.db import connections

from conftest import Stack, wait_for
from tasklog.spool import reader
from tasklog.tests.faults.oracles import Emission
from tasklog.tests.faults.servers import Cluster, Redis
from tasklog.tests.faults.truth import Truth

# Times of single threads, and the children of a process, are Linux's to tell.
collect_ignore_glob = [] if sys.platform.startswith("linux") else ["test_*.py"]

MODULE = "tasklog.tests.faults.fault_tasks"
# What another process says may stand behind half of such a line, in the file that they share.
EMITTED = re.compile(r"line \d*(?: x*)?\S*")


class Scene:
    """The stack under fault, and what is sent to it.  `using`: the database its lines are in."""

    def __init__(self, stack: Stack, using: str = "default") -> None:
        self.stack, self.using = stack, using
        self.queue = ""  # Celery's own
        self._app: Celery | None = None

    def worker(self, concurrency: int = 1, *options: str, **env: str) -> Any:
        queue = ("-Q", self.queue) if self.queue else ()
        return self.stack.worker("prefork", concurrency, "-I", MODULE, *queue, *options, **env)

    def send(self, name: str, *args: Any, task_id: str = "") -> str:
        if self._app is None:
            self._app = Celery(broker=self.stack.env["CELERY_BROKER_URL"], set_as_current=False)
        task_id = task_id or str(uuid.uuid4())
        self._app.send_task(f"faults.{name}", args, task_id=task_id, queue=self.queue or None)
        return task_id

    def emit(self, lines: int, rate: int = 0, *more: Any, name: str = "emit") -> Emission:
        """A task that prints `lines` lines at `rate` a second."""
        truth = Truth(self.stack.folder / f"{uuid.uuid4().hex}.truth")
        args = (str(truth.path), lines, rate, *more) if name == "emit" else (str(truth.path),)
        return Emission(self.send(name, *args), truth, self.using, self.explain)

    def fresh(self) -> Emission:
        """A task that nothing should be wrong with."""
        return self.emit(20, 200)

    def explain(self) -> str:
        """What every process said, but for the emitters' lines; for a failed wait."""
        said = "\n".join(map(self.stack.output, self.stack.processes)).splitlines()
        return "\n".join(text for text in said if not EMITTED.fullmatch(text))

    def close(self) -> None:
        if self._app is not None:
            self._app.close()


@pytest.fixture
def scene(stack: Stack) -> Iterator[Scene]:
    """On the test's own database and the test run's broker."""
    scene = Scene(stack)
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for the tests of one module."""
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def away(stack: Stack, cluster: Cluster) -> Iterator[Scene]:
    """On a PostgreSQL of its own, with its tables, which the test may take away."""
    stack.env["DATABASE_URL"] = cluster.url()
    assert stack.spawn("manage.py", "migrate", "-v0").wait(120) == 0
    configured = connections.configure_settings({"default": cluster.settings()})
    connections.settings["private"] = configured["default"]
    scene = Scene(stack, "private")
    yield scene
    scene.close()
    connections["private"].close()
    del connections["private"], connections.settings["private"]


@pytest.fixture
def broker(stack: Stack) -> Iterator[Redis]:
    """A Redis of its own, for tasks and live lines; the stack uses it."""
    own = Redis()
    stack.env["CELERY_BROKER_URL"] = own.broker.url
    stack.env["CELERY_TASKLOG_REDIS_URL"] = own.broker.redis_url
    yield own
    own.remove()


@pytest.fixture
def folder(tmp_path, settings, transactional_db, monkeypatch) -> Path:
    """A spool for hand-written files; who is dead is seen at once."""
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(reader, "PROBE_SECONDS", 0.0)
    settings.CELERY_TASKLOG_SPOOL_DIR = str(tmp_path / "spool")
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


@pytest.fixture
def child_of() -> Callable[[Emission], int]:
    """The process that runs the emission's task."""

    def find(emission: Emission) -> int:
        emission.started()
        wait_for(lambda: emission.attempts, 60, emission.explain)
        pid = emission.attempts[-1].pid
        assert pid != os.getpid()
        return pid

    return find
