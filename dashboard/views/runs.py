"""The runs list: strip of health, filters, rows; and the fragment that keeps them fresh.  WEB."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from dashboard import controls
from dashboard.access import signed_in
from dashboard.filters import COLUMNS, GROUPS, SINCE, RunFilter
from dashboard.htmx import etag_of, tagged, unchanged, wants_fragment
from dashboard.listing import count_states, list_runs
from dashboard.rows import rows_of
from dashboard.saved import bar_of, of_filter
from dashboard.strip import figures
from tasklog import memo
from tasklog.models import TaskRun

# Tasks, queues and workers on offer are those of so many newest runs.
OFFER_FROM = 500
OFFER_SECONDS = 15
COUNT_SECONDS = 2


class Chip(NamedTuple):
    """A state to choose, with how many runs are in it."""

    title: str
    number: str
    url: str
    current: bool


class Choice(NamedTuple):
    """A menu of the filter bar."""

    name: str
    value: str
    options: list[str]


@require_safe
@gzip_page
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    asked = RunFilter.read(request.GET)
    context = _context(request, asked)
    if not wants_fragment(request):
        return render(request, "dashboard/runs/list.html", context)
    if same := unchanged(request, context["etag"]):
        return same
    response = tagged(render(request, "dashboard/runs/list.html#live", context), context["etag"])
    if request.headers.get("HX-Trigger") == "filter":
        response.headers["HX-Push-Url"] = request.path + asked.url()
    return response


def _context(request: HttpRequest, asked: RunFilter) -> dict[str, Any]:
    visible = TaskRun.objects.visible_to(request.user)
    listing = list_runs(visible, asked)
    rows = rows_of(listing.runs)
    context = {
        "asked": asked,
        "listing": listing,
        "rows": rows,
        "chips": _chips(request, asked),
        "choices": _choices(request, asked),
        "strip": figures(request.user),
        "older": asked.url(before=listing.older) if listing.older else "",
        "newer": asked.url(after=listing.newer) if listing.newer else "",
        "bulk": controls.bulk_words(request.user),
        "bar": bar_of(request.user, "runs", of_filter(asked)),
    }
    return {**context, "etag": _etag(context)}


def _etag(context: dict[str, Any]) -> str:
    return etag_of(
        context["asked"],
        [row.facts for row in context["rows"]],
        context["chips"],
        context["choices"],
        [figure.value for figure in context["strip"]],
        [(view.url, view.name) for view in context["bar"].views],
        context["older"],
        context["newer"],
    )


def _chips(request: HttpRequest, asked: RunFilter) -> list[Chip]:
    visible = TaskRun.objects.visible_to(request.user)
    others = (asked.task, asked.queue, asked.worker, asked.since, asked.q)
    key = ("chips", memo.audience(request.user), others)
    counts = memo.keep(key, COUNT_SECONDS, lambda: count_states(visible, asked))
    chips = [Chip("All", counts["all"], asked.url(state=""), not asked.state)]
    for name in GROUPS:
        url = asked.url(state=name)
        chips.append(Chip(name.capitalize(), counts[name], url, asked.state == name))
    return chips


def _choices(request: HttpRequest, asked: RunFilter) -> list[Choice]:
    offers = memo.keep(
        ("offers", memo.audience(request.user)), OFFER_SECONDS, lambda: _offers(request.user)
    )
    choices = []
    for word, options in offers.items():
        value = getattr(asked, word)
        missing = [value] if value and value not in options else []
        choices.append(Choice(word, value, missing + options))
    return [*choices, Choice("since", asked.since, list(SINCE))]


def _offers(user: Any) -> dict[str, list[str]]:
    """What the newest runs have in these columns; older names can be typed in the search."""
    newest = TaskRun.objects.visible_to(user).values_list(*COLUMNS.values())[:OFFER_FROM]
    columns = zip(*newest, strict=True)
    seen = [sorted(set(column) - {""}) for column in columns] or [[], [], []]
    return dict(zip(COLUMNS, seen, strict=True))
