"""Reads the spool folder: whole records, in order, from where the last commit stopped.  HOST.

A file that cannot be read, a torn tail or a damaged record never stands in the way of another
file's records: what is unreadable is counted and named, what is good is used.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tasklog.spool import record

SUFFIX = ".spool"
# One read: some thousand records, little memory.
CHUNK_BYTES = 1 << 20
# No record is longer; a stretch without LF beyond this is damage (zeroes after a power cut).
LONGEST_RECORD = 16 << 20
# A file at its end is asked for its lock this often (seconds).
PROBE_SECONDS = 0.5
# A file must have been known this long before it may count as left behind: its owner creates it
# and locks it in two steps.
SETTLE_SECONDS = 1.0
# What cannot be opened is tried again this often (seconds).
RETRY_SECONDS = 5.0
# How many places in one damaged stretch are tried as the start of a good record.
_TRIES = 50
_RECORD_START = re.compile(rb"[0-9a-f]{8} [A-Z]\t")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one file between two offsets; `torn` when the last one has no end."""

    name: str
    start: int
    end: int
    raws: list[bytes]
    torn: bool = False
    skipped: int = 0

    @property
    def stem(self) -> str:
        return stem_of(self.name)

    def halves(self) -> tuple[Chunk, Chunk]:
        """The same records as two chunks."""
        cut = len(self.raws) // 2
        middle = self.start + sum(len(raw) + 1 for raw in self.raws[:cut])
        return (
            Chunk(self.name, self.start, middle, self.raws[:cut], skipped=self.skipped),
            Chunk(self.name, middle, self.end, self.raws[cut:], self.torn),
        )


@dataclass(slots=True)
class Tail:
    """What is known about one file.  `offset` is None until the database said it."""

    path: Path
    size: int = 0
    inode: int = 0
    offset: int | None = None
    free: bool = False
    probed: float = 0.0
    seen: float = field(default_factory=time.monotonic)
    error: str = ""
    shrunk: bool = False

    @property
    def waiting(self) -> int:
        return self.size - self.offset if self.offset is not None else self.size


class Spool:
    """The spool folder as the drainer sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tails: dict[str, Tail] = {}
        self.error = ""
        self._turn = 0

    def scan(self) -> None:
        """Looks at the folder: new files, grown files, files that went away."""
        found = self._list()
        for name in self.tails.keys() - found.keys():
            del self.tails[name]
        for name, status in found.items():
            tail = self.tails.get(name)
            if tail is None or tail.inode != status.st_ino:
                # The same name with another inode is another file: it starts at its beginning.
                offset = None if tail is None else 0
                tail = Tail(self.folder / name, inode=status.st_ino, offset=offset)
                tail.shrunk = offset == 0
                self.tails[name] = tail
            tail.size = status.st_size

    def _list(self) -> dict[str, os.stat_result]:
        found = {}
        try:
            with os.scandir(self.folder) as entries:
                spools = [entry for entry in entries if entry.name.endswith(SUFFIX)]
            # Newer files first: where one exists, the size of the older one is its last.
            for entry in sorted(spools, key=lambda entry: turn_of(entry.name), reverse=True):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    found[entry.name] = status
        except FileNotFoundError:
            self.error = ""  # nothing has been written yet, or a file went while we looked
        except OSError as error:
            self.error = f"{self.folder}: {error.strerror}"
        else:
            self.error = ""
        return found

    def unplaced(self) -> list[str]:
        """Files whose offset the database has to tell."""
        return [name for name, tail in self.tails.items() if tail.offset is None]

    def place(self, offsets: dict[str, int]) -> None:
        """The stored offsets; a file the database does not know starts at 0."""
        for name in self.unplaced():
            self.tails[name].offset = offsets.get(name, 0)

    def forget_offsets(self) -> None:
        """After a commit whose result is unknown: the database has to tell them again."""
        for tail in self.tails.values():
            tail.offset = None

    def chunks(self, max_records: int) -> list[Chunk]:
        """The next records, at most about `max_records`, a fair share for each file."""
        ready = [tail for tail in self.tails.values() if tail.offset is not None]
        ready = _oldest_of_each([tail for tail in ready if self._has_more(tail)])
        self._turn += 1
        turn = self._turn % (len(ready) or 1)
        ready = ready[turn:] + ready[:turn]
        taken: list[Chunk] = []
        for index, tail in enumerate(ready):
            share = max(max_records // (len(ready) - index), 1)
            chunk = self._read(tail, share)
            if chunk is not None:
                taken.append(chunk)
                max_records = max(max_records - len(chunk.raws), 0)
        return taken

    def settle(self, chunks: Iterable[Chunk]) -> None:
        """The chunks are committed: go on behind them."""
        for chunk in chunks:
            if chunk.name in self.tails:
                self.tails[chunk.name].offset = chunk.end
                self.tails[chunk.name].shrunk = False

    def _has_more(self, tail: Tail) -> bool:
        if tail.size < (tail.offset or 0):
            tail.offset, tail.shrunk = 0, True
        return tail.size > (tail.offset or 0)

    def _read(self, tail: Tail, max_records: int) -> Chunk | None:
        start = tail.offset or 0
        data = self._bytes(tail, start, CHUNK_BYTES)
        cut = data.rfind(b"\n") + 1
        if cut == 0 and len(data) == CHUNK_BYTES:
            data = self._bytes(tail, start, LONGEST_RECORD)
            cut = data.find(b"\n") + 1
        if cut == 0:
            return self._read_tail(tail, start, data)
        raws = data[:cut].split(b"\n", max_records)
        rest = raws.pop()
        return Chunk(tail.path.name, start, start + cut - len(rest), raws, skipped=int(tail.shrunk))

    def _read_tail(self, tail: Tail, start: int, data: bytes) -> Chunk | None:
        """Bytes without an end: they may still grow, unless their process is dead."""
        name = tail.path.name
        if len(data) >= LONGEST_RECORD:
            return Chunk(name, start, start + len(data), [], skipped=1)
        if data and self.is_free(tail) and tail.path.stat().st_size == start + len(data):
            return Chunk(name, start, start + len(data), [data], torn=True)
        return None

    def _bytes(self, tail: Tail, start: int, length: int) -> bytes:
        if tail.error and time.monotonic() < tail.probed + RETRY_SECONDS:
            return b""
        try:
            descriptor = os.open(tail.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            tail.error, tail.probed = error.strerror or str(error), time.monotonic()
            return b""
        try:
            tail.error = ""
            return os.pread(descriptor, length, start)
        except OSError as error:
            tail.error, tail.probed = error.strerror or str(error), time.monotonic()
            return b""
        finally:
            os.close(descriptor)

    def is_free(self, tail: Tail) -> bool:
        """True when no process holds the file: its owner is dead or has rotated away from it."""
        now = time.monotonic()
        if now < tail.seen + SETTLE_SECONDS:
            return False
        if now >= tail.probed + PROBE_SECONDS:
            tail.probed, tail.free = now, not is_held(tail.path)
        return tail.free

    def alive(self) -> bool:
        """True while any process of this host holds a file here."""
        return any(not self.is_free(tail) for tail in self.tails.values())

    def ended(self) -> list[str]:
        """Processes (stems) that are dead and whose every byte is stored."""
        groups: dict[str, list[Tail]] = {}
        for name, tail in self.tails.items():
            groups.setdefault(stem_of(name), []).append(tail)
        return [
            stem
            for stem, tails in groups.items()
            if all(tail.waiting == 0 and not tail.error and self.is_free(tail) for tail in tails)
        ]

    def rotated(self) -> list[str]:
        """Stored files which their living process has left for a newer one."""
        newest: dict[str, int] = {}
        for name in self.tails:
            newest[stem_of(name)] = max(newest.get(stem_of(name), -1), turn_of(name))
        return [
            name
            for name, tail in self.tails.items()
            if turn_of(name) < newest[stem_of(name)] and tail.waiting == 0 and self.is_free(tail)
        ]

    def names(self, stem: str) -> list[str]:
        return [name for name in self.tails if stem_of(name) == stem]

    def remove(self, names: Iterable[str]) -> None:
        """Deletes stored files, unless somebody wrote or locked them in the meantime."""
        for name in names:
            tail = self.tails[name]
            if tail.path.stat().st_size == tail.offset and not is_held(tail.path):
                tail.path.unlink(missing_ok=True)
                del self.tails[name]

    @property
    def waiting_bytes(self) -> int:
        return sum(max(tail.waiting, 0) for tail in self.tails.values())

    @property
    def total_bytes(self) -> int:
        return sum(tail.size for tail in self.tails.values())

    def trouble(self) -> str:
        """What cannot be read, in words; empty when all is well."""
        said = [f"{name}: {tail.error}" for name, tail in self.tails.items() if tail.error]
        return "; ".join(([self.error] if self.error else []) + said)


def _oldest_of_each(tails: list[Tail]) -> list[Tail]:
    """Of each process the file it wrote first: the order of its lines goes on across rotations.

    A file that cannot be read holds up nobody.
    """
    oldest: dict[str, Tail] = {}
    for tail in sorted(tails, key=lambda tail: turn_of(tail.path.name)):
        known = oldest.get(stem_of(tail.path.name))
        if known is None or known.error:
            oldest[stem_of(tail.path.name)] = tail
    return list(oldest.values())


def stem_of(name: str) -> str:
    """The process part of a file's name: `host-17-ab12` of `host-17-ab12.3.spool`."""
    return name.removesuffix(SUFFIX).rpartition(".")[0]


def turn_of(name: str) -> int:
    """The rotation of a file: 3 for `host-17-ab12.3.spool`, 0 where there is none."""
    number = name.removesuffix(SUFFIX).rpartition(".")[2]
    return int(number) if number.isdigit() else 0


def is_held(path: Path) -> bool:
    """True while a process holds the file's lock.  A file we may not open counts as held."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def decode_all(raws: Iterable[bytes]) -> tuple[list[record.LineRecord | record.EventRecord], int]:
    """The good records among these bytes, and how many stretches were damaged.

    Two records that ran together because one lost its end are told apart again.
    """
    decode = record.decode
    good = []
    damaged = 0
    for raw in raws:
        try:
            good.append(decode(raw))
        except record.Damaged:
            damaged += 1
            good += _rescue(raw)
    return good, damaged


def _rescue(raw: bytes) -> list[record.LineRecord | record.EventRecord]:
    for index, match in enumerate(_RECORD_START.finditer(raw, 1)):
        if index == _TRIES:
            break
        try:
            return [record.decode(raw[match.start() :])]
        except record.Damaged:
            continue
    return []
