"""`GET /api/docs/`: the OpenAPI document as a page to read and to try.  WEB."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.access import signed_in


@require_GET
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/api_docs.html")
