"""The tags of a task, given by a form on its page.  WEB."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.access import administrators
from dashboard.views.task import shown
from tasklog.control.actions import perform
from tasklog.control.tagging import TAG
from tasklog.task_numbers import is_known


@require_POST
@administrators
def save(request: HttpRequest, name: str) -> HttpResponse:
    """Gives it the tags of the form in place of those before; what is no tag is told there."""
    if not is_known(request.user, name):
        raise Http404(f"There is no task called {name}.")
    typed = request.POST.get("tags", "")
    outcome = perform(TAG, request, name, text=typed)
    if not outcome.done:
        return shown(request, name, typed=typed, wrong=outcome.told)
    messages.success(request, outcome.told)
    return redirect("dashboard:task", name)
