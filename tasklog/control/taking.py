"""Takes messages out of a queue, part by part: what was taken is forgotten or given back.  WEB."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Protocol

# Messages and characters of a part; how many are taken first is a guess at their size.
PART, CHARS, FIRST = 500, 4 * 1024 * 1024, 20


class Message(NamedTuple):
    """What a message says of its task; `task_id` is empty where it is none of Celery's.

    `kept`: a process with TaskLog has published it, which tells the drainer of the run.
    """

    task_id: str
    name: str = ""
    kept: bool = False


class Taker(Protocol):
    """One queue of one broker."""

    def take(self) -> list[Message]: ...

    def forget(self) -> None: ...

    def give_back(self) -> None: ...


def taker_of(connection: Any, channel: Any, name: str) -> Taker:
    """The quickest way that the broker has."""
    redis = connection.transport.driver_type == "redis"
    return FromRedis(channel, name) if redis else OneByOne(channel, name)


class FromRedis:
    """Many at a time, from the lists that kombu keeps for the queue, one for each priority."""

    def __init__(self, channel: Any, name: str) -> None:
        self.client = channel.client
        self.lists = [channel._q_for_pri(name, priority) for priority in channel.priority_steps]
        self.part = FIRST
        self.held: list[bytes] = []

    def take(self) -> list[Message]:
        """The oldest ones of the first list that has any."""
        while self.lists:
            with self.client.pipeline(transaction=False) as pipe:
                for _ in range(self.part):
                    pipe.rpop(self.lists[0])
                self.held = [text for text in pipe.execute() if text is not None]
            if self.held:
                break
            del self.lists[0]
        chars = sum(map(len, self.held))
        self.part = max(1, min(PART, CHARS * len(self.held) // max(chars, 1)))
        return [_of_text(text) for text in self.held]

    def forget(self) -> None:
        self.held = []

    def give_back(self) -> None:
        if self.held:
            self.client.rpush(self.lists[0], *reversed(self.held))


class OneByOne:
    """As every broker can; nothing is gone until it is acknowledged."""

    def __init__(self, channel: Any, name: str) -> None:
        self.channel, self.name = channel, name
        self.tags: list[Any] = []

    def take(self) -> list[Message]:
        found, chars = list[Message](), 0
        while len(found) < PART and chars < CHARS:
            got = self.channel.basic_get(self.name, no_ack=False)
            if got is None:
                break
            told = self.channel.message_to_python(got)
            self.tags.append(told.delivery_tag)
            chars += len(told.body or "")
            found.append(_of_headers(told.headers))
        return found

    def forget(self) -> None:
        for tag in self.tags:
            self.channel.basic_ack(tag)
        self.tags = []

    def give_back(self) -> None:
        for tag in self.tags:
            self.channel.basic_reject(tag, requeue=True)
        self.tags = []


def _of_text(text: bytes) -> Message:
    try:
        return _of_headers(json.loads(text)["headers"])
    except (ValueError, KeyError, TypeError):
        return Message("")


def _of_headers(headers: Any) -> Message:
    """PostgreSQL knows no text with a NUL: such an id is nobody's."""
    told = headers if isinstance(headers, dict) else {}
    task_id, name = told.get("id"), told.get("task")
    if not isinstance(task_id, str) or "\0" in task_id or not 0 < len(task_id) <= 255:
        return Message("")
    known = name if isinstance(name, str) and "\0" not in name else ""
    return Message(task_id, known[:255], bool(told.get("tasklog")))
