"""Search over the lines of all runs.  WEB."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import wants_fragment
from dashboard.matches import results
from dashboard.saved import bar_of, of_text
from tasklog.search.condition import Condition
from tasklog.search.find import Found, find
from tasklog.search.problems import QueryError
from tasklog.search.query import LONGEST, Query, parse
from tasklog.search.turns import RETRY_AFTER, turn

EXAMPLES = (
    ("timeout", "a word, in small or capital letters"),
    ('"disk full" level:warning', "these words together, in warnings and worse"),
    (
        "level:error task:import after:1h",
        "errors of the last hour in tasks with “import” in their name",
    ),
    ("task:orders.* state:failed -retry", "in failed runs, lines without “retry”"),
    (
        "stream:stderr worker:w1 before:2026-11-20T03:12",
        "standard error of a worker before a moment (UTC)",
    ),
    (r"/took [0-9]{4,} ms/", "a regular expression: anything that took a second or more"),
)


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx what follows the matches it shows already."""
    text = re.sub(r"\s", " ", request.GET.get("q", "")).strip()
    # Words, not terms: the runs list understands them the same way.
    words = text if text and not re.search("[:/]", text) else ""
    context: dict[str, Any] = {
        "text": text, "words": words, "longest": LONGEST, "examples": EXAMPLES,
    }  # fmt: skip
    try:
        query = parse(text)
    except QueryError as error:
        context |= {"error": error, "problems": _problems(text, error)}
        context["bar"] = bar_of(request.user, "search", "")
        return render(request, "dashboard/search/page.html", context)
    if not wants_fragment(request):
        context["bar"] = bar_of(request.user, "search", of_text(query))
    if not query.terms:
        return render(request, "dashboard/search/page.html", context)
    with turn() as ours:
        if not ours:
            return _busy(request, context)
        context |= _answer(request, query, text)
    fragment = "dashboard/search/results.html"
    whole = "dashboard/search/page.html"
    response = render(request, fragment if wants_fragment(request) else whole, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _answer(request: HttpRequest, query: Query, text: str) -> dict[str, Any]:
    cursor = request.GET.get("from", "")[:300]
    found = find(query, request.user, cursor)
    condition = Condition(query)
    words = " ".join(term.value for term in condition.texts[:1])
    return {
        "found": found,
        "results": results(found, condition),
        "further": bool(cursor),
        "in_log": urlencode({"q": words}) if words else "",
        "next": _next(text, found),
    }


def _next(text: str, found: Found) -> str:
    return f"?{urlencode({'q': text, 'from': found.cursor})}" if found.cursor else ""


def _problems(text: str, error: QueryError) -> list[tuple[str, str]]:
    return [(text[p.start : p.end], p.said) for p in error.problems]


def _busy(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    response = render(request, "dashboard/search/page.html", {**context, "busy": True}, status=429)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
