"""Bars of a workflow's timeline: pale while a run waited, solid while it ran.  WEB.

Drawn as SVG in a scale of `WIDTH` units, stretched by the style sheet to its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.templatetags.tasklog_ui import human_duration
from tasklog.models import TaskRun

WIDTH, HEIGHT = 1000, 14
# A run that took no time is this wide.
LEAST = 3
# The curve of many runs has so many steps.
STEPS = 80
TICKS = 4


@dataclass(frozen=True)
class Scale:
    """From the first being asked for to the last's end, or to now."""

    began: datetime
    ended: datetime

    @classmethod
    def of(cls, runs: Sequence[TaskRun]) -> Scale:
        now = timezone.now()
        began = min(run.queued_at or run.created_at for run in runs)
        ends = [run.finished_at or now for run in runs]
        return cls(began, max([*ends, began + timedelta(milliseconds=1)]))

    @property
    def span(self) -> timedelta:
        return self.ended - self.began

    def x(self, at: datetime) -> float:
        place = (at - self.began) / self.span * WIDTH
        return min(max(place, 0.0), float(WIDTH))

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """Where they stand (a class) and what they say: the time since the beginning."""
        return [
            (f"at-{n}", "0" if n == 0 else human_duration(self.span * n / TICKS))
            for n in range(TICKS + 1)
        ]

    def bar(self, run: TaskRun) -> SafeString:
        """The run's row: its waiting, its running, and both in words."""
        asked = run.queued_at or run.created_at
        end = run.finished_at or self.ended
        waits = self._rect("wait", asked, run.started_at or end, "")
        ran = self._rect("ran", run.started_at, end, run.state) if run.started_at else ""
        return _svg(words(run), format_html("{}{}", waits, ran))

    def _rect(self, kind: str, start: datetime, end: datetime, state: str) -> SafeString:
        left, right = self.x(start), self.x(end)
        width = max(right - left, LEAST if kind == "ran" else 0)
        left = min(left, WIDTH - width)
        top = 4 if kind == "wait" else 2
        return format_html(
            '<rect class="{} {}" x="{}" y="{}" width="{}" height="{}"/>',
            kind, state, f"{left:.1f}", top, f"{width:.1f}", HEIGHT - 2 * top,
        )  # fmt: skip

    def curve(self, runs: Sequence[TaskRun]) -> SafeString:
        """How many of them ran at each moment."""
        heights = self._running(runs)
        top = max(heights) or 1
        step = WIDTH / STEPS
        points = " ".join(
            f"{x:.0f},{HEIGHT - height / top * (HEIGHT - 1):.1f}"
            for n, height in enumerate(heights)
            for x in (n * step, (n + 1) * step)
        )
        told = f"At most {top:,} of {len(runs):,} ran at once"
        shape = format_html('<polygon points="0,{} {} {},{}"/>', HEIGHT, points, WIDTH, HEIGHT)
        return _svg(told, shape, "many")

    def _running(self, runs: Iterable[TaskRun]) -> list[int]:
        """For each step, how many touch it: by what begins and ends there, not run by run."""
        changes = [0] * (STEPS + 1)
        for run in runs:
            if run.started_at is not None:
                changes[self._step(run.started_at)] += 1
                changes[self._step(run.finished_at or self.ended) + 1] -= 1
        heights, running = [], 0
        for change in changes[:STEPS]:
            running += change
            heights.append(running)
        return heights

    def _step(self, at: datetime) -> int:
        return min(int(self.x(at) / WIDTH * STEPS), STEPS - 1)


def words(run: TaskRun) -> str:
    """`Succeeded: waited 0.20 s, ran 3.1 s`."""
    parts = []
    if run.waited is not None:
        parts.append(f"waited {human_duration(run.waited)}")
    if run.duration is not None:
        parts.append(f"{'ran' if run.finished else 'runs for'} {human_duration(run.duration)}")
    return f"{run.state_label}: {', '.join(parts)}" if parts else run.state_label


def _svg(title: str, inside: SafeString, kind: str = "") -> SafeString:
    return format_html(
        '<svg class="bar {}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img">'
        "<title>{}</title>{}</svg>",
        kind, WIDTH, HEIGHT, title, inside,
    )  # fmt: skip
