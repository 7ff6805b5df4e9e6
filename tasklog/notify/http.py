"""Requests to addresses that people typed in: never into our own network.  WORKER.

The name is resolved once, every private, loopback, link-local or otherwise internal address is
refused, and the connection goes to the address that was checked, so a name that changes its
address in between gains nothing.  No redirect is followed, no proxy of the environment asked, at
most 64 KiB of the answer are read, within 5 seconds, and none of them shown.  Hosts in
CELERY_TASKLOG_OUTBOUND_HOSTS are trusted: they may be internal and speak plain http.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from tasklog.conf import conf
from tasklog.notify.transport import TransportError

SECONDS = 5.0
MOST_BYTES = 64 * 1024
AGENT = "TaskLog"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: for the channel's own eyes."""

    status: int
    body: bytes
    retry_after: float | None = None

    def json(self) -> dict[str, Any]:
        """The body as an object; empty for anything else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def check_address(url: str) -> str:
    """The address, if it is of a form we send to.  Raises ValueError with what is allowed."""
    parts = urlsplit(url.strip())
    trusted = parts.hostname in conf().outbound_hosts
    if parts.scheme != "https" and not (trusted and parts.scheme == "http"):
        raise ValueError("Give an address that begins with https://.")
    if not parts.hostname or parts.username or parts.password:
        raise ValueError("Give an address with a host and without a user name or password.")
    return parts.geturl()


def post(
    url: str,
    *,
    data: bytes | dict[str, str],
    headers: dict[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> Answer:
    """Sends it.  Raises `TransportError` for everything but a 2xx."""
    answer = _ask("POST", url, MOST_BYTES, data=data, headers=headers, auth=auth)
    if 200 <= answer.status < 300:
        return answer
    raise refused(answer)


def get(url: str, *, headers: dict[str, str] | None = None, most: int = MOST_BYTES) -> Answer:
    """Fetches at most `most` bytes, whatever its status.  Raises `TransportError` without one."""
    return _ask("GET", url, most, headers=headers)


def _ask(method: str, url: str, most: int, **more: Any) -> Answer:
    try:
        url = check_address(url)
    except ValueError as error:
        raise TransportError(str(error), permanent=True) from error
    until = time.monotonic() + SECONDS
    with _session(urlsplit(url).hostname or "") as session:
        try:
            with session.request(
                method, url, stream=True, allow_redirects=False, **more
            ) as response:
                wait = _seconds(response.headers.get("Retry-After", ""))
                return Answer(response.status_code, _read(response, until, most), wait)
        except InvalidIPAddress as error:
            raise TransportError(
                "The address leads into a private network.", permanent=True
            ) from error
        except requests.RequestException as error:
            raise TransportError(f"No answer: {type(error).__name__}.") from error


def _session(host: str) -> requests.Session:
    trusted = host in conf().outbound_hosts
    session: requests.Session = HTTPSession(
        Config(
            ip_filter_enable=not trusted,
            ip_filter_allow_loopback_ips=trusted,
            never_redirect=True,
            default_timeout=(SECONDS, SECONDS),
            user_agent_override=AGENT,
        )
    )
    session.trust_env = False  # no proxy, no .netrc
    return session


def _read(response: requests.Response, until: float, most: int) -> bytes:
    """The beginning of the answer; one that drips is let go."""
    body = bytearray()
    for piece in response.iter_content(8192):
        body += piece
        if len(body) >= most or time.monotonic() > until:
            break
    return bytes(body[:most])


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds, at most an hour; its other form, a date, is not understood."""
    return min(float(text), 3600.0) if text.isdecimal() else None


def refused(answer: Answer) -> TransportError:
    """Too many, and faults of theirs, pass; what they call our fault stays one."""
    passing = answer.status in (408, 425, 429) or answer.status >= 500
    if 300 <= answer.status < 400:
        told = f"It answered {answer.status}, a redirect, which is not followed."
    else:
        told = f"It answered {answer.status}."
    return TransportError(told, permanent=not passing, retry_after=answer.retry_after)
