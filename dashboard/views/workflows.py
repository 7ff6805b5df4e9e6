"""The newest workflows: chains, groups and chords, each as one row.  WEB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from tasklog import memo
from tasklog.states import State
from tasklog.workflows.members import Workflow
from tasklog.workflows.recent import Recent, recent_workflows
from tasklog.workflows.summary import Summary, branch_names

SECONDS = 2
# So many states of one workflow are named.
STATES = 4
FAILED = 2


class Card(NamedTuple):
    """A workflow as the list shows it."""

    workflow: Workflow
    summary: Summary
    title: str
    kinds: str
    states: list[tuple[str, str, int]]
    failed: list[tuple[Any, str]]

    @property
    def facts(self) -> tuple[object, ...]:
        return (
            self.workflow.key, len(self.workflow), self.workflow.hidden, self.states, self.title,
            self.summary.lines, self.summary.ended, [run.task_id for run, _ in self.failed],
        )  # fmt: skip


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    before = _moment(request.GET.get("before", ""))
    key = ("workflows", memo.audience(request.user), before)
    recent = memo.keep(key, SECONDS, lambda: recent_workflows(request.user, before))
    cards = [card_of(workflow) for workflow in recent.workflows]
    etag = etag_of([card.facts for card in cards], before, recent.older)
    context = {"cards": cards, "listing": recent, "etag": etag, **_pages(recent, before)}
    if not wants_fragment(request):
        return render(request, "dashboard/workflows/list.html", context)
    if same := unchanged(request, etag):
        return same
    return tagged(render(request, "dashboard/workflows/list.html#live", context), etag)


def card_of(workflow: Workflow) -> Card:
    summary = Summary(workflow.runs)
    names = branch_names(workflow.runs)
    common = summary.states.most_common(STATES)
    labels = {run.state: run.get_state_display() for run in workflow.runs}
    states = [(state, labels[state].lower(), count) for state, count in common]
    if summary.unreached:
        states.append((State.REVOKED, "will not run", summary.unreached))
    failed = [(run, names[run.task_id]) for run in summary.failed[:FAILED]]
    return Card(workflow, summary, title_of(workflow), _kinds(workflow), states, failed)


def title_of(workflow: Workflow) -> str:
    """The name of the task it began with."""
    return workflow.root.name or "Unnamed task"


def _kinds(workflow: Workflow) -> str:
    """`orders.price × 50, orders.sum`: which tasks, as often as they stand in it."""
    counts: dict[str, int] = {}
    for run in workflow.runs:
        counts[run.name] = counts.get(run.name, 0) + 1
    return ", ".join(f"{n} × {c}" if c > 1 else n for n, c in list(counts.items())[:5])


def _pages(recent: Recent, before: datetime | None) -> dict[str, str]:
    older = f"?before={_micros(recent.older)}" if recent.older else ""
    return {"older": older, "newer": "?" if before else ""}


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _moment(text: str) -> datetime | None:
    """None for no place in the list, and for one that somebody mangled."""
    if not text.isascii() or not text.isdecimal() or len(text) > 17:
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
