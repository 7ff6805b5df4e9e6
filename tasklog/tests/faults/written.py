"""What a process would have left in the spool, and a drainer that stores it here and now."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from tasklog.drain.loop import Drain
from tasklog.models import TaskLogLine
from tasklog.spool.record import encode_event, encode_line, line_prefix

LINES = 9


class Written:
    """One process's file: a start, nine lines, an end.

    `ahead`: how far its clock is before ours (seconds); `jump`: and after the fifth line.
    """

    def __init__(self, task_id: str, ahead: float = 0.0, jump: float = 0.0) -> None:
        self.task_id, self.hexed = task_id, uuid.uuid4().hex
        self.stem = f"host-1-{uuid.uuid4().hex[:8]}"
        self.ahead = ahead
        start = {"spool": self.stem, "name": "t.demo", "worker": "w@h"}
        self.records = [self.event("S", start), *map(self.line, range(1, 6))]
        self.ahead += jump
        self.records += map(self.line, range(6, LINES + 1))
        self.records.append(self.event("E", {"state": "SUCCESS", "emitted": LINES}))

    @property
    def now(self) -> float:
        """By this process's clock."""
        return time.time() + self.ahead

    def event(self, kind: str, data: dict[str, object]) -> bytes:
        about = {"task_id": self.task_id, "attempt": self.hexed, "at": self.now}
        return encode_event(kind, {**about, **data})

    def line(self, seq: int) -> bytes:
        prefix = line_prefix(self.task_id, self.hexed, 0)
        return encode_line(prefix, seq, int(self.now * 1e6), "o", 0, "", f"line {seq}")

    def path(self, folder: Path) -> Path:
        return folder / f"{self.stem}.0.spool"

    @property
    def bytes(self) -> bytes:
        return b"".join(self.records)

    def leave(self, folder: Path) -> None:
        """Writes the file; its process is gone."""
        self.path(folder).write_bytes(self.bytes)


def drain(folder: Path) -> Drain:
    """Stores all there is, as `tasklog_drain --once` does."""
    own = Drain(folder)
    own.once()
    return own


def stored(task_id: str) -> list[int]:
    """The emitter's own numbers, in the order of the stored lines."""
    lines = TaskLogLine.objects.of(task_id).filter(stream="stdout").order_by("number")
    return [int(text.split()[1]) for text in lines.values_list("message", flat=True)]
