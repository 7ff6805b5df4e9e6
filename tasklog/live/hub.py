"""Brings the news of watched runs into this web process, once for all its viewers.  WEB.

One Redis connection carries the topics of all watched runs.  Pub/sub may lose a message, Redis
may be away or not be configured at all: so each watched run is also looked up in the database,
rarely while Redis works and twice a second while it does not.  Viewers never notice which.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

import redis.asyncio as redis

from tasklog.conf import conf
from tasklog.live.topics import TIMEOUT, client_url, options, run_topic
from tasklog.live.watch import Watch

logger = logging.getLogger(__name__)

# A Redis that went away is tried again after this (seconds).
RECONNECT_SECONDS = 1.0
# A connection that died without a word is noticed by asking (seconds).
PING_SECONDS = 10
_AWAY = (redis.RedisError, OSError, ValueError, TypeError, TimeoutError)


class Hub:
    """The watched runs of one event loop, and the connection that feeds them."""

    def __init__(self) -> None:
        self.url = conf().redis_url
        self.watches: dict[str, Watch] = {}
        self.closed = False
        self.away = not self.url
        self._pubsub: Any = None
        self._listening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watching(self, task_id: str) -> AsyncIterator[Watch]:
        """The run's watch, subscribed; it lasts as long as somebody is inside."""
        watch = self.watches.get(task_id) or self._open(task_id)
        watch.viewers += 1
        try:
            await self._subscribe(watch)
            await watch.placed()
            yield watch
        finally:
            watch.viewers -= 1
            if not watch.viewers:
                await self._drop(watch)

    def close(self) -> None:
        """Ends every stream of this loop now; browsers reconnect to whoever comes next."""
        self.closed = True
        for watch in self.watches.values():
            watch.close()
        if self._listening:
            self._listening.cancel()

    def _open(self, task_id: str) -> Watch:
        watch = self.watches[task_id] = Watch(task_id, run_topic(self.url, task_id))
        watch.open()
        watch.closed = self.closed  # who was still waiting for an answer leaves with the others
        if self.url and self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        return watch

    async def _drop(self, watch: Watch) -> None:
        watch.close()
        if self.watches.get(watch.task_id) is watch:
            del self.watches[watch.task_id]
        if not self.watches and self._listening:
            self._listening.cancel()
            self._listening = None
        elif self._pubsub is not None:
            with suppress(*_AWAY):
                await self._pubsub.unsubscribe(watch.topic)

    async def _subscribe(self, watch: Watch) -> None:
        """Waits for Redis to confirm, unless it is known to be away."""
        if self.away or watch.live:
            return
        if self._pubsub is not None and watch.viewers == 1:
            with suppress(*_AWAY):
                await self._pubsub.subscribe(watch.topic)
        await watch.settled(TIMEOUT)

    async def _listen(self) -> None:
        """Until cancelled: connect, hear, and start over when the connection is lost."""
        while True:
            try:
                await self._hear_one_connection()
            except _AWAY as error:
                self._lost(error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear_one_connection(self) -> None:
        client = redis.Redis.from_url(
            client_url(self.url), health_check_interval=PING_SECONDS, **options()
        )
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(*[watch.topic for watch in self.watches.values()])
                self._pubsub, self.away = pubsub, False
                while pubsub.subscribed:
                    self._hear(await pubsub.get_message(timeout=TIMEOUT))
        finally:
            self._pubsub = None
            await client.aclose()

    def _hear(self, message: dict[str, Any] | None) -> None:
        if message is None or message["type"] not in ("message", "subscribe"):
            return
        watch = self._watch_of(message["channel"].decode())
        if watch is None:
            return
        if message["type"] == "subscribe":
            watch.set_live(True)
        else:
            news = json.loads(message["data"])
            watch.hear(news["kind"], news["data"])

    def _watch_of(self, topic: str) -> Watch | None:
        return self.watches.get(topic.partition(":run:")[2])

    def _lost(self, error: Exception) -> None:
        if not self.away:
            logger.warning("live channel away, polling the database: %s", error)
        self.away = True
        for watch in self.watches.values():
            watch.set_live(False)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found


def shutdown() -> None:
    """Ends all streams of this process promptly.  Safe in a signal handler or another thread.

    For the web server's stop hook: it waits for open responses, and a stream never ends by itself.
    """
    for loop, found in list(_hubs.items()):
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(found.close)
