"""Where lines come from that no task wrote: uploads and connections.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from tasklog.models import TaskRun
from tasklog.roles import Role, role_of
from tasklog.sources.models import Connection, Upload
from tasklog.sources.uploads import visible_to
from tasklog.sources.verbs import UPLOAD

TEMPLATE = "dashboard/sources/list.html"
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload beside its run."""

    upload: Upload
    run: TaskRun


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """Both lists, or for htmx their living part: 304 while nothing in it has changed."""
    context = _context(request.user)
    if not wants_fragment(request):
        return render(request, TEMPLATE, context)
    if same := unchanged(request, context["etag"]):
        return same
    return tagged(render(request, f"{TEMPLATE}#live", context), context["etag"])


def _context(user: Any) -> dict[str, Any]:
    sent = sent_to(user, visible_to(user).order_by("-id")[:SHOWN])
    connections = list(Connection.objects.all())
    context = {
        "sent": sent,
        "connections": connections,
        "shown": SHOWN,
        "kinds": Connection.Kind.choices,
        "may_upload": UPLOAD.allowed(user),
        "may_connect": role_of(user) >= Role.ADMINISTRATOR,
    }
    facts = [(one.upload.state, one.upload.summary.get("lines"), one.run.progress) for one in sent]
    told = [(c.pk, c.version, c.enabled, c.failures, c.polled_at, c.name) for c in connections]
    return {**context, "etag": etag_of(facts, told)}


def sent_to(user: Any, uploads: Iterable[Upload]) -> list[Sent]:
    """The uploads with their runs; one whose run has just gone is left out."""
    found = list(uploads)
    runs = TaskRun.objects.visible_to(user).in_bulk([upload.run_id for upload in found])
    return [Sent(upload, runs[upload.run_id]) for upload in found if upload.run_id in runs]
