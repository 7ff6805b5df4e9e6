"""Tells the browsers and the other rooms what was committed.  Never raises."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from django.dispatch import Signal

from tasklog import signals
from tasklog.drain.book import Book, News
from tasklog.line import Line
from tasklog.live import publish as live

logger = logging.getLogger(__name__)

_SIGNALS: dict[str, Signal] = {
    "queued": signals.run_queued,
    "started": signals.run_started,
    "progressed": signals.run_progressed,
    "finished": signals.run_finished,
}
# `reached again`: the end was read before the start, and its signal has been sent.
_ENDS = ("finished", "reached again")


def publish(book: Book) -> None:
    """First the lines, then what happened: a run's end is heard after its last line."""
    _publish_live(book)
    if signals.lines_stored.has_listeners():
        for task_id, lines in _lines(book):
            _send(signals.lines_stored, task_id, lines=lines)
    for item in book.news:
        if item.kind in _SIGNALS:
            _send(_SIGNALS[item.kind], item.task_id, **item.data)


def _publish_live(book: Book) -> None:
    """Only what somebody watches: most runs end unseen, and telling costs more than asking."""
    worth = len(book.news) + sum(len(segment.records) for segment in book.segments)
    watched = live.watched(book.runs, worth)
    if not watched:
        return
    with live.gathered():
        for task_id, lines in _lines(book, watched):
            live.publish_lines(task_id, lines)
        _publish_moves(book, [item for item in book.news if item.task_id in watched])


def _lines(book: Book, of: Collection[str] | None = None) -> Iterator[tuple[str, list[Line]]]:
    for task_id, segments in groupby(book.segments, key=lambda segment: segment.task_id):
        if of is None or task_id in of:
            yield task_id, [line for segment in segments for line in segment.lines()]


def _publish_moves(book: Book, news: list[News]) -> None:
    """A run that moved more than once says where it is now, once."""
    ended: dict[str, bool] = {}
    for item in news:
        if item.kind == "tail":
            live.publish_event(item.task_id, "tail", item.data)
        elif item.kind == "progressed":
            live.publish_event(item.task_id, "progress", item.data)
        else:
            ended[item.task_id] = ended.get(item.task_id, False) or item.kind in _ENDS
    for task_id, over in ended.items():
        live.publish_event(task_id, "state", _state(book, task_id))
        if over:
            live.publish_event(task_id, "end", _state(book, task_id))


def _state(book: Book, task_id: str) -> dict[str, Any]:
    run = book.runs[task_id]
    return {"state": str(run.state), "cause": str(run.cause), "name": run.name}


def _send(signal: Signal, task_id: str, **data: Any) -> None:
    _report(signal.send_robust(sender=None, task_id=task_id, **data), task_id)


def tick() -> None:
    """A moment for what other rooms do regularly."""
    _report(signals.drainer_ticked.send_robust(sender=None), "the drainer's tick")


def _report(answers: list[tuple[Any, Any]], what: str) -> None:
    for receiver, answer in answers:
        if isinstance(answer, Exception):
            logger.error("%s failed on %s", receiver, what, exc_info=answer)
