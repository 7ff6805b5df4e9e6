"""The restore drill, and all that must be refused before anything changes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from conftest import ROOT, Stack, _environment
from tasklog.maintenance.backup import folder, manifest
from tasklog.maintenance.backup.make import NoBackup, make
from tasklog.models import TaskLogLine, TaskRun

SQLITE = connection.vendor == "sqlite"
CHECKED = {
    "tasklog_taskrun": "task_id",
    "tasklog_tasklogline": "id",
    "auth_user": "id",
}

pytestmark = pytest.mark.django_db(transaction=True)
only_sqlite = pytest.mark.skipif(not SQLITE, reason="of SQLite's file")


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Path:
    settings.CELERY_TASKLOG_BACKUP_DIR = str(tmp_path / "backups")
    settings.CELERY_TASKLOG_BACKUP_KEEP = 2
    return tmp_path / "backups"


@pytest.fixture
def history(transactional_db: None, django_user_model: Any) -> None:
    django_user_model.objects.create_user("ada", password="x")
    for n in range(20):
        run = TaskRun.objects.create(task_id=f"run-{n}", name="orders.import", result="ü" * n)
        for line in range(n):
            TaskLogLine.objects.create(task=run, message=f"line {line} \\ 'quoted' \x1b[31m")


@pytest.fixture
def backup(place: Path, history: None) -> Path:
    return make(lambda _: None)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if SQLITE:
        yield f"sqlite:///{tmp_path / 'restored.sqlite3'}"
        return
    name = f"restored_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    here = _environment("redis://unused", tmp_path)["DATABASE_URL"]
    yield here.rpartition("/")[0] + f"/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def restore(tmp_path: Path, empty: str) -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """`manage.py tasklog_restore FILE` into the empty database, as a person runs it."""
    env = _environment("redis://unused", tmp_path) | {"DATABASE_URL": empty}

    def run(file: Path) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "manage.py", "tasklog_restore", str(file)]
        return subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


def facts(own: Any = connection) -> tuple[dict[str, int], dict[str, str]]:
    """The rows of every table, and a checksum over all values of three."""
    with own.cursor() as cursor:
        rows = {}
        for table in own.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            rows[table] = cursor.fetchone()[0]
        sums = {}
        for table, key in CHECKED.items():
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY "{key}"')
            sums[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return rows, sums


def test_the_restore_drill(
    backup: Path, empty: str, restore: Callable[[Path], subprocess.CompletedProcess[str]]
) -> None:
    """Every row of every table, and every value of three, are what they were."""
    before = facts()
    ended = restore(backup)
    assert ended.returncode == 0, ended.stderr
    restored = connection.copy()
    restored.settings_dict["NAME"] = (
        empty.removeprefix("sqlite:///") if SQLITE else empty.rpartition("/")[2]
    )
    try:
        assert facts(restored) == before
    finally:
        restored.close()
    again = restore(backup)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def changed(backup: Path, **values: Any) -> None:
    beside = manifest.path_of(backup)
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **values}))


def damage(backup: Path) -> None:
    with backup.open("r+b") as file:
        file.seek(backup.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def newer(backup: Path) -> None:
    told = json.loads(manifest.path_of(backup).read_text())
    changed(backup, migrations=[*told["migrations"], "tasklog.0999_from_tomorrow"])


def older(backup: Path) -> None:
    told = json.loads(manifest.path_of(backup).read_text())
    changed(backup, migrations=[n for n in told["migrations"] if not n.startswith("tasklog.")])


SPOILT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "whole": (lambda _: None, "is not empty"),
    "one bit": (damage, "It is damaged"),
    "cut off": (lambda b: os.truncate(b, b.stat().st_size - 1), "It is damaged"),
    "empty": (lambda b: os.truncate(b, 0), "It is damaged"),
    "newer": (newer, "another version"),
    "older": (older, "another version"),
    "other database": (lambda b: changed(b, vendor="mysql"), "It was made from mysql"),
    "other format": (lambda b: changed(b, format="theirs 2"), "theirs 2"),
    "no manifest": (lambda b: manifest.path_of(b).unlink(), "is missing beside it"),
    "no json": (lambda b: manifest.path_of(b).write_text("{"), "is no manifest"),
    "other json": (lambda b: manifest.path_of(b).write_text('["a"]'), "is no manifest"),
    "gone": (lambda b: b.unlink(), "There is no file"),
}


def test_what_does_not_fit_is_refused_before_anything_changes(backup: Path, tmp_path: Path) -> None:
    """So is what fits, for this database is not empty."""
    before = facts()
    for n, (how, (spoil, told)) in enumerate(SPOILT.items()):
        copy = tmp_path / f"{n}{backup.suffix}"
        shutil.copy(backup, copy)
        shutil.copy(manifest.path_of(backup), manifest.path_of(copy))
        spoil(copy)
        with pytest.raises(CommandError, match="Refused") as refused:
            call_command("tasklog_restore", str(copy))
        assert told in str(refused.value), how
    assert facts() == before


def test_the_newest_are_kept_and_nobody_else_can_read_them(place: Path, history: None) -> None:
    made = [make(lambda _: None).name for _ in range(4)]
    assert [file.name for file in folder.files(place)] == made[2:]
    left = sorted(file.name for file in place.iterdir())
    assert left == sorted([folder.LOCK, *made[2:], *(f"{name}.json" for name in made[2:])])
    assert folder.files(place)[0].stat().st_mode & 0o077 == 0


def test_one_backup_at_a_time(place: Path, history: None) -> None:
    with folder.locked(place), pytest.raises(folder.Busy):
        make(lambda _: None)


def test_without_a_place_there_is_no_backup(settings: Any) -> None:
    settings.CELERY_TASKLOG_BACKUP_DIR = ""
    with pytest.raises(NoBackup, match="CELERY_TASKLOG_BACKUP_DIR"):
        make(lambda _: None)


def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "file").touch()
    settings.CELERY_TASKLOG_BACKUP_DIR = str(tmp_path / "file" / "backups")
    with pytest.raises(NoBackup, match="Nothing was kept"):
        make(lambda _: None)


# What a backup asks of the system, each a moment to be killed at.
MOMENTS = [(name, n) for name in ("fsync", "replace", "unlink") for n in range(1, 4)]


@only_sqlite
def test_killed_at_any_moment_there_is_a_whole_backup_or_the_one_before(
    place: Path, backup: Path
) -> None:
    """And the next run removes what was left and makes its own."""
    for name, n in MOMENTS:
        pid = os.fork()
        if pid == 0:
            _make_and_die(name, n)
        os.waitpid(pid, 0)
        whole = [file for file in folder.files(place) if manifest.path_of(file).exists()]
        assert whole, (name, n)
        for file in whole:
            manifest.check(file, manifest.read(file), connection)
    last = make(lambda _: None)
    files = [file.name for file in place.iterdir()]
    assert last.name in files
    assert len(files) == 5, files
    assert not [name for name in files if name.startswith(folder.PARTIAL)]


@pytest.mark.nightly
def test_killed_by_the_kernel_twenty_times_each_backup_is_whole(
    place: Path, history: None, stack: Stack
) -> None:
    """`kill -9` of the command at moments of chance; what is there can always be restored."""
    run, dice, deaths = TaskRun.objects.get(pk="run-1"), random.Random(31), 0
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, message="x" * 200) for n in range(10, 50_000)
    )
    before = TaskLogLine.objects.count()
    make(lambda _: None)
    for _ in range(20):
        process = stack.spawn("manage.py", "tasklog_backup", "--dir", str(place))
        time.sleep(dice.uniform(0.1, 2))
        process.send_signal(signal.SIGKILL)
        deaths += process.wait(10) != 0
        whole = [file for file in folder.files(place) if manifest.path_of(file).exists()]
        assert whole
        for file in whole:
            manifest.check(file, manifest.read(file), connection)
    assert deaths > 2
    last = make(lambda _: None)
    assert manifest.read(last).rows["tasklog_tasklogline"] == before
    assert not [file for file in place.iterdir() if file.name.startswith(folder.PARTIAL)]


def _make_and_die(name: str, n: int) -> None:
    """Makes a backup in this child and kills it at the n-th call of `name`."""
    calls = 0
    target: Any = os if name == "fsync" else Path
    original = getattr(target, name)

    def call(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **more)

    setattr(target, name, call)
    try:
        make(lambda _: None)
    finally:
        os._exit(0)


@only_sqlite
def test_a_copy_that_is_damaged_is_not_kept(place: Path, history: None, tmp_path: Path) -> None:
    from tasklog.maintenance.backup import sqlite

    good = tmp_path / "copy.sqlite3"
    sqlite.copy(connection, good)
    bad = tmp_path / "bad.sqlite3"
    shutil.copy(good, bad)
    with bad.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)
    with pytest.raises((sqlite.Failed, sqlite.sqlite3.DatabaseError)):
        sqlite.rows_of(bad)


def test_writers_do_not_wait_for_a_backup(place: Path, history: None) -> None:
    """A line is stored between the copying and its end."""
    told: list[str] = []

    def write(text: str) -> None:
        TaskLogLine.objects.create(task_id="run-1", message=text)
        told.append(text)

    make(write)
    assert TaskLogLine.objects.filter(message=told[0]).exists()
