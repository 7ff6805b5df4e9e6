"""Where the command palette leads: pages, saved views, runs by their id, and by their name tasks,
workers, queues and schedules.  WEB.
"""

from __future__ import annotations

from typing import NamedTuple

from django.apps import apps
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from dashboard.pages import entries
from dashboard.saved import views_for
from tasklog.control import schedules
from tasklog.models import TaskRun, TaskWorker
from tasklog.task_numbers import names_like

# Of each kind.
MOST = 6
# Fewer characters of an id would fit half of the runs.
ID_LENGTH = 4


class Hit(NamedTuple):
    """A place to go to."""

    kind: str
    title: str
    url: str
    icon: str
    detail: str = ""


def hits_for(request: HttpRequest, text: str) -> list[Hit]:
    """What fits, the surest kind first; without a text the pages."""
    pages = [
        Hit("Page", entry.title, entry.url, entry.icon)
        for entry in entries(request)
        if text.lower() in entry.title.lower()
    ]
    if not text:
        return [*pages, *_views(request, text)]
    return [
        *pages[:MOST],
        *_views(request, text),
        *_runs(request, text),
        *_tasks(request, text),
        *_workers(text),
        *_queues(text),
        *_schedules(text),
    ]


def _views(request: HttpRequest, text: str) -> list[Hit]:
    """Saved views, a person's own and the shared ones."""
    views = views_for(request.user).filter(name__icontains=text)[:MOST]
    return [Hit("View", v.name, v.url, v.page, v.get_page_display()) for v in views]


def _runs(request: HttpRequest, text: str) -> list[Hit]:
    """By the beginning of the id: a range of the primary key."""
    if len(text) < ID_LENGTH:
        return []
    runs = TaskRun.objects.visible_to(request.user)
    found = runs.filter(pk__gte=text, pk__lt=text + "\U0010ffff").order_by("pk")
    columns = ("pk", "name", "state")
    return [
        Hit("Run", name or pk, reverse("dashboard:run", args=[pk]), state, pk)
        for pk, name, state in found.values_list(*columns)[:MOST]
    ]


def _tasks(request: HttpRequest, text: str) -> list[Hit]:
    return [
        Hit("Task", name, reverse("dashboard:task", args=[name]), "task")
        for name in names_like(request.user, text, MOST)
    ]


def _workers(text: str) -> list[Hit]:
    """Their page; where it is not installed their runs."""
    names = TaskWorker.objects.filter(name__icontains=text).order_by("name")
    return [
        Hit("Worker", name, _page("worker", name), "worker")
        for name in names.values_list("name", flat=True)[:MOST]
    ]


def _queues(text: str) -> list[Hit]:
    """Those that were sampled, or declared: the broker is not asked for each letter."""
    if not apps.is_installed("tasklog.control"):
        return []
    from tasklog.control.samples import known_names

    fit = [name for name in known_names() if text.lower() in name.lower()]
    return [Hit("Queue", name, _page("queue", name), "queue") for name in fit[:MOST]]


def _schedules(text: str) -> list[Hit]:
    if not schedules.installed():
        return []
    from tasklog.control.schedules.listing import named

    return [
        Hit("Schedule", name, reverse("dashboard:schedule", args=[pk]), "clock", task)
        for pk, name, task in named(text, MOST)
    ]


def _page(word: str, name: str) -> str:
    try:
        return reverse(f"dashboard:{word}", args=[name])
    except NoReverseMatch:
        return f"{reverse('dashboard:runs')}?{urlencode({word: name})}"
