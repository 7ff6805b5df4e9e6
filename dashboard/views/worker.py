"""One worker: its tasks, its figures, and what can be done to it.  WEB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.access import operators, signed_in
from dashboard.figures import configuration_of, figures_of
from dashboard.htmx import etag_of, living
from tasklog.conf import conf
from tasklog.control.actions import Outcome, perform
from tasklog.control.answers import Answer, Held
from tasklog.control.verbs import VERBS, Verb
from tasklog.control.workers import Worker, find_worker, visible_names
from tasklog.roles import Role, role_of

TEMPLATE = "dashboard/worker/detail.html"
FORM = "dashboard/worker/action.html"
# Of each list so many are shown; the number above it counts all.
SHOWN = 50
TONES = {"done": "success", "failed": "error", "unknown": "warning"}


@dataclass(frozen=True, slots=True)
class Task:
    """One task in a worker's hands; without a name it is another person's."""

    id: str
    name: str
    at: datetime | None
    linked: bool


@dataclass(frozen=True, slots=True)
class Hand:
    """Tasks of one kind: how many there are, those that are shown, and those that are not."""

    title: str
    when: str
    count: int
    tasks: list[Task]
    hidden: int
    # A rule says who sees which runs.
    narrow: bool


@require_safe
@signed_in
def page(request: HttpRequest, name: str) -> HttpResponse:
    """Its heartbeat at once; with `ask` what it answers.  For htmx the part that lives."""
    worker, problem = _found(name, asking="ask" in request.GET)
    context = _context(request, worker, problem)
    return living(request, TEMPLATE, context)


@require_http_methods(["GET", "HEAD", "POST"])
@operators
def action(request: HttpRequest, name: str, verb: str) -> HttpResponse:
    """The form of a verb; when it is sent and, for a dangerous one, sure, it is done."""
    worker, _ = _found(name, asking=False)
    if verb not in VERBS:
        raise Http404(f"There is no verb {verb}.")
    known = VERBS[verb]
    given = request.POST if request.method == "POST" else request.GET
    form = known.arguments(given or None)
    sent = request.method == "POST"
    if not sent or not form.is_valid():
        return _asked(request, worker, known, form, 422 if sent else 200)
    if known.action.dangerous and request.POST.get("sure") != "yes":
        return _asked(request, worker, known, form, 200)
    told = known.named(name, form.given)
    outcome = perform(known.action, request, name, named=told, **form.given)
    _say(request, outcome)
    return redirect("dashboard:worker", name)


def _say(request: HttpRequest, outcome: Outcome) -> None:
    getattr(messages, TONES[outcome.result])(request, outcome.told)


def _asked(
    request: HttpRequest, worker: Worker, verb: Verb, form: Any, status: int
) -> HttpResponse:
    allowed = verb.action.allowed(request.user)
    context = {"worker": worker, "verb": verb, "form": form, "allowed": allowed}
    return render(request, FORM, context, status=status)


def _found(name: str, *, asking: bool) -> tuple[Worker, str]:
    worker, problem = (None, "") if "\0" in name else find_worker(name, asking=asking)
    if worker is None:
        raise Http404(f"There is no worker named {name}.")
    return worker, problem


def _context(request: HttpRequest, worker: Worker, problem: str) -> dict[str, Any]:
    answer, operator = worker.answer, role_of(request.user) >= Role.OPERATOR
    context: dict[str, Any] = {
        "worker": worker,
        "problem": problem,
        "asked": "ask" in request.GET,
        "hands": _hands(request.user, answer) if answer else [],
        "figures": figures_of(answer) if answer else [],
        # Deploy facts are for those who run it.
        "configuration": configuration_of(answer) if answer and operator else [],
        "verbs": [verb for verb in VERBS.values() if verb.action.allowed(request.user)],
        "operator": operator,
    }
    shown = ("problem", "asked", "hands", "figures")
    row = worker.row
    facts = (worker.state, worker.silent_when_asked, row.seen_at, row.rss_bytes, answer)
    return {**context, "etag": etag_of(facts, [context[name] for name in shown])}


def _hands(user: Any, answer: Answer) -> list[Hand]:
    held = {
        "Running": (answer.active, "active", "Since"),
        "Reserved": (answer.reserved, "reserved", ""),
        "Scheduled": (answer.scheduled, "scheduled", "Due"),
        "Revoked": (tuple(Held(one, "") for one in answer.revoked), "revoked", ""),
    }
    names = visible_names(user, [one.id for kinds in held.values() for one in kinds[0][:SHOWN]])
    return [
        _hand(title, when, answer.counts.get(word, 0), tasks, names)
        for title, (tasks, word, when) in held.items()
    ]


def _hand(title: str, when: str, count: int, held: tuple[Held, ...], names: dict[str, str]) -> Hand:
    """Where a rule says who sees which runs, one that is not visible is only counted."""
    narrow = bool(conf().visibility)
    shown = [one for one in held[:SHOWN] if one.id in names or not narrow]
    tasks = [
        Task(one.id, one.name or names.get(one.id, ""), one.at, one.id in names) for one in shown
    ]
    return Hand(title, when, count, tasks, count - len(tasks), narrow)
