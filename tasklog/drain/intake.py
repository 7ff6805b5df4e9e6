"""Sorts the records of a batch: by run, in order; and apart, what is about workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tasklog.drain.text import is_tidy, name, tidy
from tasklog.spool import record
from tasklog.spool.reader import Chunk, decode_all, stem_of
from tasklog.spool.record import Damaged, EventRecord, LineRecord

Record = LineRecord | EventRecord
# Not on disk: what `take_in` makes of a line without an end.
TORN = "torn"


@dataclass(slots=True)
class Intake:
    """What a batch holds."""

    runs: dict[str, list[Record]] = field(default_factory=dict)
    # Verdicts come last: what the dead process said itself counts first.
    verdicts: list[EventRecord] = field(default_factory=list)
    workers: list[EventRecord] = field(default_factory=list)
    damaged: Counter[str] = field(default_factory=Counter)
    # The process a bare attempt is laid to: where its first line was found.
    stems: dict[str, str] = field(default_factory=dict)
    lines: int = 0

    @property
    def task_ids(self) -> set[str]:
        return self.runs.keys() | {verdict.data["task_id"] for verdict in self.verdicts}


def take_in(chunks: Iterable[Chunk]) -> Intake:
    """Decodes the chunks.  What two processes said about one run goes by the time they began."""
    intake = Intake()
    strands: dict[str, list[list[Record]]] = {}
    for chunk in chunks:
        for task_id, records in _sort(chunk, intake).items():
            strands.setdefault(task_id, []).append(records)
    for task_id, parts in strands.items():
        if len(parts) > 1:
            parts.sort(key=lambda records: _at(records[0]))
            intake.runs[task_id] = [entry for records in parts for entry in records]
        else:
            intake.runs[task_id] = parts[0]
    return intake


def _sort(chunk: Chunk, intake: Intake) -> dict[str, list[Record]]:
    by_run: dict[str, list[Record]] = {}
    records, damaged = _decode(chunk)
    strand: list[Record] = []
    task_id, attempt, stem = None, None, stem_of(chunk.name)
    for entry in records:
        if isinstance(entry, LineRecord):
            line = entry if is_tidy(entry) else tidy(entry)
            if line.task_id != task_id:
                task_id = line.task_id
                strand = by_run.setdefault(task_id, [])
            if line.attempt != attempt:
                attempt = line.attempt
                intake.stems[attempt] = stem
            strand.append(line)
        elif not _place(entry, by_run, intake):
            damaged += 1
    if damaged:
        intake.damaged[chunk.name] += damaged
    intake.lines += sum(isinstance(entry, LineRecord) for entry in records)
    return by_run


def _place(event: EventRecord, by_run: dict[str, list[Record]], intake: Intake) -> bool:
    """False for an event that names neither task nor worker."""
    data = event.data
    if event.kind in (record.HEARTBEAT, record.GOODBYE):
        intake.workers.append(event)
        return bool(data.get("worker"))
    if not data.get("task_id"):
        return False
    data["task_id"] = name(data["task_id"])
    if event.kind == record.CLOSE:
        intake.verdicts.append(event)
    else:
        by_run.setdefault(data["task_id"], []).append(event)
    return True


def _decode(chunk: Chunk) -> tuple[Sequence[Record], int]:
    if not chunk.torn:
        records, damaged = decode_all(chunk.raws)
        return records, damaged + chunk.skipped
    records, damaged = decode_all(chunk.raws[:-1])
    try:
        records.append(record.decode(chunk.raws[-1]))
    except Damaged:
        damaged += 1
        records += _torn_line(chunk.raws[-1])
    return records, damaged + chunk.skipped


def _torn_line(raw: bytes) -> list[EventRecord]:
    """What is left of a line whose process died, or whose disk filled up, in its middle."""
    parts = raw[9:].decode("utf-8", "replace").split("\t", 9)
    if len(parts) < 10 or parts[0] != record.LINE:
        return []
    _, task_id, attempt, *_, message = parts
    return [EventRecord(TORN, {"task_id": task_id, "attempt": attempt, "text": message})]


def _at(entry: Record) -> float:
    if isinstance(entry, LineRecord):
        return entry.at / 1_000_000
    try:
        return float(entry.data.get("at") or 0)
    except (TypeError, ValueError):
        return 0.0
