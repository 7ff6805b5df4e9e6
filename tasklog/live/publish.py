"""Tells the web processes what was just stored.  HOST (the drainer, after its commit).

Nothing here ever raises or waits longer than a second: the rows are stored already, and a page
that missed a message reads them.  Redis keeps nothing: a message without a listener is gone, so
live lines can never fill the broker.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import redis

from tasklog.conf import conf
from tasklog.line import Line
from tasklog.live.topics import client_url, options, run_topic, runs_topic

logger = logging.getLogger(__name__)

# One message holds at most this many characters of text (a longer line travels alone).
MESSAGE_CHARS = 128 * 1024
# From this many lines and moves on it pays to ask first whether anybody listens (one round trip
# of 50 µs against 3 µs a line to write them down).
ASK_FROM = 25
# After so many failures in a row Redis is left alone, and tried again every so many seconds.
FAILURES = 3
RETRY_SECONDS = 5.0
# TypeError: an option in the URL that the client does not know.
_AWAY = (redis.RedisError, OSError, ValueError, TypeError)


def watched(task_ids: Collection[str], worth: int) -> Collection[str]:
    """Those of the runs that anybody listens to; all of them where asking does not pay.

    `worth`: how many lines and moves there are to tell.  Asking is safe: who subscribes after the
    answer reads the database after its commit.
    """
    url = conf().redis_url
    if not url or not _breaker.closed():
        return ()
    if worth < ASK_FROM:
        return task_ids
    try:
        topics = [runs_topic(url), *(run_topic(url, task_id) for task_id in task_ids)]
        (_, everyone), *each = _client(url).pubsub_numsub(*topics)
    except _AWAY as error:
        _breaker.failed(error)
        return ()
    _breaker.worked()
    listeners = zip(task_ids, each, strict=True)
    return task_ids if everyone else {task_id for task_id, (_, count) in listeners if count}


def publish_lines(task_id: str, lines: Sequence[Line]) -> None:
    """Tells of stored lines of one run, in their order."""
    url = conf().redis_url
    if not url or not lines or not _breaker.closed():
        return
    topic = run_topic(url, task_id)
    _send(url, [(topic, message("lines", part)) for part in parts_of(lines)])


def publish_event(task_id: str, kind: str, data: dict[str, Any]) -> None:
    """Tells that a run moved: kind `state`, `progress`, `tail` or `end`.

    `state` and `end` also go to the list-wide topic.
    """
    url = conf().redis_url
    if not url or not _breaker.closed():
        return
    told = [(run_topic(url, task_id), message(kind, data))]
    if kind in ("state", "end"):
        told.append((runs_topic(url), message(kind, {"task_id": task_id, **data})))
    _send(url, told)


@contextmanager
def gathered() -> Iterator[None]:
    """Everything published inside goes out in one round trip at the end of the block."""
    waiting: list[tuple[str, str]] = []
    _gathering.waiting = waiting
    try:
        yield
    finally:
        _gathering.waiting = None
        if waiting:
            _send(conf().redis_url, waiting)


def message(kind: str, data: Any) -> str:
    """One message as it travels."""
    return json.dumps({"kind": kind, "data": data}, separators=(",", ":"), default=str)


def parts_of(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines in parts of at most MESSAGE_CHARS, at least one line each."""
    part: list[Line] = []
    size = 0
    for line in lines:
        if part and size + len(line.message) > MESSAGE_CHARS:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.message) + 64
    if part:
        yield part


class Breaker:
    """Keeps a dead Redis from costing the drainer a timeout per batch."""

    def __init__(self) -> None:
        self.failures = 0
        self.tried_at = 0.0

    def closed(self) -> bool:
        """Whether to try now."""
        if self.failures < FAILURES:
            return True
        return time.monotonic() - self.tried_at >= RETRY_SECONDS

    def failed(self, error: Exception) -> None:
        self.failures += 1
        self.tried_at = time.monotonic()
        if self.failures == FAILURES:
            logger.warning("live channel away, pages poll the database: %s", error)

    def worked(self) -> None:
        if self.failures >= FAILURES:
            logger.info("live channel is back")
        self.failures = 0


_breaker = Breaker()
_gathering = threading.local()


def _send(url: str, messages: list[tuple[str, str]]) -> None:
    waiting = getattr(_gathering, "waiting", None)
    if waiting is not None:
        waiting.extend(messages)
        return
    try:
        pipe = _client(url).pipeline(transaction=False)
        for topic, text in messages:
            pipe.publish(topic, text)
        pipe.execute()
    except _AWAY as error:
        _breaker.failed(error)
    else:
        _breaker.worked()


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(client_url(url), **options())
