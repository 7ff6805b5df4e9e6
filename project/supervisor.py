"""Starts the processes of the local stack, keeps them running, ends them.  Used by `up`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# A child may die this often in this many seconds before the whole stack gives up.
RESTARTS = 5
RESTART_WINDOW_SECONDS = 60.0
# The way down: warm shutdown, cold shutdown, kill.  All together stay under five seconds.
WARM_SECONDS = 2.0
COLD_SECONDS = 0.6
LAST_SECONDS = 0.8
# A child's log begins anew past this size; the part before is kept once.
LOG_BYTES = 16 * 1024 * 1024

Say = Callable[[str], None]


class GaveUp(RuntimeError):
    """A child would not stay alive."""


@dataclass
class Child:
    """One program of the stack, in a session of its own so that Ctrl-C reaches only `up`."""

    name: str
    command: Sequence[str]
    log: Path
    env: dict[str, str]
    # Inherited file descriptors: the web server's listening socket.
    fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    log_start: int = 0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS))

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.log_start = output.tell()
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.fds,
                start_new_session=True,
            )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tell(self, number: int) -> None:
        """Signals the program, and for KILL everything it started as well."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            elif self.alive():
                self.process.send_signal(number)

    def last_words(self, count: int = 15) -> str:
        """The end of its log, since its start."""
        with self.log.open("rb") as file:
            file.seek(max(self.log_start, self.log.stat().st_size - 8192))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(f"  {self.name} │ {line}" for line in lines[-count:])

    def trim_log(self) -> None:
        if self.log.stat().st_size > LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)  # every writer appends, so none leaves a hole
            self.log_start = 0


class Supervisor:
    """The children in the order of their start; the first (the broker) is the last to go."""

    def __init__(self, say: Say, keep_fd: int) -> None:
        self.children: list[Child] = []
        self._say = say
        self._keep_fd = keep_fd
        self._watchdog = self._start_watchdog()

    def start(self, child: Child) -> Child:
        child.start()
        self.children.append(child)
        self._announce(child)
        return child

    def look_after(self) -> None:
        """Restarts what died and says so.  Raises `GaveUp` when that does not help."""
        if self._watchdog.poll() is not None:
            self._watchdog = self._start_watchdog()
            for child in self.children:
                self._announce(child)
        for child in self.children:
            child.trim_log()
            if not child.alive():
                self._revive(child)

    def stop(self) -> None:
        """Ends everything: warm, then cold, then by force; drainer and broker last."""
        last = [child for child in self.children if child.name in ("broker", "drainer")]
        first = [child for child in self.children if child not in last]
        self._end(first, [(signal.SIGTERM, WARM_SECONDS), (signal.SIGQUIT, COLD_SECONDS)])
        for child in reversed(last):
            self._end([child], [(signal.SIGTERM, LAST_SECONDS)])
        if self._watchdog.stdin:
            with suppress(BrokenPipeError):
                self._watchdog.stdin.close()
        self._watchdog.wait(5)

    def _revive(self, child: Child) -> None:
        child.tell(signal.SIGKILL)  # what it left behind
        self._report(f"-{child.pid}")
        code = child.process.returncode if child.process else None
        self._say(f"{child.name} ended ({_ending(code)}); its last lines, from {child.log}:")
        self._say(child.last_words())
        now = time.monotonic()
        child.deaths.append(now)
        if len(child.deaths) == RESTARTS and now - child.deaths[0] < RESTART_WINDOW_SECONDS:
            raise GaveUp(f"{child.name} ended {RESTARTS} times within a minute; giving up.")
        child.start()
        self._announce(child)
        self._say(f"{child.name} started again (pid {child.pid}).")

    def _end(self, children: list[Child], steps: list[tuple[signal.Signals, float]]) -> None:
        for number, seconds in steps:
            for child in children:
                child.tell(number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and any(child.alive() for child in children):
                time.sleep(0.02)
        for child in children:
            child.tell(signal.SIGKILL)
            self._report(f"-{child.pid}")
            if child.process:
                child.process.wait()

    def _start_watchdog(self) -> subprocess.Popen[bytes]:
        """It shares our lock, so nobody starts a second stack while it ends this one."""
        return subprocess.Popen(
            [sys.executable, "-ISE", str(Path(__file__).with_name("watchdog.py"))],
            stdin=subprocess.PIPE,
            pass_fds=(self._keep_fd,),
            start_new_session=True,
        )

    def _announce(self, child: Child) -> None:
        self._report(f"{'*' if child.name == 'broker' else '+'}{child.pid}")

    def _report(self, line: str) -> None:
        if self._watchdog.stdin:
            with suppress(BrokenPipeError):
                self._watchdog.stdin.write(line.encode() + b"\n")
                self._watchdog.stdin.flush()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
