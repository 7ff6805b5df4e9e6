"""The filters of a run's log as chips: what can be asked for, and how much there is of it.  WEB.

Every count is kept with the run; nothing is scanned for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.window import Asked
from tasklog.line import LOG, STDERR, STDOUT
from tasklog.models import TaskAttempt, TaskRun

# More would fill the toolbar; the others have their links on the tab Attempts.
ATTEMPTS = 5
LOGGERS = 20


class Chip(NamedTuple):
    """A filter to switch on or off."""

    title: str
    hint: str
    lines: int
    name: str
    url: str
    on: bool


def of_run(run: TaskRun, asked: Asked) -> list[Chip]:
    """Levels and streams, with the run's own counts."""
    return [*_levels(run, asked), *_streams(run, asked)]


def _levels(run: TaskRun, asked: Asked) -> list[Chip]:
    counts = {"error": run.error_count, "warning": run.warning_count + run.error_count}
    words = {"error": ("Errors", "Errors only"), "warning": ("Warnings", "Warnings and errors")}
    return [
        Chip(
            title, hint, counts[level], level,
            asked.url(level="" if asked.level == level else level), asked.level == level,
        )
        for level, (title, hint) in words.items()
    ]  # fmt: skip


def _streams(run: TaskRun, asked: Asked) -> list[Chip]:
    chips = []
    for stream, title in ((STDOUT, "stdout"), (STDERR, "stderr"), (LOG, "logging")):
        on = stream in asked.stream
        chosen = tuple(s for s in asked.stream if s != stream) if on else (*asked.stream, stream)
        count = run.counts.get(stream, 0)
        url = asked.url(stream=chosen)
        chips.append(Chip(title, f"Lines of {title}", count, stream, url, on))
    return chips


def of_attempts(attempts: Sequence[TaskAttempt], asked: Asked) -> list[Chip]:
    """The newest attempts, where there is more than one."""
    if len(attempts) < 2:
        return []
    shown = [a for a in attempts[-ATTEMPTS:] if a.number != asked.attempt]
    shown += [a for a in attempts if a.number == asked.attempt]
    return [_attempt(attempt, asked) for attempt in sorted(shown, key=lambda a: a.number)]


def _attempt(attempt: TaskAttempt, asked: Asked) -> Chip:
    number, on = attempt.number, attempt.number == asked.attempt
    url = asked.url(attempt=None if on else number)
    hint = f"Lines of attempt {number}"
    return Chip(f"Attempt {number}", hint, attempt.stored, f"attempt-{number}", url, on)


def of_loggers(run: TaskRun, asked: Asked) -> list[Chip]:
    """The loggers of the run, the busiest first."""
    busiest = sorted(run.loggers.items(), key=lambda item: (-item[1], item[0]))
    return [
        Chip(
            name, f"Lines of {name}", count, "logger", asked.url(logger=name), name == asked.logger
        )
        for name, count in busiest[:LOGGERS]
    ]
