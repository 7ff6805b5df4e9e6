"""What really happened, told by the one who wrote: a shared memory map beside the product.

The emitter counts each call that has returned and times it; the map is a file's page cache, so
the count outlives a `kill -9` of its process.
"""

from __future__ import annotations

import mmap
import resource
import struct
import time
from collections.abc import Callable
from pathlib import Path

# Calls that returned; the longest wait, all waits, how many waits (nanoseconds); began, ended.
_FORM = struct.Struct("=6q")
# A call that takes longer than this is looked at more closely (nanoseconds).
_NOTABLE = 1_000_000


class Truth:
    """The emitter's own account of one task; made by the test, written by the task."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.exists():
            self.path.write_bytes(bytes(_FORM.size))
        with self.path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORM.size)

    def told(self) -> tuple[int, ...]:
        return _FORM.unpack_from(self._map)

    @property
    def calls(self) -> int:
        return self.told()[0]

    @property
    def worst(self) -> float:
        """The longest time one call waited (seconds)."""
        return self.told()[1] / 1e9

    @property
    def waited(self) -> float:
        """All waits together (seconds)."""
        return self.told()[2] / 1e9

    @property
    def seconds(self) -> float:
        """From the first call to the last that returned."""
        *_, began, ended = self.told()
        return (ended - began) / 1e9

    def call(self, write: Callable[[], object]) -> None:
        """Makes the call and notes it.

        A wait is a call in which the thread gave the processor up by itself: it waited for a
        lock, a disk, a socket.  That a busy machine took the processor away is not our doing.
        """
        calls, worst, waited, waits, first, _ = self.told()
        slept = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        began = time.perf_counter_ns()
        write()
        ended = time.perf_counter_ns()
        took = ended - began
        if took > _NOTABLE and resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw > slept:
            worst, waited, waits = max(worst, took), waited + took, waits + 1
        _FORM.pack_into(self._map, 0, calls + 1, worst, waited, waits, first or began, ended)
