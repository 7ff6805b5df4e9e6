"""Asks workers by Celery's remote control: everybody at once, within one second in all.  WEB, HOST.

Celery's own `inspect` asks one question after the other and waits for each; here all questions go
out together and answers are taken until everybody who is expected has answered or time is up.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import current_app, uuid
from kombu import Consumer, Producer

from tasklog.control.link import link

# Who has not answered by then is told as not answering (seconds).
SECONDS = 1.0

Questions = Mapping[str, Mapping[str, Any]]
# What each worker answered to each question.
Replies = dict[str, dict[str, Any]]


def ask(
    questions: Questions,
    expected: Collection[str] = (),
    *,
    only: bool = False,
    seconds: float = SECONDS,
) -> Replies:
    """The answers that came within `seconds`, by worker and question.

    `expected`: once these have answered everything there is no need to wait on.  `only`: nobody
    else is asked.  A worker that is frozen gets the question when it wakes; one that is started
    again under the same name does not, because its mailbox went with the process before it.
    Raises `BrokerAway`.
    """
    with link() as connection:
        asking = _Asking(connection, questions)
        deadline = time.monotonic() + seconds
        with asking.listening():
            asking.send(list(expected) if only else None)
            while not asking.complete(expected):
                left = deadline - time.monotonic()
                if left <= 0 or not _drained(connection, left):
                    break
        return {name: said for name, said in asking.replies.items() if said}


class _Asking:
    """One round of questions over one connection."""

    def __init__(self, connection: Any, questions: Questions) -> None:
        self.replies: Replies = defaultdict(dict)
        self._questions = questions
        self._tickets = {uuid(): question for question in questions}
        control: Any = current_app.control
        self._box = control.mailbox(connection)
        self._channel = connection.default_channel

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes answers from a reply queue of our own, which is gone afterwards."""
        queue = self._box.reply_queue(self._channel)
        try:
            with Consumer(
                self._channel, [queue], callbacks=[self._take], accept=["json"], no_ack=True
            ):
                yield
        finally:
            self._channel.after_reply_message_received(queue.name)

    def send(self, only: list[str] | None) -> None:
        """As kombu's mailbox does; in order, and each worker answers in that order."""
        producer = Producer(self._channel, auto_declare=False)
        for ticket, question in self._tickets.items():
            self._box._publish(
                question,
                dict(self._questions[question]),
                destination=only,
                reply_ticket=ticket,
                channel=self._channel,
                timeout=SECONDS,
                producer=producer,
            )

    def complete(self, expected: Collection[str]) -> bool:
        return bool(expected) and all(
            len(self.replies[name]) == len(self._questions) for name in expected
        )

    def _take(self, body: Any, message: Any) -> None:
        question = self._tickets.get(message.headers.get("ticket", ""))
        if question and isinstance(body, dict):
            for name, answer in body.items():
                self.replies[str(name)][question] = answer


def _drained(connection: Any, left: float) -> bool:
    try:
        connection.drain_events(timeout=left)
    except TimeoutError:
        return False
    return True
