"""The JSON stream through the real ASGI application."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.test import Client

from tasklog.api.keys import create_key
from tasklog.api.models import ApiKey
from tasklog.live import sse
from tasklog.live.outlet import Outlet
from tasklog.models import TaskLogLine, TaskRun

pytestmark = pytest.mark.django_db(transaction=True)
STREAM = "/tasklog/sse/task/run-1/"


class Reader:
    """An ASGI client that reads events as they come."""

    application = get_asgi_application

    def __init__(self, path, **headers):
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "path": path,
            "raw_path": path.encode(), "query_string": query.encode(), "scheme": "http",
            "server": ("localhost", 80), "client": ("127.0.0.1", 1), "root_path": "",
            "headers": [(b"host", b"localhost")]
            + [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
        }  # fmt: skip
        self.app = ApplicationCommunicator(self.application(), scope)
        self.buffer = b""
        self.over = False

    async def start(self):
        await self.app.send_input({"type": "http.request", "body": b"", "more_body": False})
        head = await self.app.receive_output(10)
        self.status = head["status"]
        self.headers = {name.decode().lower(): text.decode() for name, text in head["headers"]}

    async def frame(self):
        """The next event's fields; None at the end."""
        while b"\n\n" not in self.buffer:
            if self.over:
                return None
            part = await self.app.receive_output(10)
            self.buffer += part.get("body", b"")
            self.over = not part.get("more_body")
        raw, _, self.buffer = self.buffer.partition(b"\n\n")
        return dict(line.split(": ", 1) for line in raw.decode().split("\n"))

    async def event(self):
        """The next event's JSON; fields without data are passed over."""
        while (fields := await self.frame()) is not None:
            if "data" in fields:
                return json.loads(fields["data"])
        return None

    async def rest(self):
        events = []
        while (event := await self.event()) is not None:
            events.append(event)
        return events


@asynccontextmanager
async def reading(path=STREAM, **headers):
    reader = Reader(path, **headers)
    await reader.start()
    try:
        yield reader
    finally:
        await reader.app.send_input({"type": "http.disconnect"})
        await reader.app.wait(10)


def behind_outlet():
    return Outlet(get_asgi_application())


@pytest.fixture(params=[get_asgi_application, behind_outlet], autouse=True)
def application(request, monkeypatch):
    """A stranger's ASGI file may know nothing of the outlet."""
    monkeypatch.setattr(Reader, "application", staticmethod(request.param))


@pytest.fixture
def key(db):
    return f"Api-Key {create_key('ci', ['logs:read'])[1]}"


@pytest.fixture
def finished(run):
    run.mark_success()
    return run


def test_a_finished_run_is_told_from_its_first_line_to_its_end(key, finished):
    async def scenario():
        async with reading(authorization=key) as reader:
            return reader.status, reader.headers, await reader.rest()

    status, headers, events = asyncio.run(scenario())
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert [event["type"] for event in events] == ["connected", *["new_log"] * 5, "end"]
    assert events[0] == {"type": "connected", "task_id": "run-1"}
    assert [event["message"] for event in events[1:6]] == [f"line {n}" for n in range(1, 6)]
    assert {"id", "timestamp", "stream", "message", "task_id", "level"} <= set(events[1])
    assert (events[3]["stream"], events[3]["level"]) == ("stderr", "ERROR")
    assert events[-1]["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("?after=3", {}, [4, 5]),
        ("", {"last_event_id": "4"}, [5]),
        ("?after=2", {"last_event_id": "4"}, [5]),
        ("?after=nonsense", {"last_event_id": "-1"}, [1, 2, 3, 4, 5]),
        ("?after=999999999", {}, []),
    ],
)
def test_a_reader_resumes_where_it_was(key, finished, query, header, expected):
    async def scenario():
        async with reading(STREAM + query, authorization=key, **header) as reader:
            return await reader.rest()

    events = asyncio.run(scenario())
    assert [event["id"] for event in events if event["type"] == "new_log"] == expected
    assert events[-1]["type"] == "end"


def test_lines_written_while_reading_arrive_in_order_and_then_the_end(key, run):
    async def scenario():
        async with reading(authorization=key) as reader:
            events = [await reader.event() for _ in range(6)]
            await sync_to_async(TaskLogLine.objects.create)(task_id="run-1", message="later")
            await sync_to_async(run.mark_failure)("boom")
            return events + await reader.rest()

    events = asyncio.run(scenario())
    assert [e["id"] for e in events if e["type"] == "new_log"] == [1, 2, 3, 4, 5, 6]
    assert events[-1] == {**events[-1], "type": "end", "status": "FAILURE", "cause": "exception"}


def test_each_line_carries_its_number_as_event_id(key, finished):
    async def scenario():
        async with reading(authorization=key) as reader:
            frames = []
            while (frame := await reader.frame()) is not None:
                frames.append(frame)
            return frames

    frames = asyncio.run(scenario())
    assert [frame["id"] for frame in frames if "id" in frame] == ["1", "2", "3", "4", "5"]


def test_text_forges_no_event(key, run):
    hostile = 'a\rb\r\nc\n\nevent: x\nid: 9\ndata: {"type":"end"}\u2028\x00\x1b[31m'
    TaskLogLine.objects.create(task_id="run-1", message=hostile.replace("\x00", ""))
    run.mark_success()

    async def scenario():
        async with reading(f"{STREAM}?after=5", authorization=key) as reader:
            return await reader.rest()

    events = asyncio.run(scenario())
    assert [event["type"] for event in events] == ["connected", "new_log", "end"]
    assert events[1]["message"] == hostile.replace("\x00", "")


@pytest.mark.parametrize("task_id", ["nobody", "a%00b"])
def test_an_unknown_run_is_told_and_the_stream_ends(key, task_id):
    async def scenario():
        path = f"/tasklog/sse/task/{task_id.replace('%00', chr(0))}/"
        async with reading(path, authorization=key) as reader:
            return reader.status, await reader.rest()

    status, events = asyncio.run(scenario())
    assert status == 404
    assert [event["type"] for event in events] == ["error", "end"]


def test_a_run_that_appears_a_moment_later_is_followed(key):
    async def scenario():
        async def publish():
            await asyncio.sleep(0.3)
            await sync_to_async(TaskRun.objects.create)(task_id="run-1", state="SUCCESS")

        publishing = asyncio.create_task(publish())
        async with reading(authorization=key) as reader:
            await publishing
            return reader.status, await reader.rest()

    status, events = asyncio.run(scenario())
    assert status == 200
    assert [event["type"] for event in events] == ["connected", "end"]


def test_nobody_gets_a_401_and_a_key_without_the_scope_a_403(client, finished, key):
    other = f"Api-Key {create_key('ci', ['tasks:read'])[1]}"
    for path in (STREAM, "/tasklog/sse/test/"):
        assert client.get(path).status_code == 401
        assert client.get(path).headers["WWW-Authenticate"] == "Api-Key"
        assert client.get(path, headers={"authorization": "Api-Key x"}).status_code == 401
        answer = client.get(path, headers={"authorization": other})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert client.post(path, headers={"authorization": key}).status_code == 405


def test_another_site_is_refused(client, finished, key):
    headers = {"authorization": key, "origin": "https://evil.example"}
    assert client.get(STREAM, headers=headers).status_code == 403


def test_a_hidden_run_looks_like_none(client, finished, key, settings):
    settings.CELERY_TASKLOG_VISIBILITY = lambda user, runs: runs.none()
    assert client.get(STREAM, headers={"authorization": key}).status_code == 404


def test_a_signed_in_person_reads_without_a_key(finished):
    client = Client()
    client.force_login(User.objects.create_user("ann"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    async def scenario():
        async with reading(cookie=cookie) as reader:
            return await reader.rest()

    assert asyncio.run(scenario())[-1]["type"] == "end"


@pytest.mark.parametrize("how", ["revoke", "logout"])
def test_who_loses_the_right_loses_the_stream(run, key, monkeypatch, how):
    monkeypatch.setattr(sse, "RECHECK_SECONDS", 1)
    client = Client()
    client.force_login(User.objects.create_user("ann"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    headers = {"authorization": key} if how == "revoke" else {"cookie": cookie}

    def lose():
        if how == "revoke":
            from django.utils import timezone

            ApiKey.objects.update(revoked_at=timezone.now())
        else:
            client.logout()
        TaskLogLine.objects.create(task_id="run-1", message="secret")

    async def scenario():
        async with reading(**headers) as reader:
            events = [await reader.event() for _ in range(6)]
            await sync_to_async(lose)()
            return events + await reader.rest()

    events = asyncio.run(scenario())
    assert "secret" not in [event.get("message") for event in events]


def test_a_reader_that_goes_gives_its_slot_back(run, key):
    async def scenario():
        async with reading(authorization=key) as reader:
            await reader.event()
            held = sse.slots.open.total()
        return held, sse.slots.open.total()

    assert asyncio.run(scenario()) == (1, 0)


def test_the_test_stream_counts_to_four(key, monkeypatch):
    async def at_once(seconds):
        assert seconds == 1

    async def scenario():
        monkeypatch.setattr("tasklog.api.stream.asyncio.sleep", at_once)
        async with reading("/tasklog/sse/test/", authorization=key) as reader:
            events = await reader.rest()
            monkeypatch.undo()
            return events

    events = asyncio.run(scenario())
    assert events == [
        {"type": "test", "message": "connected"},
        *[{"type": "test", "count": count} for count in range(5)],
        {"type": "test", "message": "done"},
    ]


def test_a_project_that_packs_its_pages_does_not_pack_streams(key, finished, settings):
    settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *settings.MIDDLEWARE]

    async def scenario():
        async with reading(authorization=key, accept_encoding="gzip") as reader:
            return reader.headers["content-encoding"], await reader.event()

    encoding, event = asyncio.run(scenario())
    assert (encoding, event["type"]) == ("identity", "connected")
