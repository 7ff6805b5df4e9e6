"""Sending log files: a plain form, or dropped on it.  WEB."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dashboard.access import operators
from tasklog.conf import conf
from tasklog.control.actions import Outcome, perform
from tasklog.sources.refused import Refused
from tasklog.sources.sniff import FORMATS
from tasklog.sources.unpack import MEMBERS, RATIO
from tasklog.sources.uploads import plain_name
from tasklog.sources.verbs import UPLOAD

TEMPLATE = "dashboard/sources/upload.html"
# Of one form; the day's quota counts as well.
FILES = 20


@require_http_methods(["GET", "HEAD", "POST"])
@operators
def page(request: HttpRequest) -> HttpResponse:
    """The form; what it sends.  The script of the page asks for JSON, one file at a time."""
    if request.method != "POST":
        return _form(request)
    files = request.FILES.getlist("files")
    wrong = _wrong(request, files)
    as_json = "application/json" in request.headers.get("Accept", "")
    if wrong:
        return JsonResponse({"told": wrong}, status=400) if as_json else _form(request, wrong)
    outcomes = [_perform(request, file) for file in files]
    if as_json:
        return _json(outcomes[0])
    for outcome in outcomes:
        getattr(messages, "success" if outcome.done else "error")(request, outcome.told)
    return redirect("dashboard:sources")


def _form(request: HttpRequest, wrong: str = "") -> HttpResponse:
    known = conf()
    context = {
        "formats": FORMATS.items(),
        "wrong": wrong,
        "most": known.upload_max_bytes,
        "unpacked": known.upload_max_unpacked,
        "a_day": known.upload_files_a_day,
        "bytes_a_day": known.upload_bytes_a_day,
        "members": MEMBERS,
        "ratio": RATIO,
    }
    return render(request, TEMPLATE, context)


def _wrong(request: HttpRequest, files: list[Any]) -> str:
    if not files:
        return "Choose at least one file."
    if len(files) > FILES:
        return f"Choose at most {FILES} files; these are {len(files)}."
    chosen = request.POST.get("format", "")
    if chosen and chosen not in FORMATS:
        return f"“{chosen[:40]}” is no format. There are {', '.join(FORMATS)}."
    return ""


def _perform(request: HttpRequest, file: Any) -> Outcome:
    return perform(
        UPLOAD, request, plain_name(str(file.name)), stream=file, size=file.size or 0,
        user=request.user.get_username(), chosen=request.POST.get("format", ""),
    )  # fmt: skip


def _json(outcome: Outcome) -> JsonResponse:
    if isinstance(outcome.made, Refused):
        return JsonResponse({"told": outcome.told}, status=outcome.made.status)
    url = reverse("dashboard:run", args=[outcome.made.run_id])
    return JsonResponse({"told": outcome.told, "url": url}, status=201)
