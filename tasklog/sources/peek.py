"""Looks at an upload and stores no line: its first records, its metadata; packs it.  WORKER."""

from __future__ import annotations

import gzip
import shutil
from contextlib import closing
from typing import Any

from tasklog.conf import conf
from tasklog.line import level_name
from tasklog.sources import files, unpack
from tasklog.sources.blocks import AsUtf8, blocks
from tasklog.sources.ingest import sentence
from tasklog.sources.models import Upload
from tasklog.sources.records import Records, Summary, readable
from tasklog.sources.sniff import parser_for, sniff
from tasklog.spool.record import LineRecord


def read(upload: Upload, most: int = 0) -> tuple[Summary, list[LineRecord]]:
    """The whole file, or its beginning until there are `most` lines, which are kept."""
    summary, kept = Summary({}), list[LineRecord]()
    path = files.path_of(upload.stored_as)
    for part in unpack.parts_of(path):
        with closing(part.open()) as raw:
            stream = AsUtf8(unpack.Counted(raw, upload.size, summary.bytes))
            begin, records = summary.bytes, None
            for block in blocks(stream, conf().max_line_bytes):
                if records is None:
                    summary.format = upload.format or sniff(block.lines)
                    parser = parser_for(summary.format, {})
                    records = Records(upload.run_id, parser, summary, {}, 0)
                rows = records.read(block.lines)
                summary.bytes = begin + block.end
                if most:
                    kept += rows[: most - len(kept)]
                    if len(kept) >= most:
                        return summary, kept
    return summary, kept


def first_records(upload: Upload, most: int) -> list[dict[str, Any]]:
    """What the parser makes of the first lines, for people and programs."""
    return [
        {"line": row.seq, "at": row.at, "level": level_name(row.level), "logger": row.logger,
         "message": row.message}
        for row in read(upload, most)[1]
    ]  # fmt: skip


def metadata(upload: Upload) -> dict[str, Any]:
    """Format, span of time, levels, errors by line: as read already, else read now."""
    if upload.state == Upload.State.DONE:
        return readable(upload.summary)
    summary, _ = read(upload)
    return {**readable(summary.told()), "sentence": sentence(summary)}


def compress(upload: Upload) -> int:
    """Packs the waiting file where it lies; the bytes that were won, 0 where it is packed."""
    path = files.path_of(upload.stored_as)
    with path.open("rb") as file:
        if file.read(2) in (b"\x1f\x8b", b"PK"):
            return 0
    name, target = files.create(".gz")
    with target, path.open("rb") as plain, gzip.GzipFile(fileobj=target, mode="wb") as packed:
        shutil.copyfileobj(plain, packed, files.CHUNK)
    won = path.stat().st_size - files.path_of(name).stat().st_size
    same = Upload.objects.filter(pk=upload.pk, stored_as=upload.stored_as, state="waiting", end=0)
    taken = won > 0 and same.update(stored_as=name, size=files.path_of(name).stat().st_size)
    files.delete(upload.stored_as if taken else name)
    return won if taken else 0
