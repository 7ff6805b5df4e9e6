"""Objects in a bucket of S3 or of what speaks its language, each read once, in the order of names.

The names of log objects begin with their time (AWS's own do), so a new one comes last.  The place
is the name and how many bytes of what it holds are stored; one that changes meanwhile begins anew.
"""

from __future__ import annotations

import gzip
import zlib
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple, cast

from django import forms

from tasklog.notify.transport import TransportError
from tasklog.sources.kinds import aws
from tasklog.sources.kinds.base import Batch, Event
from tasklog.sources.refused import Refused
from tasklog.sources.tails import Tail, whole_lines
from tasklog.sources.unpack import Counted, check_inside, check_text, told

# Read at a time; a line that is longer is cut there.
PART = 2 * 1024 * 1024
_GZIP = b"\x1f\x8b"
# What a damaged gz raises; any other fault is the connection's, and time mends it.
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
_WRONG = {
    "NoSuchBucket": "There is no such bucket.",
    "AccessDenied": "These credentials may not read this bucket.",
}


class _Gone(Exception):
    """The object was deleted or replaced while it was read."""


_BEARABLE: dict[str, type[Exception]] = {
    "NoSuchKey": _Gone, "404": _Gone, "PreconditionFailed": _Gone, "412": _Gone,
}  # fmt: skip


class BucketForm(aws.AwsForm):
    """Which objects."""

    bucket = forms.RegexField(
        r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", label="Bucket", max_length=63,
        error_messages={"invalid": "Give a bucket's name, such as shop-logs."},
    )  # fmt: skip
    under = forms.CharField(
        label="Names that begin with", max_length=500, required=False, help_text="Empty: all."
    )
    field_order = ("region", "bucket", "under", "access_key", "secret_key", "endpoint")


class Place(NamedTuple):
    """The object that is being read."""

    key: str
    tag: str
    size: int
    end: int
    within: bool = False  # a line that was cut


def fetch(settings: dict[str, Any], cursor: dict[str, Any], now: datetime) -> Batch:
    """The next part of the object that was begun, or of the next one."""
    client, after = aws.client("s3", settings), str(cursor.get("after", ""))
    place = Place(*cursor["place"]) if "place" in cursor else _next(client, settings, after)
    if place is None:
        return Batch([], {"after": after})
    try:
        tail, more = _read(client, settings["bucket"], place)
    except _Gone:
        return Batch([], {"after": after}, more=True)
    except Refused as refused:
        left = f"{place.key} was left at byte {place.end:,}: {refused}"
        tail, more = Tail([left], 0, False), False
    events = [Event("", None, line) for line in tail.lines]
    if more:
        here = place._replace(end=place.end + tail.used, within=tail.within)
        return Batch(events, {"after": after, "place": here}, more=True)
    return Batch(events, {"after": place.key}, more=True)


def _next(client: Any, settings: dict[str, Any], after: str) -> Place | None:
    """The first object behind `after` that holds anything."""
    asked = {"Bucket": settings["bucket"], "Prefix": settings.get("under") or ""}
    while True:
        with aws.asking(_WRONG, {}):
            found = client.list_objects_v2(**asked, StartAfter=after)
        there = found.get("Contents", [])
        for one in there:
            if one["Size"]:
                return Place(one["Key"], one["ETag"], one["Size"], 0)
        if not there or not found.get("IsTruncated"):
            return None
        after = there[-1]["Key"]


def _read(client: Any, bucket: str, place: Place) -> tuple[Tail, bool]:
    """Whole lines from the place on, and whether more follows."""
    with aws.asking(_WRONG, _BEARABLE):
        answer = client.get_object(Bucket=bucket, Key=place.key, IfMatch=place.tag)
    with answer["Body"] as body:
        try:
            data, more = _part(_opened(body, place), place.end)
        except _DAMAGE as damage:
            raise Refused(told(damage)) from damage
        except Refused:
            raise
        except Exception as error:  # the connection's own, of urllib3 or botocore
            raise TransportError(f"No answer: {type(error).__name__}.") from error
    return whole_lines(data, PART, within=place.within, ended=not more), more


def _opened(body: Any, place: Place) -> Counted:
    """What the object holds, unpacked where it is a gz; counted against bombs."""
    stream = _Peeked(body)
    if not stream.head.startswith(_GZIP):
        check_text(stream.head)
        return Counted(stream, place.size, 0)
    unpacked = _Peeked(gzip.GzipFile(fileobj=cast("BinaryIO", stream)))
    check_inside(unpacked.head)
    return Counted(unpacked, place.size, 0)


def _part(stream: Counted, start: int) -> tuple[bytes, bool]:
    """The bytes from `start` on, at most `PART` of them, and whether others follow."""
    while start:
        skipped = len(stream.read(min(start, PART)))
        if not skipped:
            return b"", False
        start -= skipped
    pieces, room = [], PART
    while room and (piece := stream.read(room)):
        pieces.append(piece)
        room -= len(piece)
    return b"".join(pieces), not room


class _Peeked:
    """A stream whose beginning is known before it is read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.head = self._left = bytes(stream.read(8192))

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            return bytes(self._stream.read(size))
        found = self._left if size < 0 else self._left[:size]
        self._left = self._left[len(found) :]
        return found
