"""One attempt while it runs: takes text, makes numbered records of it.  WORKER.

Order: a record's number and its write happen under one lock with no call between them, so the
file's order is the numbers' order, whatever thread, signal or nested task comes in between.
"""

from __future__ import annotations

import os
import secrets
import time
from _thread import get_ident
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tasklog.capture import redact
from tasklog.capture.scan import suspicious
from tasklog.capture.sink import Sink
from tasklog.capture.splitter import Partial
from tasklog.conf import conf
from tasklog.line import STDERR, STDOUT, SYSTEM
from tasklog.spool import record
from tasklog.spool.record import (
    CODES,
    encode_event,
    encode_line,
    encode_parts,
    event_head,
    fields,
    line_prefix,
)

if TYPE_CHECKING:
    from tasklog.capture.recorder import Recorder

# Unfinished lines are shown live at most so often (microseconds), and this much of them.
TAIL_EVERY = 200_000
TAIL_CHARS = 2_000
# Most lines are shorter by far: longer ones take the careful way.
SHORT = 4_096

# Every 64th line is timed.
TIME_EVERY = 63

# The streams' letters in the spool.
_OUT, _ERR = CODES[STDOUT], CODES[STDERR]
CODE_OF = {"stdout": _OUT, "stderr": _ERR}
# In the place of a line's prefix before there was a line.
UNSAID = (b"", 0)

_os_write = os.write
_clock = time.perf_counter_ns
_now = time.time_ns


class Attempt:
    """Where the output of one attempt goes.  Safe to use from its threads and after its end."""

    # What most attempts never change stands here: setting it on each takes longer.
    # Whose output it was before, and who had this task id before: nested tasks give both back.
    outer: Attempt | None = None
    shadowed: Attempt | None = None
    # On whose behalf it runs; passed on to the tasks it sends.
    about: Mapping[str, str] = MappingProxyType({})
    seq = 0
    at = 0
    dropped = 0
    closed = False
    told: BaseException | None = None
    state = ""
    report_at = 0.0
    unreported: dict[str, Any] | None = None
    # Records below their loggers' levels were made for it: lines of a raised run, or waiting.
    below = raised = False
    recorder: Recorder | None = None
    # The time that was measured for how many lines (nanoseconds).
    _spent = 0
    _timed = 0
    _tail_at = 0
    _gap: tuple[int, float] | None = None
    # Made by the first line: most tasks of a busy queue say nothing.
    _prefix = UNSAID
    _mask: redact.Masker

    def __init__(
        self, task_id: str, name: str, sink: Sink, *, hexed: str | None = None, origin: int = 0
    ) -> None:
        self.task_id = task_id
        self.name = name
        self.sink = sink
        self.hex = os.urandom(16).hex() if hexed is None else hexed
        self.origin = origin
        self.pid = os.getpid()
        self._limit = conf().max_line_bytes
        self._short = min(SHORT, self._limit // 4)
        # Unfinished lines: of each stream, by thread.
        self._pending: dict[str, dict[int, str | Partial]] = {_OUT: {}, _ERR: {}}
        self._head = event_head(task_id, self.hex)

    @property
    def forked(self) -> bool:
        """True in a child that the task has forked."""
        return self.origin != 0 and self.pid == 0

    def write(self, code: str, text: str) -> None:
        """Text of a stream, in any pieces.  `code` is the stream's letter in the spool."""
        pending, thread = self._pending[code], get_ident()
        held = pending.get(thread)
        if held is None:
            if len(text) < self._short and "\r" not in text:
                end = text.find("\n")
                if end == len(text) - 1 >= 0:
                    self.emit(code, 0, "", text[:-1])
                    return
                if end < 0:
                    if text:
                        pending[thread] = text
                    return
        elif text == "\n" and held.__class__ is str:
            # `print` writes its text and then its end.
            del pending[thread]
            seq = self.seq
            try:
                if seq & TIME_EVERY:
                    self._emit(code, 0, "", held)
                else:
                    self.emit(code, 0, "", held)
            except BaseException:
                if self.seq == seq:  # a time limit came in between: not written yet
                    pending[thread] = held
                raise
            return
        self._write_slowly(code, text)

    def _write_slowly(self, code: str, text: str) -> None:
        pending, thread = self._pending[code], get_ident()
        held = pending.get(thread)
        if not isinstance(held, Partial):
            before, held = held, Partial(self._limit)
            for line in held.feed(before or ""):
                self.emit(code, 0, "", line)
            pending[thread] = held
        for line in held.feed(text):
            self.emit(code, 0, "", line)
        if not held:
            pending.pop(thread, None)
        elif _now() // 1000 >= self._tail_at:
            self.flushed(code)

    def flushed(self, code: str) -> None:
        """The task flushed the stream: its unfinished line is shown to those who watch."""
        held = self._pending[code].get(get_ident())
        now = _now() // 1000
        if held is None or now < self._tail_at:
            return
        self._tail_at = now + TAIL_EVERY
        text = (held if isinstance(held, str) else held.text)[-TAIL_CHARS:]
        self.event(record.TAIL, {"stream": record.STREAM_OF[code], "text": redact.mask(text)})

    def emit(self, code: str, level: int, logger: str, text: str) -> None:
        """One whole line; of some the time is taken, the receipt says it for all."""
        if self.seq & TIME_EVERY:
            self._emit(code, level, logger, text)
            return
        started = _clock()
        if self._prefix is UNSAID:
            self._begin()
        self._emit(code, level, logger, text)
        self._spent += _clock() - started
        self._timed += 1

    def _begin(self) -> None:
        """What lines need.  The number 0 is timed, so the first line comes by here."""
        with self.sink.lock:
            if self._prefix is UNSAID:
                self._mask = redact.Masker()
                self._prefix = line_prefix(self.task_id, self.hex, self.origin)

    def _emit(self, code: str, level: int, logger: str, text: str) -> None:
        if self._mask.watchful or suspicious(text):
            text = self._mask(code, text)
        sink = self.sink
        with sink.lock:
            easy = (sink.room >= self._limit or sink.prepare(self._limit)) and self._gap is None
            while True:
                seq = self.seq + 1
                self.at = at = _now() // 1000
                data = encode_line(self._prefix, seq, at, code, level, logger, text)
                # A signal handler may have written a line meanwhile.  No call from here on.
                if self.seq < seq:
                    break
            if not easy:
                self._emit_slowly(seq, data)
                return
            size = len(data)
            self.seq = seq
            try:
                if _os_write(sink.fd, data) == size:
                    sink.room -= size
                    return
            except OSError:
                pass
            sink.failed()
            self._drop()

    def _emit_slowly(self, seq: int, data: bytes) -> None:
        self.seq = seq
        try:
            told = self._gap is None or self._tell_gap()
            kept = told and self.sink.append(data, line=True)
        except BaseException:
            if self.seq == seq:  # a time limit struck before it was written: nobody has it
                self.seq = seq - 1
            raise
        if not kept:
            self._drop()

    def _drop(self) -> None:
        self.dropped += 1
        count, since = self._gap or (0, time.time())
        self._gap = (count + 1, since)

    def _tell_gap(self) -> bool:
        """Writes how many lines were dropped, once there is room again."""
        if self._gap is None:
            return True
        count, since = self._gap
        data = {"count": count, "since": since, "until": time.time(), "reason": "no room"}
        data = {"task_id": self.task_id, "attempt": self.hex, **data}
        if self.sink.append(encode_event(record.DROPPED, data), line=True):
            self._gap = None
        return self._gap is None

    def lines(self, code: str, level: int, logger: str, text: str) -> None:
        """Whole lines at once: of a log record, of a traceback."""
        if "\n" not in text and len(text) < self._short:
            self.emit(code, level, logger, text)
            return
        for line in self.split(text):
            self.emit(code, level, logger, line)

    def split(self, text: str) -> Iterator[str]:
        """The lines of a text that is whole, each within the limit."""
        partial = Partial(self._limit)
        for line in text.rstrip("\n").split("\n"):
            for _ in partial.feed(line.rstrip("\r").replace("\r", "␍")):
                pass
            yield partial.take()

    def say(self, level: int, text: str) -> None:
        """A line of the system's own."""
        self.lines(CODES[SYSTEM], level, "", text)

    def error(self, text: str) -> None:
        """A traceback, after everything that was said before it."""
        self.finish_lines()
        if self.recorder is not None:
            self.recorder.write(self)
        self.lines(CODES[STDERR], 40, "", text)

    def event(self, kind: str, data: dict[str, Any], known: str = "") -> None:
        """A record of another kind, of this attempt; `known` fields have been encoded before."""
        self.sink.append(encode_parts(kind, self._head, _now() // 1000, known, fields(data)))

    def finish_lines(self) -> None:
        """What has no end yet ends now."""
        for code, pending in self._pending.items():
            for thread in list(pending) if pending else ():
                held = pending.pop(thread, None)
                if held:
                    self.emit(code, 0, "", held.take() if isinstance(held, Partial) else held)

    def close(self, data: dict[str, Any], known: str = "") -> None:
        """The attempt's end; the first one counts."""
        if self.closed or self.forked:
            return
        self.closed = True
        try:
            self.finish_lines()
            if self._gap is not None:
                self._tell_gap()
            if self.unreported is not None:
                self.event(record.PROGRESS, self.unreported)
        finally:
            self.event(record.END, data, known + self._counts())

    def _counts(self) -> str:
        """The receipt's numbers, as fields."""
        counts = f',"emitted":{self.seq},"dropped":{self.dropped}'
        if self._timed:
            counts += f',"capture_us":{self._spent * self.seq // self._timed // 1000}'
        return counts

    def move_to_child(self, sink: Sink) -> None:
        """In a child that the task forked: a file and numbers of its own."""
        self.sink, self.pid, self.seq = sink, 0, 0
        self.origin = secrets.randbelow(2**31 - 1) + 1
        if self._prefix is not UNSAID:
            self._prefix = line_prefix(self.task_id, self.hex, self.origin)
        for pending in self._pending.values():
            pending.clear()
        self._gap = None
