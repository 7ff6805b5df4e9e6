"""Where the embedded broker listens, for whoever wants to talk to it; read by the settings."""

from __future__ import annotations

import os
import socket
from pathlib import Path

NAME = "broker.sock"
# A unix socket's path has a fixed place in the kernel's struct: 108 bytes with its NUL.
PATH_LIMIT = 107


def celery_url(path: str | Path) -> str:
    """As Celery's broker setting wants it."""
    return f"redis+socket://{path}?virtual_host=0"


def client_url(path: str | Path) -> str:
    """As redis-py wants it."""
    return f"unix://{path}"


def running_socket(folder: Path) -> str:
    """The socket of the broker that runs in `folder`; empty where none answers."""
    path = folder.resolve() / NAME
    if len(os.fsencode(path)) > PATH_LIMIT or not path.exists():
        return ""
    with socket.socket(socket.AF_UNIX) as knock:
        try:
            knock.connect(str(path))
        except OSError:
            return ""  # left behind by one that was killed
    return str(path)
