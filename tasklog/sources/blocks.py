"""Cuts a stream of bytes into blocks of whole lines, in constant memory.  WORKER.

A block ends after a line, so its `end` is a place to go on from.  A line that is longer than the
most is kept up to there and says how long it was; its rest is counted, never held.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from tasklog.capture.splitter import cut

CHUNK = 512 * 1024
LINES = 5_000
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Block(NamedTuple):
    """Whole lines, and where in the stream they end (bytes)."""

    end: int
    lines: list[str]


def blocks(stream: Readable, most: int, end: int = 0) -> Iterator[Block]:
    """The blocks of a stream that stands at `end`; `most` bytes of a line are kept."""
    held, over = b"", 0
    while chunk := stream.read(CHUNK):
        pieces = chunk.split(b"\n")
        if len(pieces) == 1:
            held, over = _hold(held, over, chunk, most)
            continue
        first = _whole(held, over, pieces[0], most)
        end += len(held) + over + len(pieces[0]) + 1
        yield from _cut([first], pieces[1:-1], end, most)
        end += sum(map(len, pieces[1:-1])) + len(pieces) - 2
        held, over = _hold(b"", 0, pieces[-1], most)
    if held or over:
        yield Block(end + len(held) + over, [_text(_whole(held, over, b"", most))])


def _cut(first: list[bytes], pieces: list[bytes], end: int, most: int) -> Iterator[Block]:
    """A chunk of nothing but line ends has half a million lines: several blocks."""
    parts = [first + pieces[: LINES - 1]]
    parts += [pieces[at : at + LINES] for at in range(LINES - 1, len(pieces), LINES)]
    for number, part in enumerate(parts):
        body = part if number else part[1:]
        end += sum(map(len, body)) + len(body)
        if max(map(len, body), default=0) > most:
            part = part[: len(part) - len(body)] + [_whole(b"", 0, one, most) for one in body]  # noqa: PLW2901
        yield Block(end, texts(part))


def _hold(held: bytes, over: int, piece: bytes, most: int) -> tuple[bytes, int]:
    """The beginning of an unfinished line, and how much of it is not held."""
    room = most + 1 - len(held)
    return held + piece[: max(room, 0)], over + len(piece) - min(len(piece), max(room, 0))


def _whole(held: bytes, over: int, piece: bytes, most: int) -> bytes:
    size = len(held) + over + len(piece)
    if size <= most:
        return held + piece
    # Whatever its encoding; half a character at the cut would make the line another one's.
    kept = (held + piece)[:most].decode("utf-8", "surrogateescape")
    return cut(kept, size).encode("utf-8", "surrogateescape")


def texts(lines: list[bytes]) -> list[str]:
    """UTF-8, together where all of them are, else line by line: files are put together."""
    try:
        found = b"\n".join(lines).decode().split("\n")
    except UnicodeDecodeError:
        found = [_text(line) for line in lines]
    return [line[:-1] if line[-1:] == "\r" else line for line in found]


def _text(line: bytes) -> str:
    """UTF-8, else what Windows writes in the west, else every byte as it is."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding).removesuffix("\r")
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", "backslashreplace").removesuffix("\r")


class AsUtf8:
    """A stream without its byte order mark; UTF-16 becomes UTF-8."""

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.begun = False
        self.ahead = b""
        self.decoder: codecs.IncrementalDecoder | None = None

    def read(self, size: int, /) -> bytes:
        if not self.begun:
            self._begin()
        found, self.ahead = self.ahead or self.stream.read(size), b""
        if self.decoder is None:
            return found
        while True:
            text = self.decoder.decode(found, final=not found)
            if text or not found:
                return text.encode("utf-8", "backslashreplace")
            found = self.stream.read(size)

    def _begin(self) -> None:
        self.begun = True
        ahead = self.stream.read(3)
        if encoding := _UTF16.get(ahead[:2]):
            self.decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
            ahead = ahead[2:]
        self.ahead = ahead.removeprefix(codecs.BOM_UTF8)


def skip(stream: Readable, count: int) -> None:
    """Reads `count` bytes away.  Raises EOFError where there are fewer."""
    while count > 0:
        found = stream.read(min(count, CHUNK))
        if not found:
            raise EOFError
        count -= len(found)
