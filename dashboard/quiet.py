"""Runs that are quiet for longer than their task is used to, as pages show it.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from dashboard.templatetags.tasklog_ui import human_duration
from tasklog import memo
from tasklog.models import TaskRun
from tasklog.silence import quiet_runs, usual_silence

# What is usual moves slowly; a minute old is new.
SECONDS = 60


class QuietNote(NamedTuple):
    """Since when it has said nothing, and what is usual in words; its time goes on in the page."""

    since: datetime
    seconds: float
    usual: str


def quiet_notes(runs: Iterable[TaskRun]) -> dict[str, QuietNote]:
    """The note of each run that has one, by its id."""
    return {
        one.run.pk: QuietNote(one.since, one.seconds, human_duration(one.usual))
        for one in quiet_runs(runs, _usual)
    }


def _usual(name: str) -> float | None:
    """Kept in a tuple, so that a task of which nothing is known is not asked about again."""
    found: tuple[float | None] = memo.keep(
        ("silence", name), SECONDS, partial(lambda of: (usual_silence(of),), name)
    )
    return found[0]
