"""The envelope of a task: what was sent with it beside its arguments.  BOTH.

Numbers and names (a priority, a limit, which task is called back) are told as they are, for pages
to show.  Callbacks, the rest of a chain and the sender's own headers hold values, so they are
sealed as arguments are, or it is said why not.  What the task says of itself is not kept: a retry
takes it as it is then.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from celery.app.task import Context

from tasklog.capture import payload
from tasklog.conf import conf
from tasklog.states import Payload

# So many steps that are still to come are named.
NAMED = 20
# Longer texts are packed first: the steps of a chain are much alike.
PACK_ABOVE = 2_000
PACKED = "zlib:"
# Celery's own names in a message's headers, and ours.
_PROTOCOL = frozenset(vars(Context)) | {
    "lang", "task", "argsrepr", "kwargsrepr", "compression", "redelivered", "tasklog",
    "periodic_task_name",
}  # fmt: skip
# Of the broker, or of somebody who follows requests: a new run is no part of the old trace.
_FOREIGN = ("x-", "sentry-", "traceparent", "tracestate", "baggage", "uber-trace-id", "b3")

Get = Callable[[str], Any]
Facts = dict[str, Any]


def of_message(headers: Mapping[str, Any], body: Any, exchange: Any, task: Any) -> Facts:
    """Fields of a record, as the sender knows them; none for a plain message."""
    sent = headers.get("tasklog") or {}
    embed = body[2] if isinstance(body, (tuple, list)) and len(body) > 2 else {}
    return _told(
        {**headers, **embed, "headers": headers}.get, sent, exchange, sent.get("priority"), task
    )


def of_request(get: Get, sent: Mapping[str, Any], delivery: Mapping[str, Any], task: Any) -> Facts:
    """The same, as the worker got them; on Redis no priority is 0."""
    priority = sent.get("priority", delivery.get("priority") or None)
    return _told(get, sent, delivery.get("exchange"), priority, task)


def _is_bare(get: Get) -> bool:
    """Most messages are: they must not cost a start anything."""
    if get("chain") or get("callbacks") or get("errbacks") or get("expires") or get("chord"):
        return False
    headers = get("headers")
    return not (any(get("timelimit") or ()) or get("stamps") or (headers and len(headers) > 1))


def _told(get: Get, sent: Mapping[str, Any], exchange: Any, priority: Any, task: Any) -> Facts:
    """A message of another client may hold anything: nothing is told of what is no envelope."""
    try:
        if priority is None and not exchange and _is_bare(get):
            return {}
        return _facts(get, sent, exchange, priority, task)
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
        return {}


def _facts(get: Get, sent: Mapping[str, Any], exchange: Any, priority: Any, task: Any) -> Facts:
    hard, soft = get("timelimit") or (None, None)
    facts = _others(
        {"priority": priority, "hard": hard, "soft": soft, **_expiry(get("expires"), sent)}, task
    )
    if exchange:
        facts["exchange"] = str(exchange)
    if get("chain") or get("chord"):
        facts |= _to_come(get("chain") or (), get("chord"))
    parts = _parts(get)
    if not parts:
        return {"envelope": facts} if facts else {}
    facts |= {name: _named(name, part) for name, part in parts.items() if name != "chain"}
    kept, sealed = _sealed(parts)
    return {"envelope": facts | {"kept": kept}} | ({"sealed_envelope": sealed} if sealed else {})


def _others(facts: Facts, task: Any) -> Facts:
    """Without what is not there, and what the task says itself."""
    own = {
        "priority": getattr(task, "priority", None), "hard": getattr(task, "time_limit", None),
        "soft": getattr(task, "soft_time_limit", None), "after": getattr(task, "expires", None),
    }  # fmt: skip
    return {k: v for k, v in facts.items() if v is not None and v != own.get(k)}


def _expiry(expires: Any, sent: Mapping[str, Any]) -> Facts:
    """`after`: seconds from the sending.  `until`: a moment.

    A message has only the moment.  One to the very second was meant as a moment; `expires=60`
    has the microseconds of its sending.
    """
    if not expires:
        return {}
    moment = expires if isinstance(expires, datetime) else datetime.fromisoformat(str(expires))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    after = moment.timestamp() - sent["at"] if sent.get("at") else 0.0
    if not moment.microsecond or after <= 0:
        return {"until": moment.isoformat()}
    whole = round(after)
    return {"after": float(whole) if abs(after - whole) < 0.25 else round(after, 1)}


def _to_come(chain: Sequence[Any], chord: Any) -> Facts:
    """Ids and names of the steps that are still to come, the next one first."""
    steps = [step for part in reversed(chain) for step in steps_of(part)]
    tail = chord or (_options(chain[0]).get("chord") if chain else None)
    # The last one is what a caller waits for.
    named = steps[:NAMED] + steps[NAMED:][-1:]
    facts: Facts = {"then": named, "steps": len(steps)} if steps else {}
    return facts | ({"chord": steps_of(tail)[:NAMED]} if tail else {})


def steps_of(signature: Any) -> list[list[str]]:
    """`[id, name]` of what is sent for a signature, one after the other; a group is one step."""
    kwargs, kind = signature.get("kwargs") or {}, signature.get("subtask_type")
    if kind == "chain":
        return [step for part in kwargs.get("tasks") or () for step in steps_of(part)]
    if kind == "chord":
        return [_group(kwargs.get("header") or {}), *steps_of(kwargs.get("body") or {})]
    if kind == "group":
        return [_group(signature)]
    return [[_id(signature), str(signature.get("task") or "")]]


def _group(signature: Any) -> list[str]:
    tasks = (signature.get("kwargs") or {}).get("tasks") or ()
    names = {step[1] for one in tasks for step in steps_of(one)}
    name = f"{len(tasks)} × {names.pop()}" if len(names) == 1 else f"group of {len(tasks)}"
    return [_id(signature), name]


def _id(signature: Any) -> str:
    return str(_options(signature).get("task_id") or "")


def _options(signature: Any) -> Mapping[str, Any]:
    return (signature.get("options") or {}) if isinstance(signature, Mapping) else {}


def _parts(get: Get) -> dict[str, Any]:
    """What holds values."""
    stamps = get("stamped_headers") and {
        name: value for name, value in (get("stamps") or {}).items() if value is not None
    }
    found = {
        "link": list(get("callbacks") or ()), "link_error": list(get("errbacks") or ()),
        "chain": list(get("chain") or ()), "stamps": stamps, "headers": _own(get("headers")),
    }  # fmt: skip
    return {name: part for name, part in found.items() if part}


def _own(headers: Any) -> dict[str, Any]:
    """The headers that the sender made up."""
    return {
        name: value for name, value in (headers or {}).items()
        if name not in _PROTOCOL and not name.lower().startswith(_FOREIGN)
    }  # fmt: skip


def _named(name: str, part: Any) -> list[str]:
    if name in ("link", "link_error"):
        return [" → ".join(step for _, step in steps_of(one)) for one in part[:NAMED]]
    return sorted(map(str, part))[:NAMED]


def _sealed(parts: dict[str, Any]) -> tuple[str, str]:
    if conf().payload == "off":
        return str(Payload.OFF), ""
    return payload.seal(parts, _packed)


def _packed(text: str) -> str:
    if len(text) <= PACK_ABOVE:
        return text
    packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
    return PACKED + base64.b64encode(packed).decode()


def unpacked(text: str) -> str:
    """The text that was sealed.  Raises ValueError or zlib.error for another."""
    if not text.startswith(PACKED):
        return text
    packed = base64.b64decode(text.removeprefix(PACKED))
    return zlib.decompress(packed).decode("utf-8", "surrogatepass")
