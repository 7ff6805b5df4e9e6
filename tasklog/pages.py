"""The few pages the embeddable app has of its own, and the words for probes.  WEB.

Where the dashboard is installed they lead there; alone they are plain HTML.
"""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tasklog.archive.reader import read_lines
from tasklog.health import is_ready, run_probes
from tasklog.models import TaskRun
from tasklog.roles import Role, role_of

# The plain page shows this many lines, the newest.
SHOWN = 1000


@require_safe
def task(request: HttpRequest, task_id: str) -> HttpResponse:
    """One run and its newest lines."""
    if there := _dashboard("run", task_id):
        return redirect(there)
    if refused := _refusal(request):
        return refused
    visible = TaskRun.objects.visible_to(request.user)
    run = None if "\0" in task_id else visible.filter(pk=task_id).first()
    if run is None:
        raise Http404(f"There is no run with the id {task_id}.")
    lines = read_lines(run.pk, newest=True, limit=SHOWN)
    return render(request, "tasklog/task.html", {"run": run, "lines": lines})


@require_safe
def diagnostic(request: HttpRequest) -> HttpResponse:
    """Every probe in a table."""
    if there := _dashboard("diagnostics"):
        return redirect(there)
    if refused := _refusal(request):
        return refused
    return render(request, "tasklog/diagnostic.html", {"probes": run_probes()})


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers."""
    return _word("ok", 200)


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Readiness: the database and the broker answer.  Staff also read what each probe says."""
    ready = is_ready()
    status = 200 if ready else 503
    if not _staff(request):
        return _word("ready" if ready else "unready", status)
    told = [f"{'ready' if ready else 'unready'}\n"]
    told += [f"{probe.name}: {probe.value}\n" for probe in run_probes()]
    return _word("".join(told).rstrip(), status)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Strangers are sent to the login.  Raises PermissionDenied for one without a role."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if role_of(request.user) < Role.VIEWER:
        raise PermissionDenied
    return None


def _staff(request: HttpRequest) -> bool:
    try:
        user = getattr(request, "user", None)
        return bool(user is not None and user.is_active and user.is_staff)
    except DatabaseError:
        return False


def _dashboard(name: str, *args: str) -> str:
    try:
        return reverse(f"dashboard:{name}", args=args)
    except NoReverseMatch:
        return ""


def _word(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
