"""One worker: its tasks, its figures, and what can be done to it.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.access import operators, signed_in
from dashboard.figures import figures_of
from dashboard.htmx import etag_of, living
from tasklog.control.actions import Outcome, perform
from tasklog.control.configuration import configuration_of
from tasklog.control.hands import hands_of
from tasklog.control.verbs import VERBS, Verb
from tasklog.control.workers import Worker, find_worker
from tasklog.roles import Role, role_of

TEMPLATE = "dashboard/worker/detail.html"
FORM = "dashboard/worker/action.html"
TONES = {"done": "success", "failed": "error", "unknown": "warning"}


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
        "hands": hands_of(request.user, answer) if answer else [],
        "figures": figures_of(answer) if answer else [],
        # Deploy facts are for those who run it.
        "configuration": configuration_of(answer) if answer and operator else {},
        "verbs": [verb for verb in VERBS.values() if verb.action.allowed(request.user)],
        "operator": operator,
    }
    shown = ("problem", "asked", "hands", "figures")
    row = worker.row
    facts = (worker.state, worker.silent_when_asked, row.seen_at, row.rss_bytes, answer)
    return {**context, "etag": etag_of(facts, [context[name] for name in shown])}
