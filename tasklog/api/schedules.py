"""`GET schedules/`, `POST schedules/<id>/<verb>/`.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.errors import shape
from tasklog.api.models import ApiKey
from tasklog.api.serializers import whole
from tasklog.api.views import ApiView, checked
from tasklog.control.schedules.listing import Schedule, describe, find, page_of
from tasklog.control.schedules.verbs import PROGRAMS, act


class SchedulesQuery(serializers.Serializer[Any]):
    """The parameters of the list."""

    page = whole(1, 10_000, default=1)


class ScheduleList(ApiView):
    """Schedules, those switched on first, 50 a page; `next` is the following page's number."""

    scope = "control"
    query = SchedulesQuery

    def get(self, request: Request) -> Response:
        number: int = checked(SchedulesQuery, request)["page"]
        found, more = page_of(request.user, number)
        following = number + 1 if more else None
        return Response({"next": following, "results": [schedule_json(one) for one in found]})


class ScheduleVerb(ApiView):
    """Does one of `PROGRAMS` to a schedule."""

    http_method_names = ["post"]
    scope = "control"
    codes = {"409": "It did not happen; the sentence says why."}

    def post(self, request: Request, schedule_id: str, verb: str) -> Response:
        task = find(schedule_id)
        if task is None:
            raise Http404(f"There is no schedule with the id {schedule_id}.")
        if verb not in PROGRAMS:
            raise Http404(f"A schedule knows no {verb}. There are: {', '.join(PROGRAMS)}.")
        if isinstance(request.auth, ApiKey):
            request._request.tasklog_key = request.auth  # type: ignore[attr-defined]
        outcome = act(verb, request._request, task)
        if not outcome.done:
            return Response(shape("not_done", outcome.told), 409)
        body = {"result": outcome.result, "message": outcome.told, "task_id": outcome.made}
        return Response(body | {"schedule": schedule_json(describe(task, request.user))})


def schedule_json(one: Schedule) -> dict[str, Any]:
    """A schedule as programs get it; moments in UTC, the last run's id where one may see it."""
    task = one.task
    return {
        "id": task.pk,
        "name": task.name,
        "task": task.task,
        "enabled": task.enabled,
        "kind": one.kind,
        "when": one.when,
        "next": one.next,
        "missed": one.missed,
        "skipping": one.skipping,
        "last_task_id": one.runs[0].pk if one.runs else None,
        "last_status": one.runs[0].state if one.runs else None,
    }
