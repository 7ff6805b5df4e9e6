"""The web server as the project runs it: many browsers at once, and a quick end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conftest import wait_for
from tasklog.conf import STREAMS_PER_USER
from tasklog.line import Line
from tasklog.live.publish import publish_lines
from tasklog.models import TaskRun
from tasklog.states import State

STREAMS = 8


@pytest.fixture
def web(stack: Any) -> tuple[Any, int]:
    """gunicorn on a free port: the process and the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ("-m", "gunicorn", "-c", "python:project.gunicorn_conf")
    process = stack.spawn(*words, PORT=str(port), GRACEFUL_TIMEOUT="25")
    deadline = time.monotonic() + 30
    while "listening on" not in stack.output(process):
        assert time.monotonic() < deadline, stack.output(process)
        time.sleep(0.05)
    return process, port


def open_stream(port: int, path: str, cookie: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sessionid={cookie}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def test_open_streams_end_when_the_server_is_told_to_stop(
    web: tuple[Any, int], admin_client: Client
) -> None:
    process, port = web
    run = TaskRun.objects.create(task_id="t1", name="slow", state=State.STARTED)
    path = reverse("dashboard:run_stream", args=[run.pk])
    cookie = admin_client.cookies["sessionid"].value
    streams = [open_stream(port, path, cookie) for _ in range(STREAMS)]
    for stream in streams:
        assert b"200 OK" in stream.recv(4096)
    process.send_signal(signal.SIGTERM)
    # Far below the graceful timeout, which it would wait for streams that stay open.
    assert process.wait(15) == 0
    for stream in streams:
        while stream.recv(4096):
            pass


def test_a_burst_of_browsers_finds_a_long_queue(web: tuple[Any, int]) -> None:
    _, port = web
    deadline = time.monotonic() + 5
    while listen_queue(port) != 2048:
        assert time.monotonic() < deadline, listen_queue(port)
        time.sleep(0.05)


def listen_queue(port: int) -> int:
    """The backlog the kernel has for our listening socket, as `ss` tells."""
    try:
        told = subprocess.run(["ss", "-ltn"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("needs the program ss (iproute2)")
    found = re.search(rf"LISTEN\s+\d+\s+(\d+)\s+127\.0\.0\.1:{port}\s", told)
    return int(found[1]) if found else -1


@pytest.fixture
def run(db: None) -> TaskRun:
    return TaskRun.objects.create(task_id="t1", name="slow", state=State.STARTED)


def cookie_of(name: str) -> str:
    client = Client()
    client.force_login(User.objects.create(username=name, is_superuser=True))
    return client.cookies["sessionid"].value


def opened(port: int, path: str, cookie: str, count: int) -> Iterator[socket.socket]:
    """Streams that are in the midst of it: Redis is subscribed, the database was asked."""
    for _ in range(count):
        stream = open_stream(port, path, cookie)
        head = b""
        while b"event: channel" not in head:
            part = stream.recv(4096)
            assert part, head
            head += part
        yield stream


def worker_of(process: subprocess.Popen[bytes]) -> Path:
    """The folder of the one worker in /proc."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    return Path(f"/proc/{children[0]}")


def held(worker: Path) -> tuple[int, int]:
    """Its threads and its open files: sockets, and what a database is reached through."""
    return len(list((worker / "task").iterdir())), len(list((worker / "fd").iterdir()))


def settled(worker: Path) -> tuple[int, int]:
    """The same while nobody asks the database."""
    seen = []
    for _ in range(20):
        seen.append(held(worker))
        time.sleep(0.02)
    return min(seen, key=lambda one: one[1])


def test_an_open_stream_holds_its_socket_and_no_thread_and_no_database(
    web: tuple[Any, int], run: TaskRun
) -> None:
    process, port = web
    worker, path = worker_of(process), reverse("dashboard:run_stream", args=[run.pk])
    cookies = [cookie_of(f"reader-{number}") for number in range(7)]
    first = list(opened(port, path, cookies.pop(), STREAMS_PER_USER))
    threads, files = settled(worker)
    streams = [s for cookie in cookies for s in opened(port, path, cookie, STREAMS_PER_USER)]
    wait_for(lambda: held(worker)[1] == files + len(streams), explain=lambda: f"{held(worker)}")
    # The four that ask the database for all streams start one by one.
    assert held(worker)[0] <= threads + 4
    for stream in (*first, *streams):
        stream.close()
    wait_for(lambda: held(worker)[1] <= files - len(first), explain=lambda: f"{held(worker)}")


@pytest.mark.nightly
def test_the_connection_of_a_reader_that_stopped_reading_is_cut(
    web: tuple[Any, int], run: TaskRun, stack: Any, settings: Any
) -> None:
    settings.CELERY_TASKLOG_REDIS_URL = stack.env["CELERY_TASKLOG_REDIS_URL"]
    process, port = web
    worker, path = worker_of(process), reverse("dashboard:run_stream", args=[run.pk])
    first = list(opened(port, path, cookie_of("stuck"), 1))
    _, files = settled(worker)
    for number in range(1, 101):
        line = Line(number, number, "stdout", 0, "", "x" * 100_000, 1, 0, number)
        publish_lines(run.pk, [line])
        time.sleep(0.02)
    wait_for(lambda: held(worker)[1] < files, 60)
    first[0].close()
