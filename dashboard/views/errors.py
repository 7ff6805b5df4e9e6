"""The pages for what went wrong.  WEB.

None of them needs the database or the session: they must work when nothing else does.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from tasklog.audit.trail import record

_TITLES = {
    "invalid": "That could not be read",
    "too_large": "That was too long",
    "too_many": "That was too much at once",
    "too_slow": "That was too slow",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses to read; its own words may name what is inside."""
    most = "At most {:,} {} can be sent in one form, and nothing of it was taken."
    if isinstance(exception, TooManyFilesSent):
        told = most.format(settings.DATA_UPLOAD_MAX_NUMBER_FILES, "files")
        return _refused(request, 400, "too_many", told)
    if isinstance(exception, TooManyFieldsSent):
        told = most.format(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS, "fields")
        return _refused(request, 400, "too_many", told)
    return _refused(request, 400, "invalid", "The address or the form is damaged.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception.args[0]) if exception.args else ""
    told = reason if reason.startswith("There is no") else "There is nothing at this address."
    return _page(request, 404, "Not found", told)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    record("access", request=request, target=f"{request.method} {request.path}", refused=True)
    return _page(request, 403, "Not allowed", "Your account may not do this. Ask an administrator.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    record("access", request=request, target=f"{request.method} {request.path}", refused=True)
    told = (
        "The form was too old, or cookies are blocked for this site. "
        "Go back, reload the page and send it again."
    )
    return _page(request, 403, "The form could not be accepted", told)


def too_long(request: HttpRequest, most: int) -> HttpResponse:
    """For a body of more than `most` bytes; nothing of it was looked at."""
    told = f"At most {filesizeformat(most)} can be sent here at once, and nothing of it was taken."
    return _refused(request, 413, "too_large", told)


def too_slow(request: HttpRequest, seconds: int, slowest: int) -> HttpResponse:
    """For a body that brought less than `slowest` bytes a second for so long."""
    told = (
        f"Less than {filesizeformat(seconds * slowest)} came within {seconds} seconds, and nothing "
        "of it was taken. Send it again over a better connection."
    )
    return _refused(request, 408, "too_slow", told)


def broken(request: HttpRequest) -> HttpResponse:
    told = (
        "This page failed. The reason stands in the log of the web server; tasks are not affected."
    )
    return _page(request, 500, "Something broke here", told)


def database_away(request: HttpRequest, exception: Exception) -> HttpResponse:
    told = (
        "The database does not answer. Tasks go on and their lines wait in the spool; "
        "nothing is lost, and this page works again as soon as the database does."
    )
    # The driver's words name hosts and users, and are not for strangers: they stand in the log.
    response = _page(request, 503, "The database is away", told)
    response.headers["Retry-After"] = "5"
    return response


def archive_away(request: HttpRequest) -> HttpResponse:
    told = (
        "Archived lines of this run cannot be read where they are kept. Its other tabs work, "
        "and so do newer runs; which chunk it is and why stands in the log of the web server."
    )
    response = _page(request, 503, "The archive is away", told)
    response.headers["Retry-After"] = "30"
    return response


def _refused(request: HttpRequest, status: int, code: str, told: str) -> HttpResponse:
    """A body that was not taken: programs and scripts get the shape of the API's errors."""
    if "/api/" in request.path or "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"error": told, "code": code, "fields": {}}, status=status)
    return _page(request, status, _TITLES[code], told)


def _page(request: HttpRequest, status: int, title: str, told: str) -> HttpResponse:
    stream = "text/event-stream" in request.headers.get("Accept", "")
    if stream or request.headers.get("HX-Request") == "true":
        return HttpResponse(f"{title}. {told}", status=status, content_type="text/plain")
    context = {"status": status, "title": title, "told": told}
    return render(request, "dashboard/errors/error.html", context, status=status)
