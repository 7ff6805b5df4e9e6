"""What a worker is set to, without its secrets.  WEB."""

from __future__ import annotations

from typing import Any

from tasklog.capture.redact import mask
from tasklog.control.answers import Answer

LONGEST = 300
# Names of Celery's settings that hold a secret or an address whatever their value looks like.
SECRET = (
    "broker_url",
    "broker_read_url",
    "broker_write_url",
    "result_backend",
    "database",
    "key",
    "password",
)


def configuration_of(answer: Answer) -> dict[str, str]:
    """Celery's settings that somebody set, by name; what looks like a secret is masked."""
    found = {str(name): value for name, value in answer.conf.items()}
    return {name: _masked(name, found[name]) for name in sorted(found) if name.islower()}


def _masked(name: str, value: Any) -> str:
    if any(word in name for word in SECRET):
        return "••••••"
    text = str(value)[: LONGEST * 4]
    masked = mask(f"{name}={text}").partition("=")[2]
    return masked if len(masked) <= LONGEST else masked[:LONGEST] + "…"
