"""The command palette: a plain page, and for htmx its list of places.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import wants_fragment
from dashboard.palette import hits_for

LONGEST = 200


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """Places that fit `q`."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    context = {"text": text, "hits": hits_for(request, text)}
    part = "dashboard/palette/_hits.html"
    name = part if wants_fragment(request) else "dashboard/palette/page.html"
    response = render(request, name, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
