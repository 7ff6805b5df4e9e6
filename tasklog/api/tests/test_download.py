"""`tasks/<id>/download/` and `workflows/<id>/download/`: files for programs, as the pages give."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from tasklog.api.keys import create_key
from tasklog.archive import reader
from tasklog.audit.models import AuditEntry
from tasklog.download.formats import FORMATS
from tasklog.models import TaskLogLine, TaskRun

Program = Callable[..., Client]
ONE, MANY = "/tasklog/api/v1/tasks/run-1/download/", "/tasklog/api/v1/workflows/run-1/download/"


def body(client: Client, path: str) -> str:
    answer = client.get(path)
    assert (answer.status_code, answer.streaming) == (200, True), path
    return b"".join(answer).decode()  # type: ignore[arg-type]


@pytest.fixture
def pair(run: TaskRun) -> TaskRun:
    """A second run of the workflow, with one line."""
    TaskRun.objects.filter(pk="run-1").update(root_id="run-1", line_count=5)
    after = TaskRun.objects.create(
        task_id="run-2", name="orders.mail", root_id="run-1", parent_id="run-1", line_count=1
    )
    TaskLogLine.objects.create(task=after, number=1, message="=mailed")
    return after


@pytest.mark.parametrize("kind", FORMATS)
def test_a_program_gets_the_very_file_of_the_page(
    program: Program, person: Client, pair: TaskRun, kind: str
) -> None:
    client = program("logs:read")
    for ours, pages in ((ONE, "/runs/run-1/download/"), (MANY, "/workflows/run-1/download/")):
        assert body(client, f"{ours}?format={kind}") == body(person, f"{pages}?format={kind}")
        answer, page = client.get(f"{ours}?format={kind}"), person.get(f"{pages}?format={kind}")
        for name in ("Content-Type", "Content-Disposition", "Cache-Control"):
            assert answer.headers[name] == page.headers[name], name
        assert answer.headers["Content-Type"].startswith(FORMATS[kind].content_type)


def test_each_line_of_a_workflow_says_whose_it_is(program: Program, pair: TaskRun) -> None:
    client = program("logs:read")
    rows = list(csv.DictReader(io.StringIO(body(client, f"{MANY}?format=csv"), newline="")))
    assert [(row["task_id"], row["branch"], row["number"]) for row in rows[-2:]] == [
        ("run-1", "import", "5"),
        ("run-2", "mail", "1"),
    ]
    assert rows[-1]["message"] == "'=mailed"
    objects = [json.loads(row) for row in body(client, f"{MANY}?format=jsonl").splitlines()]
    assert [list(one) for one in objects] == [list(row) for row in rows]
    assert body(client, MANY).splitlines()[-1].startswith("mail   ")


@pytest.mark.parametrize(
    ("path", "query", "numbers"),
    [
        (ONE, "level=ERROR", [3]),
        (ONE, "stream=stderr", [3]),
        (ONE, "q=LINE%204", [4]),
        (ONE, "attempt=2", []),
        (ONE, "logger=shop", []),
        (MANY, "run=run-2", [1]),
        (MANY, "name=orders.mail", [1]),
        (MANY, "level=error", [3]),
    ],
)
def test_only_the_lines_that_are_asked_for(
    program: Program, pair: TaskRun, path: str, query: str, numbers: list[int]
) -> None:
    told = body(program("logs:read"), f"{path}?format=jsonl&{query}").splitlines()
    assert [json.loads(line)["number"] for line in told] == numbers


@pytest.mark.parametrize("path", [ONE, MANY])
@pytest.mark.parametrize("query", ["format=exe", "format=", "level=loud", "stream=x"])
def test_what_makes_no_sense_is_a_400(
    program: Program, pair: TaskRun, path: str, query: str
) -> None:
    answer = program("logs:read").get(f"{path}?{query}")
    name = query.partition("=")[0]
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {name})
    if name == "format":
        assert answer.json()["fields"] == {"format": "Give one of txt, jsonl, csv."}


@pytest.mark.parametrize("path", [ONE, MANY])
def test_who_may_and_what_is_written_into_the_trail(
    program: Program, pair: TaskRun, settings: Any, path: str
) -> None:
    assert program("tasks:read").get(path).status_code == 403
    assert Client().get(path).status_code == 401
    _, key = create_key("ci", ["logs:read"], user=User.objects.create_user("bea"))
    client = Client(headers={"authorization": f"Api-Key {key}"})
    assert client.get(path.replace("run-1", "nobody")).status_code == 404
    assert client.get(path).status_code == 200
    (entry,) = AuditEntry.objects.filter(action="download")
    assert (entry.user, entry.target.endswith("orders.import run-1")) == ("bea", True)
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert client.get(path).status_code == 404


def test_lines_of_runs_one_may_not_see_are_not_in_the_file(
    program: Program, pair: TaskRun, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.exclude(pk="run-2")
    assert "mailed" not in body(program("logs:read"), MANY)


@pytest.mark.django_db(transaction=True)
def test_a_file_is_read_as_it_is_sent(run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ASGI, as in production: whoever takes one piece has had one window read."""
    TaskLogLine.objects.bulk_create(
        TaskLogLine(task=run, number=n, seq=n, message=f"line {n}") for n in range(6, 101)
    )
    monkeypatch.setattr(reader, "PART", 10)
    asked: list[int] = []
    look = reader.read_lines
    monkeypatch.setattr(
        reader, "read_lines", lambda *a, **k: asked.append(k["after"]) or look(*a, **k)
    )
    _, key = create_key("ci", ["logs:read"])

    async def first() -> bytes:
        answer = await AsyncClient().get(ONE, headers={"authorization": f"Api-Key {key}"})
        pieces: AsyncIterator[bytes] = aiter(answer)
        return await anext(pieces)

    assert asyncio.run(first()).decode().splitlines()[-1].endswith("line 10")
    assert asked == [0]
