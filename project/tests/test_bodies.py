"""A body that is too long is refused before it is read, by the page's own words."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.test import Client

from project.bodies import LATE, LimitedBodies, Pace
from tasklog.api.keys import create_key

LIMIT = 100_000


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.BODY_LIMIT = LIMIT


def test_a_long_body_is_refused_in_words_and_with_all_headers(db: None) -> None:
    response = Client().post("/login/", {"username": "x" * LIMIT})
    assert response.status_code == 413
    assert "At most 97.7\xa0KB can be sent here" in response.content.decode()
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Connection"] == "close"
    fragment = Client().post("/login/", {"u": "x" * LIMIT}, headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["Content-Type"]) == (413, "text/plain")


def test_what_takes_more_says_so_by_its_path(db: None, settings: Any) -> None:
    settings.LONGER_BODIES = {"/login/": 2 * LIMIT}
    assert Client().post("/login/", {"username": "x" * LIMIT}).status_code == 200
    assert Client().post("/login/", {"username": "x" * 2 * LIMIT}).status_code == 413


class Sender:
    """Someone who sends pieces of 10,000 bytes for ever, and waits for an answer."""

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        self.status, self.pieces = 0, 1_000_000
        self.scope = {
            "type": "http", "method": "POST", "path": "/login/", "query_string": b"",
            "headers": [(b"host", b"localhost"), *headers],
        }  # fmt: skip

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if not self.pieces:
            await asyncio.sleep(60)  # all is sent, an answer is waited for
        self.pieces -= 1
        more = self.pieces > 0
        return {"type": "http.request", "body": b"x" * 10_000, "more_body": more}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)


@pytest.mark.parametrize(
    "header", [(b"content-length", b"999999999999"), (b"transfer-encoding", b"chunked")]
)
def test_a_body_without_an_end_is_answered_all_the_same(
    db: None, header: tuple[bytes, bytes]
) -> None:
    sender = Sender(header)
    async_to_sync(LimitedBodies(ASGIHandler()))(sender.scope, sender.receive, sender.send)
    assert sender.status == 413


@pytest.mark.parametrize(
    ("scopes", "status"), [(None, 413), (["logs:read"], 413), (["uploads"], 201)]
)
@pytest.mark.django_db(transaction=True)
def test_only_who_may_upload_may_send_more(scopes: list[str] | None, status: int) -> None:
    """Of others no more is kept than anywhere."""
    header = (b"content-length", str(2 * LIMIT).encode())
    sender = Sender(header, *([_key(scopes)] if scopes else []))
    sender.scope["path"] = "/tasklog/api/v1/uploads/"
    sender.pieces = 2 * LIMIT // 10_000
    async_to_sync(LimitedBodies(ASGIHandler()))(sender.scope, sender.receive, sender.send)
    assert sender.status == status


def _key(scopes: list[str]) -> tuple[bytes, bytes]:
    return b"authorization", f"Api-Key {create_key('ci', scopes)[1]}".encode()


def test_a_moment_in_which_the_server_itself_was_busy_cuts_nobody() -> None:
    busy = [True]

    async def source() -> dict[str, Any]:
        if busy.pop():
            busy.append(False)
            time.sleep(2 * LATE)  # the whole loop stands still
            await asyncio.sleep(60)
        return {"type": "http.request", "body": b"x", "more_body": True}

    pace = Pace(source, LATE / 2)
    assert async_to_sync(pace.receive)()["body"] == b"x"


def test_bytes_of_one_window_do_not_count_for_the_next() -> None:
    pieces = [b"x" * 5000, b"y"]

    async def source() -> dict[str, Any]:
        if not pieces:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": True}

    async def all_of_it() -> None:
        pace = Pace(source, LATE)
        while True:
            await pace.receive()

    with pytest.raises(TimeoutError):
        async_to_sync(all_of_it)()
    assert not pieces
