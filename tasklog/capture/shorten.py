"""Arguments, results and exceptions as masked, short text.  WORKER."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from tasklog.capture import redact
from tasklog.capture.scan import MASKED, is_secret_name

MAX_CHARS = 2_000
MAX_TRACEBACK = 65_536
DEPTH = 20
# Of a long collection, this many items are looked at.
ITEMS = 200


def as_json(value: Any) -> str:
    """The value as JSON with its secrets masked, at most about `MAX_CHARS`."""
    if not value and isinstance(value, (tuple, list, dict)):
        return "{}" if isinstance(value, dict) else "[]"
    return as_told(value)[0]


def as_told(value: Any) -> tuple[str, bool]:
    """The same, and whether it is the value itself: plain JSON, nothing masked, nothing left out.

    The comparison is C's and costs a tenth of the masking.
    """
    masked = _masked(value, DEPTH)
    text = json.dumps(masked, default=_repr, ensure_ascii=False)
    return _short(text), len(text) <= MAX_CHARS and _same(masked, value)


def _same(masked: Any, value: Any) -> bool:
    """Equal; an array's own `==` answers with an array, which is no answer."""
    try:
        return bool(masked == value)
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        return False


def result(value: Any) -> str:
    """A task's result: empty for None, a string as it is, anything else as JSON."""
    if value is None:
        return ""
    return _short(redact.mask(value)) if isinstance(value, str) else as_json(value)


def exception(error: BaseException) -> str:
    """`ValueError: message`, masked."""
    text = _safe(str, error)
    name = type(error).__name__
    return _short(redact.mask(f"{name}: {text}" if text else name))


def traceback(text: str) -> str:
    """The traceback, masked; of a very long one the end, from the beginning of a line on."""
    if len(text) > MAX_TRACEBACK:
        text = text[-MAX_TRACEBACK - redact.LONGEST_SECRET :].partition("\n")[2] or text
    return redact.mask(text)[-MAX_TRACEBACK:]


def _masked(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redact.mask_cut(value, MAX_CHARS * 2)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return _masked_mapping(value, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(item, depth - 1) for _, item in zip(range(ITEMS), value, strict=False)]
    return redact.mask_cut(_repr(value), MAX_CHARS * 2)


def _masked_mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    masked = {}
    for _, (key, item) in zip(range(ITEMS), value.items(), strict=False):
        name = key if isinstance(key, str) else _repr(key)
        masked[name] = MASKED if is_secret_name(name) else _masked(item, depth - 1)
    return masked


def _repr(value: Any) -> str:
    return _safe(repr, value)[: MAX_CHARS * 2 + redact.LONGEST_SECRET]


def _safe(call: Any, value: Any) -> str:
    try:
        text: str = call(value)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        return f"<{type(value).__name__}: its text failed with {type(error).__name__}>"
    return text


def _short(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:MAX_CHARS]}… ({len(text):,} characters)"


def retry(reason: Any) -> str:
    """Why a task is retried, and when."""
    error = getattr(reason, "exc", None)
    why = exception(error) if error is not None else redact.mask(_safe(str, reason))
    when = getattr(reason, "when", None)
    if when is None:
        return f"Retry: {why}"
    if isinstance(when, (int, float)):
        return f"Retry in {when:g} s: {why}"
    return f"Retry at {when:%Y-%m-%d %H:%M:%S %Z}: {why}"
