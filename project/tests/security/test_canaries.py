"""Secrets a task spills are found nowhere: not on disk, not in a table, not in any answer.

Real workers and a real drainer; the console of the worker is the task's own and keeps what it had.
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from celery import Celery
from celery.signals import before_task_publish
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from conftest import Stack, wait_for
from project.tests.security.canaries import FORMS, WAYS, every_trace, spilled, token
from project.tests.security.conftest import with_key
from tasklog.api.keys import create_key
from tasklog.models import TaskLogLine, TaskRun

TASKS = ("-I", "project.tests.security.leak_tasks")


# Every secret begins with the first; the second is how that reads in basic coding.
SIGNS = (b"cnry", b"cm9ib3Q6Y25y")


def found_in(blob: bytes) -> list[str]:
    if not any(sign in blob for sign in SIGNS):
        return []  # at a four-hundredth of the cost
    return [source for source, trace in every_trace().items() if trace in blob]


def send(app: Celery, name: str, *args: Any, **kwargs: Any) -> str:
    task_id = str(uuid.uuid4())
    app.send_task(name, args, kwargs, task_id=task_id)
    return task_id


def arguments() -> tuple[list[str], dict[str, Any]]:
    long = [
        "." * (4000 - len(text) + at) + " " + text
        for text in spilled("long argument")
        for at in (4, 15, 30)
    ]
    named = {"password": token("keyword", "pair"), "note": spilled("keyword")}
    deep: Any = spilled("deep")
    for level in range(15):
        deep = {"deeper": deep} if level % 2 else [deep]
    return [*spilled("argument"), *long], {**named, "deep": deep}


def _has_ended(log: str, task_id: str) -> bool:
    return f"[{task_id}] succeeded" in log or f"[{task_id}] raised" in log


def tables() -> bytes:
    """All rows as text, and on SQLite the bytes of its files."""
    rows = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            rows += [f"{name}: {row!r}" for row in cursor.fetchall()]
    blob = "\n".join(rows).encode("utf-8", "backslashreplace")
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        blob += _read_elsewhere([path, Path(f"{path}-wal")])
    return blob


def _read_elsewhere(files: list[Path]) -> bytes:
    """Closing a file drops every lock this process has on it, so another one reads SQLite's."""
    read = "import pathlib, sys; sys.stdout.buffer.write(pathlib.Path(sys.argv[1]).read_bytes())"
    found = [file for file in files if file.exists()]
    return b"".join(subprocess.check_output([sys.executable, "-c", read, file]) for file in found)


def answers(root: Client, program: Client, ids: list[str]) -> Iterator[tuple[str, bytes]]:
    """Every way out there is."""
    paths = ["/", "/diagnostics/", "/demo/", "/audit/", "/tasklog/api/tasks/", "/search/?q=masked"]
    paths += [
        "/admin/tasklog/taskrun/",
        "/admin/tasklog/tasklogline/",
        "/admin/tasklog/taskattempt/",
    ]
    for task_id in ids:
        page = f"/runs/{task_id}/"
        paths += [page, f"{page}?tab=details", f"{page}?tab=attempts", f"{page}status/"]
        paths += [f"{page}lines/", f"{page}download/?format=txt", f"{page}download/?format=csv"]
        paths += [f"{page}download/?format=jsonl", f"/admin/tasklog/taskrun/{task_id}/change/"]
        paths += [f"/tasklog/api/tasks/{task_id}/", f"/tasklog/api/tasks/{task_id}/lines/"]
    for client in (root, program):
        for path in paths:
            response = client.get(path)
            told = b"".join(response) if response.streaming else response.content
            yield path, told
    for task_id in ids:
        for path in (f"/runs/{task_id}/stream/", f"/tasklog/sse/task/{task_id}/"):
            yield path, _streamed(root, path)


def _streamed(client: Client, path: str) -> bytes:
    """All of the stream of a run that has ended."""

    async def all_of_it() -> bytes:
        response = await sync_to_async(client.get)(path)
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(all_of_it)()


@pytest.mark.timeout(180)
def test_no_secret_is_found_again(
    stack: Stack, signed_in: Callable[[User], Client], tmp_path: Path
) -> None:
    stack.env["CELERY_TASKLOG_DRAINER"] = "external"
    worker = stack.worker("prefork", 2, *TASKS, CELERY_RESULT_BACKEND="disabled://")
    app = Celery(broker=stack.env["CELERY_BROKER_URL"], set_as_current=False)
    args, kwargs = arguments()
    ids = [send(app, "security.leak", *args, **kwargs)]
    ids += [send(app, "security.fail", number) for number in range(len(FORMS))]
    app.close()
    wait_for(
        lambda: stack.output(worker).count("security.fail[") >= 3 * len(FORMS) - len(FORMS), 60
    )
    wait_for(lambda: f"security.leak[{ids[0]}] succeeded" in stack.output(worker), 60)

    spool = b"".join(file.read_bytes() for file in stack.spool_dir.rglob("*") if file.is_file())
    assert b"[masked]" in spool
    assert not found_in(spool), found_in(spool)

    drain = stack.spawn("manage.py", "tasklog_drain", "--once")
    assert drain.wait(60) == 0, stack.output(drain)
    assert set(TaskRun.objects.values_list("pk", flat=True)) == set(ids)
    assert TaskLogLine.objects.filter(message__contains="[masked]").count() > 10 * len(FORMS)
    leaked = found_in(tables())
    assert not leaked, leaked

    root = signed_in(User.objects.create_superuser("root"))
    program = with_key(create_key("ci", ["all"])[1])
    for path, told in answers(root, program, [ids[0], ids[1], ids[-1]]):
        assert found_in(told) == [], path
    assert found_in(stack.output(drain).encode()) == []


def test_what_celery_tells_of_the_arguments_is_masked_too() -> None:
    """Its events, its own log lines and the columns of a result table show these two."""
    headers = {"id": "x", "argsrepr": repr(spilled("argument")), "kwargsrepr": "{'password': 'x'}"}
    before_task_publish.send("security.leak", headers=headers)
    assert found_in(headers["argsrepr"].encode()) == []
    assert headers["kwargsrepr"] == "{'password': '[masked]'}"


def test_every_canary_would_be_found() -> None:
    """The search can fail: each form shows its secret where nothing masks it."""
    assert all(trace.startswith(SIGNS) for trace in every_trace().values())
    for way in WAYS:
        assert len(found_in("\n".join(spilled(way)).encode())) >= len(FORMS)
