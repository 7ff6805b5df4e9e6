"""Hand-written spools: what a worker would have left on disk."""

from __future__ import annotations

import fcntl
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from tasklog.drain.loop import Drain
from tasklog.spool import reader
from tasklog.spool.record import CODES, encode_event, encode_line, line_prefix


@dataclass
class Writer:
    """A process's spool file, held by its lock until `die()`."""

    path: Path
    file: IO[bytes]
    seqs: dict[str, int] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        return self.path.name.rsplit(".", 2)[0]

    def raw(self, data: bytes) -> None:
        self.file.write(data)
        self.file.flush()

    def event(self, kind: str, task_id: str, **data: Any) -> None:
        self.raw(event(kind, task_id, **data))

    def start(self, task_id: str, attempt: str | None = None, **data: Any) -> str:
        attempt = attempt or uuid.uuid4().hex
        self.event("S", task_id, attempt=attempt, spool=self.stem, name="t.demo", **data)
        return attempt

    def lines(self, task_id: str, attempt: str, *texts: str, **options: Any) -> None:
        for text in texts:
            seq = self.seqs[attempt] = self.seqs.get(attempt, 0) + 1
            self.raw(line(task_id, attempt, seq, text, **options))

    def end(self, task_id: str, attempt: str, state: str = "SUCCESS", **data: Any) -> None:
        self.event("E", task_id, attempt=attempt, state=state, **data)

    def die(self) -> None:
        self.file.close()


def event(kind: str, task_id: str, **data: Any) -> bytes:
    return encode_event(kind, {"task_id": task_id, "at": time.time(), **data})


def line(
    task_id: str,
    attempt: str,
    seq: int,
    text: str,
    *,
    at: float | None = None,
    stream: str = "stdout",
    level: int = 0,
    logger: str = "",
    origin: int = 0,
) -> bytes:
    moment = int((at or time.time()) * 1_000_000)
    prefix = line_prefix(task_id, attempt, origin)
    return encode_line(prefix, seq, moment, CODES[stream], level, logger, text)


@pytest.fixture
def spell() -> Callable[..., bytes]:
    """`spell(task_id, attempt, seq, text)` is one encoded line."""
    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool


@pytest.fixture
def writer(folder: Path) -> Iterator[Callable[..., Writer]]:
    """`writer()` is a living process with an open spool file."""
    made: list[Writer] = []

    def make(stem: str = "", turn: int = 0) -> Writer:
        path = folder / f"{stem or f'host-{len(made) + 10}-{uuid.uuid4().hex[:6]}'}.{turn}.spool"
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        made.append(Writer(path, file))
        return made[-1]

    yield make
    for one in made:
        one.die()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is dead is asked anew each time."""
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(reader, "PROBE_SECONDS", 0.0)


@pytest.fixture
def step(folder: Path, db: None, at_once: None) -> Callable[[], None]:
    """`step()` is what one drainer does in half a second."""
    drain = Drain(folder)

    def once() -> None:
        while drain.drain():
            pass
        drain.care()

    return once


@pytest.fixture
def drain(folder: Path, db: None, at_once: None) -> Callable[[], Drain]:
    """`drain()` is `tasklog_drain --once` in this process, a new drainer each time."""

    def once() -> Drain:
        drain = Drain(folder)
        drain.once()
        return drain

    return once
