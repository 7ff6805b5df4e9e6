"""The whole lines at the beginning of bytes that go on elsewhere, or later.  WORKER.

Masking must see a line whole, so one that has not ended waits for its end.  One that is longer than
what is read at a time is shown by its beginning; its rest is passed over, or a secret in the
middle of it would be met without its name.
"""

from __future__ import annotations

from typing import NamedTuple

from tasklog.sources.blocks import texts


class Tail(NamedTuple):
    """The lines, the bytes they take, and whether the next byte is amid a line that was cut."""

    lines: list[str]
    used: int
    within: bool


def whole_lines(data: bytes, most: int, *, within: bool, ended: bool) -> Tail:
    """`within`: it begins amid a line that was cut.  `ended`: nothing follows, now or later.

    Data of `most` bytes without a line's end is a line that is cut.
    """
    used = len(data) if ended else data.rfind(b"\n") + 1
    if not used and len(data) >= most:
        return Tail([] if within else texts([data]), len(data), True)
    found = data[:used].split(b"\n")
    if found[-1] == b"":
        found.pop()
    shown = found[1:] if within else found
    return Tail(texts(shown) if shown else [], used, within and not used)
