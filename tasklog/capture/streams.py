"""`sys.stdout` and `sys.stderr` for good: what a task writes is recorded, and shown as before.

WORKER.  The proxies stay where they are; whose output it is, the context says.  Swapping the
streams for each task instead mixes the tasks of a thread pool, and crashed CPython 3.13.0.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

from celery.utils.log import LoggingProxy

from tasklog.capture import guard
from tasklog.capture.attempt import CODE_OF, Attempt
from tasklog.capture.context import CURRENT

# The console is flushed at most so often (microseconds), and at the end of each attempt.
FLUSH_EVERY = 200_000

_current = CURRENT.get


class Proxy(io.TextIOBase):
    """Writes to the real stream and to the attempt in whose context it is called."""

    def __init__(self, real: TextIO, code: str) -> None:
        self.real = real
        self.code = code
        self._due = 0
        self._bytes: BytesProxy | None = None

    def write(self, text: str) -> int:
        attempt = _current()
        if attempt is None:
            return self.real.write(text)
        # The console's own faults, and below our mistakes: a time limit can be raised here.
        try:
            self.real.write(text)
            if attempt.at > self._due:
                self._due = attempt.at + FLUSH_EVERY
                self.real.flush()
        except (OSError, ValueError):
            pass
        try:
            attempt.write(self.code, text)
        except guard.MISTAKES as error:
            guard.note(error)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        attempt = _current()
        if attempt is not None:
            attempt.flushed(self.code)
            if attempt.forked and _is_leaving():
                attempt.finish_lines()
        with suppress(OSError, ValueError):
            self.real.flush()

    def close(self) -> None:
        """Stays open: it is everybody's."""

    def __del__(self) -> None:
        """Does not close the real stream."""

    def detach(self) -> Any:
        raise io.UnsupportedOperation("detach")

    def fileno(self) -> int:
        return self.real.fileno()

    def isatty(self) -> bool:
        return self.real.isatty()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self.real, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return getattr(self.real, "errors", None)

    @property
    def newlines(self) -> Any:  # type: ignore[override]
        return getattr(self.real, "newlines", None)

    @property
    def buffer(self) -> BytesProxy:
        """The same for bytes.  AttributeError where the real stream has none."""
        if self._bytes is None:
            self._bytes = BytesProxy(self, self.real.buffer)
        return self._bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class BytesProxy(io.BufferedIOBase):
    """`sys.stdout.buffer`: a character split over two writes is joined again."""

    def __init__(self, text: Proxy, real: Any) -> None:
        self._text = text
        self._real = real
        self._decoder: tuple[Attempt, codecs.IncrementalDecoder] | None = None

    def write(self, data: Any) -> int:
        attempt = _current()
        if attempt is None:
            written: int = self._real.write(data)
            return written
        with suppress(OSError, ValueError):
            self._text.real.flush()
            self._real.write(data)
        view = bytes(data)
        try:
            attempt.write(self._text.code, self._decoder_of(attempt).decode(view))
        except guard.MISTAKES as error:
            guard.note(error)
        return len(view)

    def _decoder_of(self, attempt: Attempt) -> codecs.IncrementalDecoder:
        known = self._decoder
        if known is None or known[0] is not attempt:
            known = self._decoder = (attempt, codecs.getincrementaldecoder("utf-8")("replace"))
        return known[1]

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._real.flush()

    def close(self) -> None:
        """Stays open."""

    def __del__(self) -> None:
        """Does not close the real stream."""

    def fileno(self) -> int:
        number: int = self._real.fileno()
        return number

    def isatty(self) -> bool:
        return bool(self._real.isatty())

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def ensure() -> None:
    """Puts the proxies where they are not.  Cheap: called at the start of every attempt.

    Celery puts its own redirect back in each prefork child; a test runner swaps the streams.
    """
    if type(sys.stdout) is not Proxy:
        sys.stdout = Proxy(_real(sys.stdout, sys.__stdout__), CODE_OF["stdout"])
    if type(sys.stderr) is not Proxy:
        sys.stderr = Proxy(_real(sys.stderr, sys.__stderr__), CODE_OF["stderr"])


def flush() -> None:
    """Shows on the console what was written so far."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Proxy):
            with suppress(OSError, ValueError):
                stream.real.flush()


def _real(stream: Any, original: Any) -> TextIO:
    if stream is None or isinstance(stream, LoggingProxy):
        stream = original
    if type(stream) is Proxy:
        stream = stream.real
    return stream if stream is not None else open(os.devnull, "w")  # noqa: PTH123


def _is_leaving() -> bool:
    """True when multiprocessing flushes the streams of a child that ends."""
    return sys._getframe(2).f_code.co_name == "_flush_std_streams"
