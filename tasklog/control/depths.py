"""What the broker says of its queues: how many wait, who consumes, what the newest are.  WEB, HOST.

Counted by a passive declaration, which Redis, Valkey and RabbitMQ all answer and which makes no
queue.  Redis keeps a list for each priority; all of them count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from celery import current_app
from kombu.exceptions import KombuError

from tasklog.control.link import link

# Names are read from so many of the newest messages.
SAMPLE = 200
# Codes of "there is no such queue": an empty one on Redis.
NOT_FOUND = 404


class Depth(NamedTuple):
    """Messages that wait; `consumers` only where the broker knows."""

    messages: int
    consumers: int | None = None


def depths(names: Iterable[str]) -> dict[str, Depth]:
    """Each queue's depth; one that does not exist is empty.  Raises `BrokerAway`."""
    with link() as connection:
        return {name: depth_of(connection, name) for name in names}


def depth_of(connection: Any, name: str) -> Depth:
    """Over a channel of its own: RabbitMQ closes it after asking for a queue that is not there."""
    channel = connection.channel()
    # The brokers that kombu plays itself cannot tell who consumes.
    knows = connection.transport.driver_type == "amqp"
    try:
        told = channel.queue_declare(queue=name, passive=True)
    except (KombuError, *connection.channel_errors) as error:
        if _code(error) != NOT_FOUND:
            raise
        return Depth(0, 0 if knows else None)
    else:
        return Depth(told.message_count, told.consumer_count if knows else None)
    finally:
        if channel.is_open if hasattr(channel, "is_open") else True:
            channel.close()


def _code(error: Exception) -> int:
    """Numbers on RabbitMQ, text on the brokers that kombu plays."""
    code: Any = getattr(error, "code", None) or getattr(error, "reply_code", None)
    if code is None and len(error.args) > 3:
        code = error.args[3]
    return int(code) if str(code).isdecimal() else 0


def newest_tasks(name: str) -> list[tuple[str, int]] | None:
    """Task names among the newest messages, the most frequent first; None where it cannot look.

    Only a Redis can be looked into without taking messages out.  Raises `BrokerAway`.
    """
    if not str(current_app.conf.broker_url or "").startswith(("redis", "rediss", "unix")):
        return None
    with link() as connection, connection.channel() as channel:
        found: Counter[str] = Counter()
        prefix = getattr(channel, "global_keyprefix", "")
        for priority in channel.priority_steps:
            key = prefix + channel._q_for_pri(name, priority)
            for text in channel.client.lrange(key, 0, SAMPLE - 1):
                found[_task_of(text)] += 1
        return found.most_common()


def _task_of(text: bytes | str) -> str:
    try:
        return str(json.loads(text)["headers"]["task"])[:255]
    except (ValueError, KeyError, TypeError):
        return "(no task)"
