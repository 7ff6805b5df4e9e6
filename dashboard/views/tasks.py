"""Tasks by their names, with what each did lately.  WEB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from tasklog.task_numbers import ORDERS, WINDOWS, tasks_within

PAGE = 100
LONGEST = 200
SORTS = {"name": "Name", "runs": "Most runs", "failed": "Most failures", "slow": "Slowest"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address; a word that is none counts as the first choice."""

    q: str = ""
    tag: str = ""
    window: str = ""
    sort: str = ""
    page: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Asked:
        said = {n: query.get(n, "").replace("\0", "").strip()[:LONGEST] for n in cls.__slots__}
        return cls(**said)

    def url(self, **changes: str) -> str:
        changed = replace(self, **({"page": ""} | changes))
        return "?" + urlencode({n: v for n in self.__slots__ if (v := getattr(changed, n))})


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """A page of tasks."""
    asked = Asked.read(request.GET)
    window = WINDOWS.get(asked.window) or WINDOWS["24h"]
    sort = asked.sort if asked.sort in SORTS else "name"
    every = tasks_within(request.user, window)
    found = [task for task in every.values() if task.fits(asked.q, asked.tag)]
    found.sort(key=ORDERS[sort])
    number = int(asked.page) if asked.page.isdecimal() and len(asked.page) < 6 else 0
    context = {
        "asked": asked,
        "window": window,
        "sort": sort,
        "sorts": list(SORTS.items()),
        "windows": [(word, asked.url(window=word), word == window.word) for word in WINDOWS],
        "tags": sorted({word for task in every.values() for word in task.tags}),
        "tasks": found[number * PAGE : (number + 1) * PAGE],
        "total": len(found),
        "newer": asked.url(page=str(number - 1) if number > 1 else "") if number else "",
        "older": asked.url(page=str(number + 1)) if len(found) > (number + 1) * PAGE else "",
    }
    return render(request, "dashboard/tasks/list.html", context)
