"""The pages of the sidebar; one that is not installed is not shown.  WEB."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from tasklog.roles import Role, role_of


class Page(NamedTuple):
    """A place in the sidebar: its word, its URL's name, its icon and where it is current."""

    title: str
    view: str
    icon: str
    home_of: tuple[str, ...]
    least: Role = Role.VIEWER
    group: str = ""


PAGES = (
    Page("Runs", "dashboard:runs", "runs", ("dashboard:run",)),
    Page("Search", "dashboard:search", "search", ("dashboard:search",)),
    Page("Workflows", "dashboard:workflows", "tree", ("dashboard:workflow",)),
    Page("Tasks", "dashboard:tasks", "task", ("dashboard:task",)),
    Page("Workers", "dashboard:workers", "worker", ("dashboard:worker",), group="Operate"),
    Page("Queues", "dashboard:queues", "queue", ("dashboard:queue",), group="Operate"),
    Page("Schedules", "dashboard:schedules", "clock", ("dashboard:schedule",), group="Operate"),
    Page("Alerts", "dashboard:alerts", "bell", ("dashboard:alert",), group="Understand"),
    Page("Insights", "dashboard:insights", "bulb", ("dashboard:insight",), group="Understand"),
    Page("Sources", "dashboard:sources", "inbox", ("dashboard:source",), group="Understand"),
    Page("Demo", "demo:home", "play", ("demo:",), group="More"),
    Page("Diagnostics", "dashboard:diagnostics", "pulse", ("dashboard:diagnostics",), group="More"),
    Page("API", "api-docs", "braces", ("api-docs",), group="More"),
    Page("API keys", "dashboard:keys", "key", ("dashboard:key",), Role.ADMINISTRATOR, "More"),
    Page("Audit", "dashboard:audit", "eye", ("dashboard:audit",), Role.ADMINISTRATOR, "More"),
    Page("Admin", "admin:index", "gear", ("admin:",), group="More"),
)


class Entry(NamedTuple):
    """A page as the sidebar draws it."""

    title: str
    url: str
    icon: str
    current: bool
    # The word above it, at the first of its group.
    heading: str = ""


def entries(request: HttpRequest) -> list[Entry]:
    """The sidebar of this request: what exists here, and where we are."""
    match = request.resolver_match
    here = match.view_name if match else ""
    role, shown, group = role_of(request.user), list[Entry](), ""
    for page in PAGES:
        if role < page.least:
            continue
        if page.view == "admin:index" and not getattr(request.user, "is_staff", False):
            continue
        try:
            url = reverse(page.view)
        except NoReverseMatch:
            continue
        heading, group = (page.group if page.group != group else ""), page.group
        shown.append(Entry(page.title, url, page.icon, here.startswith(page.home_of), heading))
    return shown
