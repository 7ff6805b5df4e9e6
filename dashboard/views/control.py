"""Retry, edit, revoke, terminate, raise: each asks on a page of its own, then does it.  WEB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.access import operators, run_or_404
from dashboard.forms import EditForm
from dashboard.rows import arguments
from tasklog.control import again, consequences, raising, runs
from tasklog.control.actions import Action, Outcome, perform
from tasklog.control.editing import completed, draft_of
from tasklog.control.sending import Unfit
from tasklog.envelopes import following
from tasklog.models import TaskRun

ASKED = ("GET", "HEAD", "POST")
LEVELS = {"done": messages.SUCCESS, "unknown": messages.WARNING, "failed": messages.ERROR}


class Question(NamedTuple):
    """What the page asks before it is done, and why it cannot be, where it cannot."""

    action: Action
    title: str
    effect: str
    why_not: Callable[[TaskRun], str]
    signals: tuple[str, ...] = ()


RETRY = Question(
    runs.RETRY, "Retry this run?",
    "The task is sent again as it was sent, with its original arguments, as a new run with a log "
    "of its own.",
    runs.why_no_retry,
)  # fmt: skip
REVOKE = Question(
    runs.REVOKE, "Revoke this run?",
    "All workers are told to drop it as soon as it comes out of the queue. A worker remembers "
    "that until it is restarted.",
    runs.why_no_revoke,
)  # fmt: skip
TERMINATE = Question(
    runs.TERMINATE, "Terminate this run?",
    "The process that runs it gets a signal and ends in the middle of whatever it does; nothing "
    "is rolled back that the task does not roll back itself. The worker starts a new process.",
    runs.why_no_terminate, runs.SIGNALS,
)  # fmt: skip
RAISE = Question(
    raising.RAISE, "Raise this run to DEBUG?",
    f"For {raising.MINUTES} minutes, or until it ends, its log gets what its code logs at DEBUG, "
    "whatever the levels of its loggers. The worker's console and all other runs stay as they "
    "are. Each such record costs the task some microseconds.",
    raising.why_no_raise,
)  # fmt: skip


@require_http_methods(ASKED)
@operators
def retry(request: HttpRequest, task_id: str) -> HttpResponse:
    return _ask_or_do(request, task_id, RETRY)


@require_http_methods(ASKED)
@operators
def revoke(request: HttpRequest, task_id: str) -> HttpResponse:
    return _ask_or_do(request, task_id, REVOKE)


@require_http_methods(ASKED)
@operators
def terminate(request: HttpRequest, task_id: str) -> HttpResponse:
    return _ask_or_do(request, task_id, TERMINATE)


@require_http_methods(ASKED)
@operators
def raise_to_debug(request: HttpRequest, task_id: str) -> HttpResponse:
    return _ask_or_do(request, task_id, RAISE)


@require_http_methods(ASKED)
@operators
def edit(request: HttpRequest, task_id: str) -> HttpResponse:
    """The form with the arguments as they are shown; masked ones travel on unread."""
    run = run_or_404(request, task_id)
    draft = draft_of(run)
    initial = {"args": draft.args, "kwargs": draft.kwargs, "queue": run.queue}
    form = EditForm(request.POST if request.method == "POST" else None, initial=initial)
    why = runs.why_no_retry(run, edited=True)
    context = {"run": run, "form": form, "draft": draft, "why": why, "lost": again.why_not(run)}
    context |= _along(run)
    if request.method != "POST":
        return render(request, "dashboard/control/edit.html", context)
    if why or not form.is_valid():
        return render(request, "dashboard/control/edit.html", context, status=422)
    outcome = _send_edited(request, run, form.cleaned_data)
    if isinstance(outcome.made, Unfit):
        form.add_error(None, outcome.told)
        return render(request, "dashboard/control/edit.html", context, status=422)
    return _told(request, run, outcome)


def _send_edited(request: HttpRequest, run: TaskRun, given: dict[str, Any]) -> Outcome:
    args, kwargs = completed(run, given["args"], given["kwargs"])
    return _do(
        request, runs.EDIT, run, args=args, kwargs=kwargs, queue=given["queue"],
        countdown=given["countdown"], rest="rest" in request.POST,
    )  # fmt: skip


def _ask_or_do(request: HttpRequest, task_id: str, asked: Question) -> HttpResponse:
    run = run_or_404(request, task_id)
    why = asked.why_not(run)
    if request.method != "POST":
        return _ask(request, run, asked, why)
    signal = request.POST.get("signal", "")
    if why or (signal and signal not in asked.signals):
        why = why or f"No such signal: {signal[:40]!r}. There are: {', '.join(asked.signals)}."
        return _ask(request, run, asked, why, status=422)
    given: dict[str, Any] = {"signal": signal} if signal else {}
    if asked is RETRY:
        given["rest"] = "rest" in request.POST
    return _told(request, run, _do(request, asked.action, run, **given))


def _ask(
    request: HttpRequest, run: TaskRun, asked: Question, why: str, status: int = 200
) -> HttpResponse:
    context = {"run": run, "asked": asked, "why": why, "arguments": arguments(run)}
    if asked is RETRY and not why:
        context |= _along(run)
    return render(request, "dashboard/control/confirm.html", context, status=status)


def _along(run: TaskRun) -> dict[str, Any]:
    """What a retry brings along, and the question whether its chain shall go on."""
    broken = again.may_go_on(run)
    return {
        "sentences": consequences.sentences(run),
        "rest": following(run) if broken else "",
        "why_no_rest": again.why_no_rest(run) if broken else "",
        "gone_on": again.gone_on(run) if broken else "",
    }


def _do(request: HttpRequest, action: Action, run: TaskRun, **more: Any) -> Outcome:
    user: Any = request.user
    named = runs.named(run)
    return perform(action, request, run, named=named, by=user.get_username(), **more)


def _told(request: HttpRequest, run: TaskRun, outcome: Outcome) -> HttpResponse:
    """The new run's page where there is one; a second click leads to the first one's."""
    messages.add_message(request, LEVELS[outcome.result], outcome.told)
    made = outcome.made
    if isinstance(made, runs.Earlier):
        made = made.task_id
    return redirect("dashboard:run", made if isinstance(made, str) else run.pk)
