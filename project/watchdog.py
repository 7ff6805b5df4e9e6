"""Ends every process group it was told about once its standard input closes.

`up` holds the other end of the pipe: however it dies, even by `kill -9`, the kernel closes it.
A program of its own without Django, so that it starts at once and cannot fail with the rest.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

# Warm shutdown of what was running, then the end; together within three seconds.
GRACE_SECONDS = 2.0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups = read_groups()
    # The broker stays until the others are gone: they say their last words to it.
    first = [group for group, last in groups.items() if not last]
    for group in first:
        tell(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(alive(group) for group in first):
        time.sleep(0.05)
    for group in groups:
        tell(group, signal.SIGKILL)


def read_groups() -> dict[int, bool]:
    """The groups still running when the pipe closes (`+1` first to go, `*1` last, `-1` gone)."""
    groups: dict[int, bool] = {}
    for line in sys.stdin:
        sign, group = line[0], int(line[1:])
        if sign == "-":
            groups.pop(group, None)
        else:
            groups[group] = sign == "*"
    return groups


def tell(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
