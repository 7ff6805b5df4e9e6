"""Secrets that must never be read again, each in its own words: one for every way and every form.

Both the task that spills them and the test that looks for them make them here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

WAYS = (
    "stdout", "stderr", "pieces", "thread", "log", "log arguments", "log exception", "warning",
    "progress", "state", "bar", "section", "result", "exception", "argument", "keyword", "deep",
    "long line", "long argument", "long progress",
)  # fmt: skip


def token(way: str, form: str) -> str:
    """Twenty letters and figures found nowhere else."""
    return "cnry" + hashlib.sha256(f"{way}/{form}".encode()).hexdigest()[:16]


def _basic(secret: str) -> str:
    return base64.b64encode(f"robot:{secret}".encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "pair": lambda s: f"password={s}",
    "spaced": lambda s: f"DB_PASSWORD : {s}",
    "query": lambda s: f"GET /x?access_token={s}&page=2",
    "json": lambda s: f'{{"api_key": "{s}", "n": 1}}',
    "json in json": lambda s: f'{{\\"secret\\": \\"{s}\\"}}',
    "repr": lambda s: f"{{'client_secret': '{s}', 'n': 1}}",
    "bytes": lambda s: f"token=b'{s}'",
    "bearer": lambda s: f"Authorization: Bearer {s}",
    "bearer alone": lambda s: f"sent with bearer {s}",
    "basic": lambda s: f"Authorization: Basic {_basic(s)}",
    "cookie": lambda s: f"Cookie: a=1; sessionid={s}",
    "header": lambda s: f"X-Api-Key: {s}",
    "url": lambda s: f"postgres://shop:{s}@db:5432/shop",
    "url without user": lambda s: f"redis://:{s}@cache/0",
    "jwt": lambda s: f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.{s}",
    "aws": lambda s: f"AWS_SECRET_ACCESS_KEY={s}",
    "github": lambda s: f"cloned with ghp_{s}{'A' * 16}",
    "slack": lambda s: f"posted with xoxb-{s}",
    "capitals": lambda s: f"SIGNING_KEY={s}",
    "key block": lambda s: f"-----BEGIN RSA PRIVATE KEY-----\n{s}\n-----END RSA PRIVATE KEY-----",
}


def spilled(way: str) -> list[str]:
    """The texts a task spills in this way; a key of many lines only where lines are kept."""
    return [make(token(way, form)) for form, make in FORMS.items()]


def every_trace() -> dict[str, bytes]:
    """What to look for, by where it came from: each secret, and its basic coding."""
    traces = {}
    for way in WAYS:
        for form in FORMS:
            # Where a text is cut, half a secret is one too.
            secret = token(way, form)[: 12 if way.startswith("long") else None]
            traces[f"{way}, {form}"] = secret.encode()
            traces[f"{way}, {form}, base64"] = _basic(secret).encode()
    return traces
