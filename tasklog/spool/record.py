r"""The wire form of one spool record: text, one record a line, self-contained.

    crc32 of the payload (8 hex digits) SPACE payload LF

A payload is `KIND TAB fields`.  A line's fields are tab-separated with the message last, all
other kinds carry one JSON object.  No payload contains LF, so a reader that meets a damaged
record goes on at the next LF.
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from tasklog.line import LOG, STDERR, STDOUT, SYSTEM

# Lines and everything else.  The letters are on disk: never reuse one for another meaning.
LINE = "L"  # one line of output
QUEUED = "Q"  # a task was published
START = "S"  # an attempt began
END = "E"  # the attempt's own process says it ended
CLOSE = "C"  # somebody else says a run ended: its process is dead, or it never began
PROGRESS = "P"  # progress and its message moved
TAIL = "T"  # an unfinished line or progress bar: shown live, never stored
HEARTBEAT = "H"  # a worker is alive
GOODBYE = "B"  # a worker stopped on purpose
DROPPED = "D"  # lines that were dropped here, counted
KINDS = frozenset("LQSECPTHBD")

_quoted = json.encoder.encode_basestring_ascii


def _encoder() -> Callable[[Any], str]:
    """`json.dumps(…, default=str)`, which makes two encoders for every text: half its price."""
    plain = json.JSONEncoder(default=str, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the C part
        return plain.encode
    quick = make(None, str, _quoted, None, ":", ",", False, False, True)
    return lambda data: "".join(quick(data, 0))


_to_json = _encoder()

CODES = {STDOUT: "o", STDERR: "e", LOG: "l", SYSTEM: "s"}
STREAM_OF = {code: stream for stream, code in CODES.items()}


class LineRecord(NamedTuple):
    """A line as it stands in the spool; `at` in microseconds since 1970 UTC."""

    task_id: str
    attempt: str
    origin: int
    seq: int
    at: int
    stream: str
    level: int
    logger: str
    message: str


class EventRecord(NamedTuple):
    """Any other record: its kind and its JSON object."""

    kind: str
    data: dict[str, Any]


class Damaged(ValueError):
    """The bytes are no record: torn, flipped, or of an unknown kind."""


def seal(payload: bytes) -> bytes:
    """The payload as it is appended to the file."""
    return b"%08x %b\n" % (crc32(payload), payload)


def line_prefix(task_id: str, attempt: str, origin: int) -> tuple[bytes, int]:
    """The part of a line record that stays the same for a whole attempt, and its checksum."""
    prefix = f"L\t{field(task_id)}\t{attempt}\t{origin}\t".encode("utf-8", "backslashreplace")
    return prefix, crc32(prefix)


def encode_line(
    prefix: tuple[bytes, int], seq: int, at: int, code: str, level: int, logger: str, message: str
) -> bytes:
    """One line record.  `message` holds no LF; `logger` no TAB or LF (see `field`)."""
    text = f"{seq}\t{at}\t{code}\t{level}\t{logger}\t{message}"
    try:
        rest = text.encode()
    except UnicodeEncodeError:  # lone surrogates
        rest = text.encode("utf-8", "backslashreplace")
    same, checksum = prefix
    return b"%08x %b%b\n" % (crc32(rest, checksum), same, rest)


def encode_event(kind: str, data: dict[str, Any]) -> bytes:
    """One record of any other kind.  What JSON cannot say is written as its `str()`."""
    return seal(f"{kind}\t{_to_json(data)}".encode())


def event_head(task_id: str, attempt: str) -> str:
    """The part of an event that stays the same for a whole attempt (a uuid's hex digits)."""
    return f'{{"task_id":{_quoted(task_id)},"attempt":"{attempt}"'


def fields(data: dict[str, Any]) -> str:
    """These fields as they follow a head; empty for none."""
    return f",{_to_json(data)[1:-1]}" if data else ""


def encode_parts(kind: str, head: str, at: int, *parts: str) -> bytes:
    """One event, put together of what `event_head` and `fields` made; `at` in microseconds.

    It is read as seconds.  Writing it so takes a sixth of the time of writing a float.
    """
    return seal(f'{kind}\t{head},"at":{at}e-6{"".join(parts)}}}'.encode())


def decode(record: bytes) -> LineRecord | EventRecord:
    """The record in these bytes (without its LF).  Raises `Damaged`."""
    payload = record[9:]
    try:
        if int(record[:8], 16) != crc32(payload) or record[8:9] != b" ":
            raise Damaged("checksum differs")
        if payload[:2] == b"L\t":
            return _decode_line(payload.decode())
        kind, _, body = payload.partition(b"\t")
        if kind.decode() not in KINDS:
            raise Damaged(f"unknown kind {kind!r}")
        return EventRecord(kind.decode(), json.loads(body))
    except (ValueError, KeyError) as error:
        raise Damaged(str(error)) from error


def field(text: str) -> str:
    r"""A name made safe for a tab-separated field: control characters are written as `\\x09`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _decode_line(payload: str) -> LineRecord:
    _, task_id, attempt, origin, seq, at, code, level, logger, message = payload.split("\t", 9)
    stream = STREAM_OF[code]
    return LineRecord(
        task_id, attempt, int(origin), int(seq), int(at), stream, int(level), logger, message
    )
