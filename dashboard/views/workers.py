"""The workers: who lives, and what each answers when asked.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, living
from tasklog.control.workers import Roster, Worker, roster

TEMPLATE = "dashboard/workers/list.html"


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """Heartbeats at once; with `ask` also what the workers answer, which takes up to a second.

    For htmx its living part: 304 while nothing in it has changed.
    """
    found = roster(asking="ask" in request.GET)
    etag = _etag(found)
    context = {"roster": found, "etag": etag, "counts": _counts(found)}
    return living(request, TEMPLATE, context)


def _counts(found: Roster) -> list[tuple[str, int]]:
    """How many are in each state, for the head."""
    states = [worker.state for worker in found.workers]
    silent = sum(worker.silent_when_asked for worker in found.workers)
    counts = [(state, states.count(state)) for state in ("alive", "silent", "stopped")]
    return [*counts, ("did not answer", silent)]


def _etag(found: Roster) -> str:
    return etag_of(found.asked, found.problem, [_facts(worker) for worker in found.workers])


def _facts(worker: Worker) -> tuple[Any, ...]:
    row, answer = worker.row, worker.answer
    told = (dict(answer.counts), answer.queues, answer.size) if answer else None
    return worker.name, worker.state, worker.silent_when_asked, row.seen_at, row.rss_bytes, told
