"""The life of a stream before a real web process: slots, stalled readers, a process that stops."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from conftest import wait_for
from e2e.conftest import session_cookie
from e2e.viewer import TASK_ID, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.conftest import Web


@pytest.fixture
def writer(stack: Any, settings: Any) -> Writer:
    settings.CELERY_TASKLOG_REDIS_URL = stack.env["CELERY_TASKLOG_REDIS_URL"]
    return Writer()


@pytest.fixture
def client(web: Web, user: Any, writer: Writer) -> Iterator[httpx.Client]:
    cookie = session_cookie(user, web.url)
    with httpx.Client(base_url=web.url, cookies={"sessionid": cookie["value"]}) as client:
        yield client


PATH = f"/runs/{TASK_ID}/stream/"


def test_eleven_streams_are_one_too_many_until_one_is_closed(client: httpx.Client) -> None:
    with ExitStack() as streams:
        for _ in range(10):
            assert streams.enter_context(client.stream("GET", PATH)).status_code == 200
        wait_for(lambda: _status(client) == 429)
    wait_for(lambda: _status(client) == 200)


def _status(client: httpx.Client) -> int:
    with client.stream("GET", PATH) as answer:
        return answer.status_code


def test_a_thousand_aborted_streams_leave_no_slot_taken(client: httpx.Client, web: Web) -> None:
    for _ in range(1000):
        _request(web, client).close()
    wait_for(lambda: _ten_at_once(client) == [200] * 10)


def _ten_at_once(client: httpx.Client) -> list[int]:
    with ExitStack() as streams:
        return [streams.enter_context(client.stream("GET", PATH)).status_code for _ in range(10)]


def _request(web: Web, client: httpx.Client, buffer: int = 0) -> socket.socket:
    """A reader that asks and then reads nothing."""
    address = urlsplit(web.url)
    reader = socket.socket()
    if buffer:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    reader.connect((address.hostname, address.port))
    cookie = client.cookies["sessionid"]
    head = f"GET {PATH} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: sessionid={cookie}\r\n\r\n"
    reader.sendall(head.encode())
    return reader


def test_a_process_that_is_told_to_stop_ends_its_streams_at_once(
    stack: Any, user: Any, writer: Writer, web: Web
) -> None:
    port = urlsplit(web.url).port
    stack.stop(stack.processes[-1])
    process = stack.spawn(
        "-m", "gunicorn", "-c", "python:project.gunicorn_conf",
        PORT=str(port), GRACEFUL_TIMEOUT="20", DEBUG="0",
    )  # fmt: skip
    cookies = {"sessionid": session_cookie(user, web.url)["value"]}
    with httpx.Client(base_url=web.url, cookies=cookies, timeout=15) as client:
        wait_for(lambda: _answers(client), 60)
        with client.stream("GET", PATH) as answer:
            parts = answer.iter_bytes()
            next(parts)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            for _ in parts:
                pass
            process.wait(15)
    assert time.monotonic() - started < 10


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/login/").status_code in (200, 302)
    except httpx.TransportError:
        return False


def test_a_reader_that_takes_nothing_is_sent_away(
    client: httpx.Client, web: Web, writer: Writer
) -> None:
    with ExitStack() as streams:
        stalled = [streams.enter_context(_request(web, client, 4096)) for _ in range(10)]
        wait_for(lambda: _status(client) == 429)
        for _ in range(30):
            writer.write(*(["x" * 2000] * 200))
        wait_for(lambda: _status(client) == 200, 60)
        assert all(reader.fileno() > 0 for reader in stalled)
