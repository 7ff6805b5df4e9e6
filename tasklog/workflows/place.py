"""A place in a merged log, as text for an address: how far each run has been read.  WEB.

One number for each run, in the order of the runs, and 0 for "all of it, and it has ended".  Most
runs of a large workflow are just that, so a thousand of them make some hundred characters.  A
place fits only what it was made for: when a run was put between those known then, or one that had
ended began anew, it is refused, and whoever holds it starts over.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# Longer ones would not fit into the line of a request (4,094 bytes).
LONGEST = 3_000
_MASK = 2**32 - 1
# What a packed place may unpack to: a number of at most ten bytes for each run.
_UNPACKED = 64 * 1024


class Reach(NamedTuple):
    """A run as a place counts it: how many lines it has, and whether they are all."""

    task_id: str
    lines: int
    ended: bool


Place = Mapping[str, int]


def pack(runs: Sequence[Reach], place: Place) -> str:
    """The place as text; "" where it would be too long."""
    numbers, whole = [], 0
    for run in runs:
        number = place.get(run.task_id, 0)
        is_whole = run.ended and number >= run.lines
        numbers.append(0 if is_whole else number + 1)
        whole += run.lines if is_whole else 0
    head = [len(runs), _sum_of(run.task_id for run in runs), whole & _MASK]
    packed = zlib.compress(b"".join(map(_varint, head + numbers)), 6)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return text if len(text) <= LONGEST else ""


def unpack(runs: Sequence[Reach], text: str) -> dict[str, int] | None:
    """The place, or None where the text is none, or one of other runs.  Runs that came later
    begin at 0.
    """
    try:
        count, names, whole, *numbers = _numbers(text)
    except (ValueError, binascii.Error, zlib.error):
        return None
    known = runs[:count]
    if not len(known) == len(numbers) == count or names != _sum_of(run.task_id for run in known):
        return None
    ended = [run.lines for run, number in zip(known, numbers, strict=True) if number == 0]
    if sum(ended) & _MASK != whole:
        return None
    read = {
        run.task_id: number - 1 if number else run.lines
        for run, number in zip(known, numbers, strict=True)
    }
    return {**{run.task_id: 0 for run in runs[count:]}, **read}


def _sum_of(names: Iterable[str]) -> int:
    return zlib.crc32("\n".join(names).encode("utf-8", "backslashreplace"))


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _numbers(text: str) -> list[int]:
    """Raises ValueError or zlib.error for what `pack` did not write."""
    if not text.isascii() or not 0 < len(text) <= LONGEST:
        raise ValueError("no place")
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    numbers, number, shift = [], 0, 0
    for part in zlib.decompressobj().decompress(data, _UNPACKED):
        number |= (part & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise ValueError("too large a number")
        if not part & 0x80:
            numbers.append(min(number, 2**62))
            number = shift = 0
    return numbers
