"""What a row of the runs list says that the table does not say by itself.  WEB."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from dashboard.charts import usual_bar
from dashboard.quiet import QuietNote, quiet_notes
from dashboard.templatetags.tasklog_ui import ago_words, human_duration
from dashboard.usual import Range, usual_ranges
from tasklog import memo
from tasklog.models import TaskRun
from tasklog.states import BAD

# A line of arguments is cut here; longer texts are not even parsed.
ARGUMENTS = 140
PARSED = 4000
# A drawn row depends on nothing but its key; this only frees the memory again.
DRAWN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A run as the list shows it."""

    run: TaskRun
    arguments: str
    started_by: str
    why: str
    usual: SafeString
    quiet: QuietNote | None = None

    @property
    def facts(self) -> tuple[object, ...]:
        """What must differ for the row to be drawn anew; time alone ages in the browser."""
        run = self.run
        return (
            run.task_id, run.name, run.state, run.cause, run.retries, run.worker, run.progress,
            run.line_count, run.warning_count, run.error_count, run.started_at, run.finished_at,
            self.why, self.quiet and (self.quiet.since, self.quiet.usual),
        )  # fmt: skip

    @property
    def html(self) -> str:
        """Drawn once for all who watch: half of a page's time went into rows drawn before."""
        key = ("row", self.facts, self.usual, ago_words(self.run.created_at))
        draw = partial(render_to_string, "dashboard/runs/_row.html", {"row": self, "run": self.run})
        return memo.keep(key, DRAWN_SECONDS, draw)


def rows_of(runs: Iterable[TaskRun]) -> list[Row]:
    runs = list(runs)
    usual = usual_ranges(run.name for run in runs)
    quiet = quiet_notes(runs)
    return [
        Row(run, arguments(run), started_by(run), why(run), _bar(run, usual), quiet.get(run.pk))
        for run in runs
    ]


def why(run: TaskRun) -> str:
    """The first line of why it ended badly."""
    told: str = getattr(run, "why", "") or ""
    return told.strip().partition("\n")[0] if run.state in BAD else ""


def _bar(run: TaskRun, usual: dict[str, Range]) -> SafeString:
    span = usual.get(run.name)
    words = ""
    if span and run.duration:
        low, high = human_duration(span[0]), human_duration(span[1])
        words = f"{human_duration(run.duration)}, usually {low} to {high}"
    return usual_bar(run.duration, span, words)


def started_by(run: TaskRun) -> str:
    """Who or what asked for it, in a word or two."""
    if run.schedule:
        return "schedule"
    if run.triggered_by:
        return run.triggered_by
    if run.parent_id:
        return "another task"
    return "a request" if run.request_id else ""


def arguments(run: TaskRun) -> str:
    """`4471, feed="acme"`: the call as one would write it, cut to one line."""
    named = _parsed(run.kwargs)
    words = [_said(value) for value in _listed(_parsed(run.args))]
    if isinstance(named, dict):
        words += [f"{name}={_said(value)}" for name, value in named.items()]
    elif named:
        words.append(str(named))
    text = ", ".join(words)
    return text if len(text) <= ARGUMENTS else text[: ARGUMENTS - 1] + "…"


def _parsed(text: str) -> object:
    if not text or len(text) > PARSED:
        return text[:ARGUMENTS]
    try:
        return json.loads(text)
    except ValueError:
        return text


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [_Raw(value)] if value else []


class _Raw(str):
    """Text that is shown as it stands."""

    __slots__ = ()

    def __new__(cls, value: object) -> _Raw:
        return super().__new__(cls, value)


def _said(value: object) -> str:
    return str(value) if isinstance(value, _Raw) else json.dumps(value, ensure_ascii=False)
