"""The filters of a log as chips: what can be asked for, and how much there is of it.  WEB.

Every count is kept with the runs; nothing is scanned for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dashboard.asked import Filters
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


class Counts(NamedTuple):
    """How many lines there are of what can be chosen."""

    errors: int
    warnings: int
    streams: Counter[str]
    loggers: Counter[str]

    @classmethod
    def of(cls, runs: Iterable[TaskRun]) -> Counts:
        """Of one run, or of several together."""
        errors = warnings = 0
        streams: Counter[str] = Counter()
        loggers: Counter[str] = Counter()
        for run in runs:
            errors += run.error_count
            warnings += run.warning_count
            streams.update(run.counts)
            loggers.update(run.loggers)
        return cls(errors, warnings, streams, loggers)


def of_lines(counts: Counts, asked: Filters) -> list[Chip]:
    """Levels and streams."""
    return [*_levels(counts, asked), *_streams(counts, asked)]


def _levels(found: Counts, asked: Filters) -> list[Chip]:
    counts = {"error": found.errors, "warning": found.warnings + found.errors}
    words = {"error": ("Errors", "Errors only"), "warning": ("Warnings", "Warnings and errors")}
    return [
        Chip(
            title, hint, counts[level], level,
            asked.url(level="" if asked.level == level else level), asked.level == level,
        )
        for level, (title, hint) in words.items()
    ]  # fmt: skip


def _streams(counts: Counts, asked: Filters) -> list[Chip]:
    chips = []
    for stream, title in ((STDOUT, "stdout"), (STDERR, "stderr"), (LOG, "logging")):
        on = stream in asked.stream
        chosen = tuple(s for s in asked.stream if s != stream) if on else (*asked.stream, stream)
        count = counts.streams[stream]
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


def of_loggers(counts: Counts, asked: Filters) -> list[Chip]:
    """The loggers, the busiest first."""
    busiest = sorted(counts.loggers.items(), key=lambda item: (-item[1], item[0]))
    return [
        Chip(
            name, f"Lines of {name}", count, "logger", asked.url(logger=name), name == asked.logger
        )
        for name, count in busiest[:LOGGERS]
    ]
