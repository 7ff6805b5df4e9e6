"""The queues: how many wait in each, since when, and who takes them.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, living
from tasklog import memo
from tasklog.control.queues import QueueList, queue_list

TEMPLATE = "dashboard/queues/list.html"
# The broker and some hundred rows are asked for everybody who watches (seconds).
SECONDS = 2


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    found = known(request.user)
    etag = etag_of(found)
    context = {
        "queues": found.queues,
        "problem": found.problem,
        "etag": etag,
        "waiting": sum(queue.depth or 0 for queue in found.queues),
        "stuck": [queue for queue in found.queues if queue.stuck],
    }
    return living(request, TEMPLATE, context)


def known(user: Any) -> QueueList:
    """Everything about all queues, a moment old at most."""
    return memo.keep(("queues", memo.audience(user)), SECONDS, lambda: queue_list(user))
