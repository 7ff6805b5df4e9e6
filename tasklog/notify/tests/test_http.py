"""Addresses that lead into our own network are refused when it matters: at sending."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tasklog.notify import http
from tasklog.notify.tests.conftest import Receiver
from tasklog.notify.transport import TransportError

INSIDE = [
    "127.0.0.1", "127.1", "0.0.0.0", "0", "2130706433", "0x7f000001", "017700000001", "localhost",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "[::1]", "[::]", "[fe80::1]",
    "[fc00::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[ff02::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_no_address_of_ours_is_reached(host: str, receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(TransportError) as raised:
        http.post(f"https://{host}:{port}/", data=b"{}")
    assert receiver.got == []
    assert "private network" in str(raised.value) or "No answer" in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://", "example.com",
     "https://user:word@example.com/", "https://@/", "javascript:alert(1)"],
)  # fmt: skip
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(TransportError) as raised:
        http.post(url, data=b"{}")
    assert raised.value.permanent


def test_a_name_that_changes_its_address_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked and connected to is one answer of the resolver: there is no second question."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *more, **options)
        asked.append(host)
        inside = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (inside, port))]

    connected: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", lambda self, at: connected.append(at) or _fail())
    with pytest.raises(TransportError):
        http.post("https://rebinding.example/", data=b"{}")
    assert asked == ["rebinding.example"]
    assert {at[0] for at in connected} == {"93.184.216.34"}


def _fail() -> None:
    raise ConnectionRefusedError


def test_a_redirect_into_our_network_is_not_followed(settings: Any, receiver: Receiver) -> None:
    settings.CELERY_TASKLOG_OUTBOUND_HOSTS = ["127.0.0.1"]
    receiver.will_answer(307, Location=f"{receiver.url}/inside")
    with pytest.raises(TransportError, match="redirect"):
        http.post(receiver.url, data=b"{}")
    assert [got.path for got in receiver.got] == ["/"]


def test_the_environments_proxies_are_not_asked(
    settings: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_TASKLOG_OUTBOUND_HOSTS = ["127.0.0.1"]
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert http.post(receiver.url, data=b"{}").status == 200


def test_of_a_long_answer_only_the_beginning_is_read(settings: Any, receiver: Receiver) -> None:
    settings.CELERY_TASKLOG_OUTBOUND_HOSTS = ["127.0.0.1"]
    receiver.will_answer(200, b"x" * 1_000_000)
    assert len(http.post(receiver.url, data=b"{}").body) == http.MOST_BYTES
