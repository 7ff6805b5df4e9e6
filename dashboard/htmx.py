"""What depends on htmx and its version, in one place.  WEB."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

# Read by htmx from <meta name="htmx-config">.  No eval and no injected <style>: our CSP forbids
# both.  A 304 must not swap: htmx would take its empty body for news.
CONFIG = json.dumps(
    {
        "includeIndicatorStyles": False,
        "allowEval": False,
        # Until it has settled a new link is followed by the browser, as a page of its own.
        "defaultSettleDelay": 0,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "304", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "422", "swap": True},
            {"code": "...", "swap": False, "error": True},
        ],
    }
)


def wants_fragment(request: HttpRequest) -> bool:
    """Asked for by htmx to be put into a page (and not to restore one from its history)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers


def etag_of(*facts: object) -> str:
    """An ETag over the facts a fragment shows."""
    return f'"{hashlib.blake2s(repr(facts).encode(), digest_size=12).hexdigest()}"'


def unchanged(request: HttpRequest, etag: str) -> HttpResponse | None:
    """The 304 to answer when the browser shows these facts already."""
    if request.headers.get("If-None-Match") != etag:
        return None
    return HttpResponseNotModified(headers={"ETag": etag})


def tagged(response: HttpResponse, etag: str) -> HttpResponse:
    """The response with its ETag; pages and fragments share a URL, so caches must tell."""
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["HX-Request"])
    return response


def living(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or for htmx its part `live`: a 304 while the browser shows `context["etag"]`."""
    if not wants_fragment(request):
        return render(request, template, context)
    if same := unchanged(request, context["etag"]):
        return same
    return tagged(render(request, f"{template}#live", context), context["etag"])
