"""The inbox: messages to who is signed in, and the bell that counts them.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import signed_in
from dashboard.bell import key_of, unread
from dashboard.htmx import etag_of, tagged, unchanged
from tasklog import memo
from tasklog.addresses import number_of
from tasklog.notify.inbox import messages_to
from tasklog.notify.inbox import read as mark

PAGE = 30


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """One's own messages, the newest first."""
    mine = messages_to(request.user)
    only = request.GET.get("show") == "unread"
    if only:
        mine = mine.filter(read_at=None)
    if before := number_of(request.GET.get("before", "")):
        mine = mine.filter(pk__lt=before)
    found = list(mine.order_by("-pk")[: PAGE + 1])
    also = "show=unread&" if only else ""
    context: dict[str, Any] = {
        "letters": found[:PAGE],
        "older": f"?{also}before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "only": only,
        "unread": unread(request.user),
    }
    return render(request, "dashboard/inbox/list.html", context)


@require_safe
@signed_in
def bell(request: HttpRequest) -> HttpResponse:
    """The bell as every page shows it: 304 while its number is the same."""
    etag = etag_of("bell", unread(request.user))
    if same := unchanged(request, etag):
        return same
    return tagged(render(request, "dashboard/components/bell.html"), etag)


@require_POST
@signed_in
def read(request: HttpRequest, message_id: str) -> HttpResponse:
    """Marks one of one's own, or `all` of them, as read; another's looks like none."""
    mine = messages_to(request.user)
    if message_id != "all":
        mine = mine.filter(pk=number_of(message_id))
        if not mine.exists():
            raise Http404(f"You have no message {message_id}.")
    mark(mine)
    memo.put(key_of(request.user), 0, None)
    return redirect("dashboard:inbox")
