"""A task's arguments, kept so that it can be sent again.  BOTH.

The masked JSON of a run is its payload already where masking changed nothing: then nothing more is
kept.  Anything else is sealed, or it is said why not; `tasklog.control.payload` reads it again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from kombu.utils.json import dumps

from tasklog import sealing
from tasklog.capture import shorten
from tasklog.conf import conf
from tasklog.states import Payload

# A longer payload is not kept (bytes of JSON): the run says so.
LONGEST = 64 * 1024
# What stands in the place of a value where nothing may be shown.
HIDDEN = "[encrypted]"
_EXACT = str(Payload.EXACT)


def told(args: Any, kwargs: Any) -> dict[str, str]:
    """What a record says of a call: its masked texts, and how the call itself is kept."""
    if not args and not kwargs:
        return {"args": "[]", "kwargs": "{}", "payload": _EXACT}
    mode = conf().payload
    if mode == "encrypted":
        return _hidden(args, kwargs) | _sealed(args, kwargs)
    # A tuple becomes a list on its way anyhow.
    first, exact = shorten.as_told(list(args) if args else [])
    second, same = shorten.as_told(kwargs or {})
    shown = {"args": first, "kwargs": second}
    if mode == "off":
        return shown | {"payload": str(Payload.OFF)}
    if not (exact and same):
        return shown | _sealed(args, kwargs)
    shown["payload"] = _EXACT
    return shown


def _hidden(args: Any, kwargs: Any) -> dict[str, str]:
    """How many arguments there are and how they are called, without a value."""
    return {
        "args": shorten.as_json([HIDDEN] * min(len(args or ()), shorten.ITEMS)),
        "kwargs": shorten.as_json(dict.fromkeys(list(kwargs or ())[: shorten.ITEMS], HIDDEN)),
    }


def _sealed(args: Any, kwargs: Any) -> dict[str, str]:
    kept, sealed = seal([list(args or ()), dict(kwargs or {})])
    return {"payload": kept, "sealed": sealed} if sealed else {"payload": kept}


def seal(value: Any, packed: Callable[[str], str] = str) -> tuple[str, str]:
    """How the value is kept (a word of `Payload`), and its sealed text where it is."""
    try:
        text = dumps(value) if _room(value, LONGEST) >= 0 else ""
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # nested too deeply; or a value's own `__json__` raises whatever it likes
        return str(Payload.NO_JSON), ""
    if not text or len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        return str(Payload.TOO_BIG), ""
    try:
        return str(Payload.SEALED), sealing.seal(packed(text))
    except ImportError:
        return str(Payload.NO_CRYPTOGRAPHY), ""


def _room(value: Any, left: int) -> int:
    """What is left of the bytes; stops at the first that are too many, so a call with a million
    numbers is not written out only to be thrown away.
    """
    if isinstance(value, (str, bytes)):
        return left - len(value)
    if isinstance(value, dict):
        value = [part for pair in islice(value.items(), left + 1) for part in pair]
    if not isinstance(value, (list, tuple)):
        return left - 1
    for item in value:
        left = _room(item, left - 1)
        if left < 0:
            break
    return left
