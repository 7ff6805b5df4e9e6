"""What belongs to one local instance: its folder, its lock, its address, its first user."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model

# How long a dying instance may hold the lock: its watchdog ends the rest within three seconds.
LOCK_PATIENCE_SECONDS = 5.0
# The next ports that are tried when the wanted one is taken.
PORTS_TO_TRY = 50


class Occupied(RuntimeError):
    """Another `up` runs in this folder, or no port is free."""


def lock(folder: Path) -> int:
    """Takes the folder's lock and returns its file descriptor.  Raises `Occupied`."""
    descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            owner = _owner(descriptor)
            if _lives(owner.get("pid", 0)) or time.monotonic() > deadline:
                raise Occupied(_already_running(folder, owner)) from None
            time.sleep(0.1)


def sign_lock(descriptor: int, url: str) -> None:
    """Says in the lock file who holds it, for whoever comes second."""
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)


def bind(host: str, port: int) -> socket.socket:
    """A socket on that port or the next free one (0: any).  Raises `Occupied`, `OSError`."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    for candidate in range(port, min(port + PORTS_TO_TRY, 65536)):
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, candidate))
            # Listening takes the port for good: a second bind would still succeed before it.
            server.listen(2048)
            return server
        except OSError as error:
            server.close()
            if error.errno not in (98, 48, 13):  # in use (Linux, macOS), not ours to take
                raise
    raise Occupied(f"Ports {port} to {port + PORTS_TO_TRY - 1} of {host} are all taken.")


def address(server: socket.socket) -> str:
    """The URL a browser on this machine uses."""
    host, port = server.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}/"


def first_user() -> tuple[Any, str]:
    """The administrator, created when missing; the second value is a password made just now."""
    users = get_user_model().objects
    name = os.environ.get("DJANGO_SUPERUSER_USERNAME") or "admin"
    if found := users.filter(username=name).first():
        return found, ""
    given = os.environ.get("DJANGO_SUPERUSER_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    email = os.environ.get("DJANGO_SUPERUSER_EMAIL", "")
    user = users.create_superuser(username=name, email=email, password=password)
    return user, "" if given else password


def _owner(descriptor: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(os.pread(descriptor, 1024, 0))
    except ValueError:
        found = {}
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def _already_running(folder: Path, owner: dict[str, Any]) -> str:
    return (
        f"Already running in {folder}: process {owner.get('pid', '?')} at {owner.get('url', '?')}. "
        "Stop it with Ctrl-C there, or give this one another folder with TASKLOG_VAR."
    )
