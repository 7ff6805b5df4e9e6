"""The pages for what went wrong.  WEB.

None of them needs the database or the session: they must work when nothing else does.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from tasklog.audit.trail import record


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
    return _page(request, 413, "That was too long", told)


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


def _page(request: HttpRequest, status: int, title: str, told: str) -> HttpResponse:
    stream = "text/event-stream" in request.headers.get("Accept", "")
    if stream or request.headers.get("HX-Request") == "true":
        return HttpResponse(f"{title}. {told}", status=status, content_type="text/plain")
    context = {"status": status, "title": title, "told": told}
    return render(request, "dashboard/errors/error.html", context, status=status)
