"""How long a running run is likely to go on: by its progress, else by earlier runs.  WEB."""

from __future__ import annotations

from typing import NamedTuple

from dashboard.templatetags.tasklog_ui import human_duration
from dashboard.usual import usual_ranges
from tasklog.models import TaskRun
from tasklog.states import State

# Below this progress says too little to go by (percent).
EARLY = 2.0


class Left(NamedTuple):
    """Both in words, empty where nothing is known."""

    usual: str = ""
    left: str = ""


def time_left(run: TaskRun) -> Left:
    """What is usual for its task, and about how long it has to go; nothing unless it runs."""
    if run.state != State.STARTED or run.duration is None:
        return Left()
    took, span = run.duration.total_seconds(), usual_ranges([run.name]).get(run.name)
    usual = human_duration((span[0] + span[1]) / 2) if span else ""
    if run.progress is not None and EARLY <= run.progress < 100:
        return Left(usual, _about(took * (100 - run.progress) / run.progress))
    if span is None:
        return Left()
    if took > span[1]:
        return Left(usual, "longer than usual")
    return Left(usual, _about(max((span[0] + span[1]) / 2 - took, 0)))


def _about(seconds: float) -> str:
    """Rounded, so that it does not pretend to know."""
    if seconds < 5:
        return "a few seconds"
    step = 5 if seconds < 60 else 30 if seconds < 600 else 60
    return f"about {human_duration(round(seconds / step) * step)}"
