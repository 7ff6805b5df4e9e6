"""Sending files to the real web server: slowly, in many parts, large."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conftest import Stack
from tasklog.api.keys import create_key
from tasklog.sources.models import Upload
from tasklog.tests.faults.servers import serve

API, PAGE = "/tasklog/api/uploads/", "/sources/upload/"
EDGE = "edge-of-a-part"
FORM = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
MB = 1024 * 1024


@pytest.fixture
def web(stack: Stack) -> str:
    """Host and port of a web process, warm, in which a body may trickle for two seconds."""
    found = urlsplit(serve(stack, BODY_SECONDS="2")).netloc
    assert post(found, API, b"line\n", {})[0] == 401
    return found


@pytest.fixture
def key(transactional_db: None) -> dict[str, str]:
    return {"Authorization": f"Api-Key {create_key('ci', ['uploads'])[1]}"}


@pytest.fixture
def session(transactional_db: None) -> dict[str, str]:
    """What the browser of somebody signed in sends along."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    client.get(PAGE)
    cookies = client.cookies
    sent = "; ".join(f"{name}={cookies[name].value}" for name in ("sessionid", "csrftoken"))
    return {"Cookie": sent, "X-CSRFToken": cookies["csrftoken"].value}


def post(web: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
    """The status and what was answered."""
    connection = http.client.HTTPConnection(web, timeout=60)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()
    return answer.status, told


def parts(count: int, name: str = "files", data: bytes = b"line\n") -> bytes:
    one = f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"; filename="a.log"\r\n\r\n'
    return (one.encode() + data + b"\r\n") * count + f"--{EDGE}--\r\n".encode()


def begun(web: str, headers: dict[str, str]) -> socket.socket:
    """A connection on which an upload was announced."""
    host, port = web.split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    head = {"Host": web, "Content-Type": "text/plain", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    connection.sendall(f"POST {API} HTTP/1.1\r\n{lines}\r\n".encode())
    return connection


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """The status and the rest, read until the server closes the connection."""
    connection.setblocking(True)
    told = b"".join(iter(lambda: connection.recv(65_536), b""))
    return int(told.split(b" ", 2)[1]), told


def drip(connection: socket.socket, piece: bytes, times: int) -> bool:
    """Sends a piece each tenth of a second; whether the server answered before the last."""
    connection.setblocking(False)
    for _ in range(times):
        connection.sendall(piece)
        time.sleep(0.1)
        try:
            connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            continue
        return True
    return False


def nothing_left(stack: Stack) -> bool:
    folder = Path(stack.env["TASKLOG_VAR"]) / "uploads"
    return not Upload.objects.exists() and not (folder.exists() and any(folder.iterdir()))


@pytest.mark.parametrize(
    ("header", "piece"),
    [({"Content-Length": "1000"}, b"x"), ({"Transfer-Encoding": "chunked"}, b"1\r\nx\r\n")],
    ids=["of a known length", "in chunks"],
)
def test_an_upload_of_a_byte_now_and_then_is_cut_and_leaves_nothing(
    header: dict[str, str], piece: bytes, stack: Stack, web: str, key: dict[str, str]
) -> None:
    with begun(web, {**key, **header}) as connection:
        assert drip(connection, piece, 100)
        status, told = answer_of(connection)
    assert (status, b"too_slow" in told) == (408, True), told
    assert b"nothing of it was taken" in told
    assert nothing_left(stack)


def test_an_upload_over_a_poor_network_arrives(web: str, key: dict[str, str]) -> None:
    line = b"x" * 2999 + b"\n"
    size = {"Content-Length": str(50 * len(line)), "Connection": "close"}
    with begun(web, {**key, **size}) as connection:
        assert not drip(connection, line, 49)
        connection.sendall(line)
        status, told = answer_of(connection)
    assert status == 201, told
    assert Upload.objects.get().size == 50 * len(line)


@pytest.mark.parametrize("count", [21, 200])
def test_more_files_than_one_form_may_hold_are_refused_with_their_number(
    count: int, stack: Stack, web: str, key: dict[str, str], session: dict[str, str]
) -> None:
    status, told = post(web, PAGE, parts(count), {**FORM, **session})
    wanted = {21: "at most 20 files; these are 21", 200: "At most 100 files can be sent"}[count]
    assert wanted in told
    assert status == {21: 200, 200: 400}[count]
    script = {**FORM, **session, "Accept": "application/json"}
    assert post(web, PAGE, parts(count), script)[0] == 400
    status, told = post(web, API, parts(count, "file"), {**FORM, **key})
    assert (status, json.loads(told)["code"]) == (400, "parse_error")
    assert "Send one file at a time" in told
    assert nothing_left(stack)


def peak(stack: Stack) -> float:
    """The most memory the web's one worker ever held, in MiB."""
    master = stack.processes[-1].pid
    child = Path(f"/proc/{master}/task/{master}/children").read_text().split()[0]
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def large(size: int) -> Iterator[bytes]:
    yield from [(b"x" * 1023 + b"\n") * 1024] * (size // MB)


@pytest.mark.parametrize("form", [False, True], ids=["as the body", "as a form"])
def test_a_hundred_megabytes_are_streamed_to_the_folder(
    form: bool, stack: Stack, web: str, key: dict[str, str]
) -> None:
    size = 99 * MB
    assert post(web, API, b"warm\n", key)[0] == 201
    before = peak(stack)
    head, _, tail = parts(1, "file", b"|").partition(b"|")
    body = [head, *large(size), tail] if form else [*large(size)]
    sent = {**key, **(FORM if form else {}), "Content-Length": str(sum(map(len, body)))}
    status, told = post(web, API, iter(body), sent)
    assert status == 201, told
    assert json.loads(told)["size"] == size
    assert peak(stack) - before < 64
