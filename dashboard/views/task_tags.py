"""The tags of a task, given by a form on its page.  WEB."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import administrators
from dashboard.deeds import act
from tasklog.control.tagging import TAG
from tasklog.task_numbers import is_known


@require_POST
@administrators
def save(request: HttpRequest, name: str) -> HttpResponse:
    """Gives it the tags of the form, and takes others away; then back to its page."""
    if not is_known(request.user, name):
        raise Http404(f"There is no task called {name}.")
    act(request, TAG, name, name, text=request.POST.get("tags", ""))
    return redirect("dashboard:task", name)
