"""One connection: made, changed, tested, paused, deleted; by administrators.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.access import administrators
from dashboard.htmx import wants_fragment
from dashboard.views.worker import TONES
from tasklog.control.actions import perform
from tasklog.control.second_look import second_look
from tasklog.sealing import Unreadable
from tasklog.sources.connections import find
from tasklog.sources.form import NameForm
from tasklog.sources.kinds import KINDS
from tasklog.sources.models import Connection
from tasklog.sources.verbs import SAVE, VERBS

FORM, SURE = "dashboard/sources/connection.html", "dashboard/sources/sure.html"


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """The form of a new connection of this kind."""
    if kind not in KINDS:
        raise Http404(f"There is no kind {kind}. There are {', '.join(KINDS)}.")
    made = Connection(kind=kind, created_by=request.user.get_username())
    return _edit(request, made, {})


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def page(request: HttpRequest, key: str) -> HttpResponse:
    """One that is there."""
    connection = _found(key)
    try:
        kept = connection.settings
    except Unreadable:
        kept = {}
    return _edit(request, connection, kept)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators
def act(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Does it; looked at, or dangerous and not sure yet, it asks first."""
    connection = _found(key)
    if verb not in VERBS:
        raise Http404(f"There is no verb {verb}.")
    action = VERBS[verb]
    if request.method != "POST" or (action.dangerous and request.POST.get("sure") != "yes"):
        context = {"connection": connection, "verb": verb, "action": action}
        return render(request, SURE, context)
    outcome = perform(action, request, connection, named=f"{verb} {connection}")
    getattr(messages, TONES[outcome.result])(request, outcome.told)
    return redirect("dashboard:sources")


def _found(key: str) -> Connection:
    found = find(key)
    if found is None:
        raise Http404(f"There is no connection {key}.")
    return found


@second_look
def _edit(request: HttpRequest, connection: Connection, kept: dict[str, Any]) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    names = NameForm(sent, instance=connection)
    form = KINDS[connection.kind].form(sent, kept=kept)
    if sent is None or not (names.is_valid() & form.is_valid()):
        context = {"connection": connection, "names": names, "form": form}
        status = 422 if sent is not None and wants_fragment(request) else 200
        return render(request, FORM, context, status=status)
    verb = "change" if connection.pk else "add"
    saved = names.save(commit=False)
    outcome = perform(SAVE, request, saved, named=f"{verb} {saved}", settings=form.settings())
    getattr(messages, TONES[outcome.result])(request, outcome.told)
    return redirect("dashboard:sources")
