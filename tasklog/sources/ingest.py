"""Reads an uploaded file into its run, block by block.  WORKER.

Each block is one transaction: its lines, how far the file is read, and what the parser must know to
go on.  Killed at any point and started again, it goes on where the last commit ended; two workers
at the same file cannot both move it.  Nobody waits for a large file: after `upload_seconds` the
rest queues again, behind other tasks.
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from tasklog.conf import conf
from tasklog.drain.door import Door, RunGone
from tasklog.sources import files, unpack, uploads
from tasklog.sources.blocks import AsUtf8, Block, Readable, blocks, skip
from tasklog.sources.models import Upload
from tasklog.sources.records import Records, Summary
from tasklog.sources.refused import Refused
from tasklog.sources.sniff import FORMATS, parser_for, sniff

_INFO, _WARNING = 20, 30
# The bar moves to 100 with the end alone.
ALMOST = 99.0
# Ten times what a gigabyte of common lines holds.
MOST_LINES = 100_000_000
# So many workers may end at the same place: it is the file, not the workers.
TRIES = 5


class Elsewhere(RuntimeError):
    """Another worker reads this file, or it has ended."""


class TurnOver(RuntimeError):
    """The file was read for as long as others can be kept waiting."""


def process(upload_id: int) -> str:
    """Reads the file to its end, or for its time; the sentence that says what became of it.

    Raises what the database raises when it is away: called again it goes on.
    """
    upload = Upload.objects.get(pk=upload_id)
    if not upload.open:
        return f"{upload.name} was read already."
    try:
        return Reading(upload).run()
    except Elsewhere:
        return f"{upload.name} is read by another worker."
    except TurnOver:
        uploads.queue(upload)
        return f"{upload.name}: the rest is read after what else waits."
    except Refused as error:
        return _fail(upload, str(error))
    except RunGone:
        return _drop(upload)
    except FileNotFoundError:
        return _fail(upload, "The file is not here. Web processes and workers must share a folder.")
    except unpack.DAMAGE as error:
        return _fail(upload, unpack.told(error))


class Reading:
    """One worker's way through one file."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.path: Path = files.path_of(upload.stored_as)
        self.parts = unpack.parts_of(self.path)
        self.summary = Summary(upload.summary)
        self.sent = sum(part.weight for part in self.parts) or 1
        self.until = time.monotonic() + conf().upload_seconds

    def run(self) -> str:
        """Raises TurnOver where there is more."""
        self._begin()
        for number in range(self.upload.member, len(self.parts)):
            self._read(number, self.parts[number])
        return self._end()

    def _begin(self) -> None:
        """A worker that its lines end, by their weight or their time, has counted itself here."""
        if self.upload.tries >= TRIES:
            line = self.summary.lines + 1
            raise Refused(f"{TRIES} workers ended while they read on from line {line:,}.")
        self._here().update(tries=F("tries") + 1, touched_at=timezone.now())

    def _read(self, number: int, part: unpack.Part) -> None:
        begin = self.upload.end
        with closing(part.open()) as raw:
            counted = unpack.Counted(raw, self.upload.size, self.summary.bytes - begin)
            stream = AsUtf8(_checked(counted, packed=part.name or part.size is None))
            skip(stream, begin)
            records: Records | None = None
            for block in blocks(stream, conf().max_line_bytes, begin):
                records = records or self._records(block, fresh=not begin)
                heading = part.name if self.upload.end == 0 else ""
                percent = self._percent(number, part, block.end, raw)
                self._store(records, block, percent, heading)
                if time.monotonic() >= self.until:
                    raise TurnOver
        self._advance(number)

    def _records(self, block: Block, *, fresh: bool) -> Records:
        known = {} if fresh else self.upload.memory
        name = known.get("format") or self.upload.format or sniff(block.lines)
        self.summary.format = name if self.summary.format in ("", name) else "mixed"
        parser = parser_for(name, known.get("parser", {}))
        now = int(self.upload.created_at.timestamp() * 1_000_000)
        memory = known.get("records", {})
        return Records(self.upload.run_id, parser, self.summary, memory, now)

    def _store(self, records: Records, block: Block, percent: float, heading: str) -> None:
        before = self.upload.end
        rows = records.read(block.lines)
        if max(self.summary.lines, self.summary.rows) > MOST_LINES:
            raise Refused(f"It holds more than {MOST_LINES:,} lines.", 413)
        self.summary.bytes += block.end - before
        memory = {
            "format": records.parser.name,
            "parser": records.parser.memory,
            "records": records.memory,
        }
        with transaction.atomic():
            self._move(end=block.end, memory=memory)
            door = Door(self.upload.run_id)
            door.start()
            if heading:  # a line of our own before each member of a zip
                door.remark(_INFO, f"From {heading[:200]!r}")
            door.add(rows)
            door.progress(percent, f"{self.summary.lines:,} lines")
            door.close()

    def _advance(self, number: int) -> None:
        self._move(member=number + 1, end=0, memory={})

    def _move(self, **values: Any) -> None:
        """Only from where we left it: whoever was faster has stored these lines."""
        values |= {"touched_at": timezone.now(), "state": Upload.State.READING, "tries": 0}
        if not self._here().update(summary=self.summary.told(), **values):
            raise Elsewhere
        for name, value in values.items():
            setattr(self.upload, name, value)

    def _here(self) -> QuerySet[Upload]:
        upload = self.upload
        return Upload.objects.filter(
            pk=upload.pk, member=upload.member, end=upload.end, state__in=["waiting", "reading"]
        )

    def _percent(self, number: int, part: unpack.Part, end: int, raw: BinaryIO) -> float:
        done = sum(one.weight for one in self.parts[:number])
        if part.size is None:  # a gz does not say how much it holds
            within = getattr(raw, "fileobj", raw).tell() / max(part.weight, 1)
        else:
            within = end / max(part.size, 1)
        return round(min(100 * (done + part.weight * min(within, 1.0)) / self.sent, ALMOST), 1)

    def _end(self) -> str:
        told = sentence(self.summary)
        with transaction.atomic():
            self._move(finished_at=timezone.now())
            Upload.objects.filter(pk=self.upload.pk).update(state=Upload.State.DONE)
            door = Door(self.upload.run_id)
            door.start()
            if self.summary.errors:
                door.remark(_WARNING, wrong_lines(self.summary))
            door.end(result=told)
            door.close()
        _forget_file(self.upload)
        return told


class _Checked:
    """Looks at the first bytes of what was unpacked."""

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.begun = False

    def read(self, size: int, /) -> bytes:
        found = self.stream.read(size)
        if not self.begun:
            self.begun = True
            more = b"" if len(found) >= 512 else self.stream.read(8192)
            found += more
            unpack.check_inside(found)
        return found


def _checked(stream: Readable, *, packed: object) -> Readable:
    return _Checked(stream) if packed else stream


def sentence(summary: Summary) -> str:
    """`10,000 lines of JSON lines, 2026-11-21 07:05:09 to 2026-11-21 09:00:00 UTC`."""
    told = f"{summary.lines:,} lines, {FORMATS.get(summary.format, summary.format or 'empty')}"
    if summary.first is not None and summary.last is not None:
        first = datetime.fromtimestamp(summary.first / 1e6, UTC)
        last = datetime.fromtimestamp(summary.last / 1e6, UTC)
        told += f", {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
    return told


def wrong_lines(summary: Summary) -> str:
    """`3 lines are not JSON lines and were kept as they are: 7, 12, 40`."""
    numbers = ", ".join(f"{number:,}" for number, _ in summary.samples)
    more = " …" if summary.errors > len(summary.samples) else ""
    kind = FORMATS.get(summary.format, "what the others are")
    return f"{summary.errors:,} lines are not {kind} and were kept as they are: {numbers}{more}"


def _fail(upload: Upload, problem: str) -> str:
    """It ends badly, with what was read so far."""
    open_ones = Upload.objects.filter(pk=upload.pk, state__in=["waiting", "reading"])
    with transaction.atomic():
        values = {"state": Upload.State.FAILED, "error": problem, "finished_at": timezone.now()}
        if open_ones.update(**values):
            door = Door(upload.run_id)
            door.start()
            door.remark(40, problem)
            door.end(problem=problem)
            door.close()
    _forget_file(upload)
    return problem


def _drop(upload: Upload) -> str:
    _forget_file(upload)
    Upload.objects.filter(pk=upload.pk).delete()
    return f"The run of {upload.name} was deleted; its file went with it."


def _forget_file(upload: Upload) -> None:
    files.delete(upload.stored_as)
    Upload.objects.filter(pk=upload.pk).update(stored_as="")
