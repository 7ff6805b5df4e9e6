"""Keeps a choice of the viewer's switches.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from dashboard.access import signed_in
from dashboard.preferences import NotAllowed, prefer


@require_POST
@signed_in
def keep(request: HttpRequest) -> HttpResponse:
    """204; 422 with a text that says what is allowed."""
    try:
        prefer(request.user, request.POST.get("name", "")[:50], request.POST.get("value", "")[:50])
    except NotAllowed as wrong:
        return HttpResponse(f"{wrong}\n", status=422, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=204)
