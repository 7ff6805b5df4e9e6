"""How quickly `up` is ready, stops at Ctrl-C, and cleans up after `kill -9` of itself.

`python -m bench.up_time`
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rig import ROOT, table, tree


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="tlup-", dir="/tmp"))
    try:
        first, ready = _up(folder)
        stopped, left = _end(first, folder, signal.SIGINT)
        again, ready_again = _up(folder)
        _, left_after_kill = _end(again, folder, signal.SIGKILL)
    finally:
        for pid in _living(folder):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    rows = [
        ("what", "value"),
        ("READY in an empty folder, s", ready),
        ("READY the second time, s", ready_again),
        ("Ctrl-C until everything is gone, s", stopped),
        ("processes left after Ctrl-C", left),
        ("processes left 5 s after kill -9 of up", left_after_kill),
    ]
    table("manage.py up", rows)


def _up(folder: Path) -> tuple[subprocess.Popen[str], float]:
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "TASKLOG_VAR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout or ():
        if line.startswith("READY "):
            return process, time.perf_counter() - started
    raise AssertionError(f"up ended with {process.wait()} before READY")


def _end(process: subprocess.Popen[str], folder: Path, sig: int) -> tuple[float, int]:
    """Seconds until nothing of it lives (5 at most), and how many do then."""
    family = tree(process.pid)  # some rename themselves, and lose their environment by that
    started = time.perf_counter()
    process.send_signal(sig)
    while (living := _living(folder, family)) and time.perf_counter() < started + 5:
        process.poll()
        time.sleep(0.02)
    return time.perf_counter() - started, len(living)


def _living(folder: Path, family: Sequence[int] = ()) -> list[int]:
    """Those of the family, and processes whose environment or command line names the folder."""
    return [
        int(entry.name) for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and int(entry.name) != os.getpid()
        and _is_ours(entry, folder, family)
    ]  # fmt: skip


def _is_ours(entry: Path, folder: Path, family: Sequence[int]) -> bool:
    try:
        if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
    except OSError:
        return False
    return int(entry.name) in family or str(folder).encode() in told


if __name__ == "__main__":
    main()
