"""The lines of a run that prove what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime

from tasklog.alerts.finding import Quoted
from tasklog.archive.reader import read_lines
from tasklog.line import Line
from tasklog.models import TaskRun

ERROR = 40
LINES = 5


def proof_of(run: TaskRun) -> tuple[Quoted, ...]:
    """Its last errors, or where there are none its last lines."""
    lines = read_lines(run.pk, levels=ERROR, newest=True, limit=LINES) if run.error_count else []
    lines = lines or read_lines(run.pk, newest=True, limit=LINES)
    return tuple(quoted(run.task_id, line) for line in lines)


def quoted(run_id: str, line: Line) -> Quoted:
    """The line as an incident keeps it."""
    at = datetime.fromtimestamp(line.at / 1_000_000, UTC).isoformat(timespec="milliseconds")
    return Quoted(run_id, line.number, at, line.message[:2000], line.level)
