"""One connection: made, changed, tested, paused, deleted; by administrators.  WEB."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.access import administrators
from dashboard.htmx import wants_fragment
from dashboard.views.worker import TONES
from tasklog.control.actions import Action, Outcome, done, failed, perform, unknown
from tasklog.notify.transport import TransportError
from tasklog.roles import Role
from tasklog.sealing import Unreadable
from tasklog.sources import connections, poll
from tasklog.sources.kinds import KINDS
from tasklog.sources.models import Connection

FORM, SURE = "dashboard/sources/connection.html", "dashboard/sources/sure.html"


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """What every connection has."""

    class Meta:
        model = Connection
        fields = ("name", "interval")
        labels = {"interval": "Seconds between two polls"}
        help_texts = {"interval": ""}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError("Give one line without control characters.")
        return name

    def clean_interval(self) -> int:
        interval: int = self.cleaned_data["interval"]
        if not 5 <= interval <= 86_400:
            raise forms.ValidationError("Give a whole number from 5 to 86,400.")
        return interval


def _save(connection: Connection, *, settings: dict[str, Any]) -> Outcome:
    connection.settings = settings
    if connection.pk is None:
        connection.save()
        return done(f"{connection} is fetched from now on.", connection)
    connection.save(update_fields=["name", "interval", "sealed"])
    connections.resume(connection) if connection.enabled else None
    return done(f"{connection} was changed.", connection)


def _pause(connection: Connection) -> Outcome:
    connections.pause(connection)
    return done(f"{connection} is paused; it goes on where it is.")


def _resume(connection: Connection) -> Outcome:
    connections.resume(connection)
    return done(f"{connection} goes on.")


def _test(connection: Connection) -> Outcome:
    try:
        return done(f"{connection}: {poll.test(connection)}")
    except TransportError as error:
        told = f"{connection}: {error}"
        return failed(told) if error.permanent else unknown(told)
    except Unreadable:
        return failed(f"{connection}: its settings cannot be unsealed. Enter them again.")


def _delete(connection: Connection) -> Outcome:
    connections.delete(connection)
    return done(f"{connection} is deleted; its lines stay.")


SAVE = Action("source", "Save", _save, Role.ADMINISTRATOR)
VERBS = {
    "pause": Action("source", "Pause", _pause, Role.ADMINISTRATOR),
    "resume": Action("source", "Resume", _resume, Role.ADMINISTRATOR),
    "test": Action("source", "Test", _test, Role.ADMINISTRATOR),
    "delete": Action("source", "Delete", _delete, Role.ADMINISTRATOR, dangerous=True),
}


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
    try:
        found = Connection.objects.filter(key=uuid.UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404(f"There is no connection {key}.")
    return found


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
