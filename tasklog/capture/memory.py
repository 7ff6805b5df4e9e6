"""How much memory a worker's processes hold, and what the kernel says about a shortage.  WORKER.

Linux only: a few small reads from /proc and the control group, once per heartbeat and once when a
process was killed.  What this machine does not tell is 0 or None, never a guess.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# From this share of the limit on a shortage is near.
NEAR = 0.95
# Control groups of the first version write "no limit" as a very large number.
_BOUNDLESS = 1 << 60
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Where control groups are mounted, by the controllers that /proc/self/cgroup names.
_TOPS = {
    "memory": ("sys/fs/cgroup/memory",),
    "": ("sys/fs/cgroup", "sys/fs/cgroup/unified"),
}
_MACHINE, _CONTAINER = "machine", "container"


@dataclass(frozen=True, slots=True)
class Room:
    """What there is for all processes together, in bytes; the file cache does not count as used.

    `oom_kills`: how often the kernel has killed for want of memory here; None if it does not say.
    """

    used: int = 0
    limit: int = 0
    whose: str = _MACHINE
    oom_kills: int | None = None

    @property
    def is_short(self) -> bool:
        return 0 < self.limit * NEAR <= self.used

    def about(self) -> dict[str, Any]:
        """As records carry it."""
        return {"used": self.used, "limit": self.limit, "whose": self.whose}


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: at `at` (seconds since 1970), resident bytes by process id."""

    at: float = 0.0
    processes: dict[int, int] = field(default_factory=dict)
    room: Room = field(default_factory=Room)


class Watch:
    """The main process looks with each heartbeat and keeps what it saw last."""

    def __init__(self) -> None:
        self.last = Sample()

    def look(self, pids: Iterable[int], at: float) -> Sample:
        held = {pid: rss for pid in pids if (rss := resident(pid))}
        self.last = Sample(at, held, room())
        return self.last


watch = Watch()


def resident(pid: int | str = "self") -> int:
    """Resident bytes of a process; 0 for one that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def room(root: Path = Path("/")) -> Room:
    """The tightest limit this process stands under: its control group's, or the machine's."""
    machine = _machine(root / "proc/meminfo")
    groups = list(_groups(root))
    limited = [found for group in groups if (found := _limit(group)).limit]
    tightest = min([*limited, machine], key=lambda room: room.limit or _BOUNDLESS)
    kills = next((n for group in groups[:1] if (n := _oom_kills(group)) is not None), None)
    if kills is None:
        kills = _number(root / "proc/vmstat", "oom_kill")
    return Room(tightest.used, tightest.limit, tightest.whose, kills)


def shortage(before: Sample, now: Room) -> str:
    """The evidence that memory ran out between the last sample and now; empty for none."""
    first, last = before.room.oom_kills, now.oom_kills
    if first is not None and last is not None and last > first:
        return "the kernel killed for want of memory at that time"
    for room in (before.room, now):
        if room.is_short:
            share = min(round(100 * room.used / room.limit), 100)
            return f"{share} % of the {room.whose}'s memory was in use"
    return ""


def _machine(path: Path) -> Room:
    total, free = (1024 * (_number(path, name) or 0) for name in ("MemTotal:", "MemAvailable:"))
    return Room(total - free, total)


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's memory control group, innermost first.

    In a container the path may be the host's, while the folder shows the container's own group.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for top in (root / name for name in _TOPS.get(controllers, ())):
            inner = top / path.lstrip("/")
            for folder in (inner, *inner.parents):
                if folder.is_relative_to(top) and _tells(folder):
                    yield folder


def _tells(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("memory.max", "memory.limit_in_bytes"))


def _limit(group: Path) -> Room:
    limit = _number(group / "memory.max") or _number(group / "memory.limit_in_bytes") or 0
    if not 0 < limit < _BOUNDLESS:
        return Room()
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes") or 0
    stat = group / "memory.stat"
    cache = _number(stat, "total_inactive_file") or _number(stat, "inactive_file") or 0
    return Room(max(used - cache, 0), limit, _CONTAINER)


def _oom_kills(group: Path) -> int | None:
    found = _number(group / "memory.events", "oom_kill")
    return _number(group / "memory.oom_control", "oom_kill") if found is None else found


def _number(path: Path, name: str = "") -> int | None:
    """The number in the file, or after this name in it."""
    for line in _lines(path):
        words = line.split()
        if words and (not name or words[0] == name):
            with suppress(ValueError, IndexError):
                return int(words[1 if name else 0])
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
