"""Who may look: every view of the dashboard wears `signed_in`, or what asks for more.  WEB."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url

from dashboard.views.errors import forbidden
from tasklog.models import TaskRun
from tasklog.roles import Role, role_of

View = Callable[..., Any]


def for_role(least: Role) -> Callable[[View], View]:
    """Lets people of this role pass; works on plain and on async views.

    Strangers get what their client can use: pages a redirect to the login, htmx a 401 that makes
    it go there, streams a 401.  Who is signed in and may not gets a 403, which is audited.
    """

    def guard(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def later(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                request.user = await request.auser()
                refused = await sync_to_async(_refusal)(request, least)
                return refused or await view(request, *args, **kwargs)

            return later

        @wraps(view)
        def now(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return _refusal(request, least) or view(request, *args, **kwargs)

        return now

    return guard


signed_in = for_role(Role.VIEWER)
operators = for_role(Role.OPERATOR)
administrators = for_role(Role.ADMINISTRATOR)


def run_or_404(request: HttpRequest, task_id: str) -> TaskRun:
    """The run, if this user may see it.  A foreign run and no run look the same."""
    run: TaskRun | None = None
    if "\0" not in task_id:  # PostgreSQL knows no text with one
        run = TaskRun.objects.visible_to(request.user).filter(pk=task_id).first()
    if run is None:
        raise Http404(f"There is no run with the id {task_id}.")
    return run


def _refusal(request: HttpRequest, least: Role) -> HttpResponse | None:
    if role_of(request.user) >= least:
        return None
    if request.user.is_authenticated:
        return forbidden(request, PermissionDenied())
    if "text/event-stream" in request.headers.get("Accept", ""):
        return HttpResponse("Sign in first.\n", status=401, content_type="text/plain")
    if request.headers.get("HX-Request") == "true":
        return _send_to_login(request)
    return redirect_to_login(request.get_full_path())


def _send_to_login(request: HttpRequest) -> HttpResponse:
    """htmx follows HX-Redirect with the whole page; a 302 would end up inside a table."""
    came_from = request.headers.get("HX-Current-URL", "")
    path = "/" + came_from.split("/", 3)[3] if came_from.count("/") >= 3 else "/"
    login = redirect_to_login(path, resolve_url(settings.LOGIN_URL))
    return HttpResponse(status=401, headers={"HX-Redirect": login.url})
