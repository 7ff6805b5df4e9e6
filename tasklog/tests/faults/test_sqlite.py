"""SQLite: locked, read, backed up and written by many at once.

F-27  test_a_database_that_is_read_and_copied_all_the_time_takes_every_line
F-27  test_four_writers_beside_the_drainer_never_hear_of_a_lock
F-27  tasklog/drain/tests/test_faults.py::test_a_locked_sqlite_is_waited_for
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from tasklog.tests.faults import figures
from tasklog.tests.faults.oracles import (
    Emission,
    assert_alive,
    assert_conserved,
    assert_honest,
    assert_never_blocked,
)
from tasklog.tests.faults.truth import Truth

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite alone")


def ask_all(emission, scene, within):
    run = emission.ended(within)
    assert run.state == "SUCCESS", run.exception
    assert_conserved(emission)
    assert_never_blocked(emission)
    assert_honest(emission)
    assert_alive(scene.fresh())


@contextmanager
def copied_all_the_time(path, target):
    """One reader keeps its snapshot open, another makes one backup after the other."""
    over, copies = threading.Event(), []

    def copy():
        while not over.is_set():
            with closing(sqlite3.connect(path, timeout=20)) as source:
                with closing(sqlite3.connect(target)) as out:
                    source.backup(out, pages=200, sleep=0.01)
                copies.append(target.stat().st_size)

    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM tasklog_tasklogline").fetchone()
        copying = threading.Thread(target=copy)
        copying.start()
        yield copies
        over.set()
        copying.join(30)
        reader.execute("ROLLBACK")


def test_a_database_that_is_read_and_copied_all_the_time_takes_every_line(scene, tmp_path):
    path = Path(connection.settings_dict["NAME"])
    scene.worker()
    with copied_all_the_time(path, tmp_path / "backup.sqlite3") as copies:
        emission = scene.emit(10_000, 2_000)
        ask_all(emission, scene, figures.CAUGHT_UP)
    assert copies
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.with_name(path.name + "-wal").stat().st_size <= 64 << 20


def test_four_writers_beside_the_drainer_never_hear_of_a_lock(scene):
    """Tasks that read and then write, in transactions of their own: IMMEDIATE everywhere."""
    scene.worker(4)
    emissions = []
    for index in range(4):
        truth = Truth(scene.stack.folder / f"rows-{index}.truth")
        task_id = scene.send("rows", str(truth.path), 100)
        emissions.append(Emission(task_id, truth, explain=scene.explain))
    for emission in emissions:
        ask_all(emission, scene, figures.CAUGHT_UP)
