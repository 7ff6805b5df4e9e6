"""`GET tasks/`, `GET tasks/<id>/`, `GET tasks/<id>/lines/`.  WEB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import Count
from django.http import Http404
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from tasklog.api import errors
from tasklog.api.auth import HasScope, KeyAuthentication, KeyThrottle, holds, may
from tasklog.api.listing import Cursor, page_of
from tasklog.api.models import ApiKey
from tasklog.api.parsing import SmallJson
from tasklog.api.schema import ViewSchema
from tasklog.api.serializers import (
    LinePage,
    LinesQuery,
    RunDetailSerializer,
    RunPage,
    RunSerializer,
    RunsQuery,
    RunWithLogs,
    line_json,
)
from tasklog.archive.reader import read_lines
from tasklog.line import Line
from tasklog.models import TaskAttempt, TaskRun
from tasklog.roles import Role

# A run's own answer carries this many lines, the newest.
NEWEST = 1000


class AlwaysJson(BaseContentNegotiation):
    """A browser that asks for HTML gets the JSON, not a 406."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """Base of every API view, also for other rooms: set `scope`.

    `query`, `body` and `answer` are the serializers that the OpenAPI document shows, where methods
    differ a dict of them by method; `statuses` what a method answers that is not 200, and `least`
    what it asks of a person beyond the scope.
    """

    scope: str
    least: ClassVar[dict[str, Role]] = {}
    statuses: ClassVar[dict[str, int]] = {}
    schema = ViewSchema()
    authentication_classes = [KeyAuthentication, SessionAuthentication]
    permission_classes = [HasScope]
    throttle_classes = [KeyThrottle]
    renderer_classes = [JSONRenderer]
    parser_classes = [SmallJson]
    content_negotiation_class = AlwaysJson

    def get_exception_handler(self) -> Any:
        return errors.handle

    @property
    def key(self) -> ApiKey | None:
        auth = self.request.auth
        return auth if isinstance(auth, ApiKey) else None

    def may(self, scope: str) -> bool:
        """Whether the caller may do this as well."""
        return may(self.request.user, self.key, scope)

    def holds(self, least: Role) -> bool:
        """Whether the caller has this role, or is a program of its own."""
        return holds(self.request.user, self.key, least)

    def run_or_404(self, task_id: str) -> TaskRun:
        """A run that this caller may not see looks like no run."""
        visible = TaskRun.objects.visible_to(self.request.user)
        run: TaskRun | None = None if "\0" in task_id else visible.filter(pk=task_id).first()
        if run is None:
            raise Http404(f"There is no run with the id {task_id}.")
        return run


class RunList(ApiView):
    """Recent runs, newest first."""

    scope = "tasks:read"
    query, answer = RunsQuery, RunPage

    def get(self, request: Request) -> Response:
        asked = checked(RunsQuery, request)
        asked["cursor"] = _cursor(asked["cursor"])
        page = page_of(TaskRun.objects.visible_to(request.user), asked)
        told = attempts_of(page.runs)
        rows = [RunSerializer(run, context=told).data for run in page.runs]
        following, previous = _link(request, page.next), _link(request, page.previous)
        return Response({"next": following, "previous": previous, "results": rows})


class RunDetail(ApiView):
    """One run with its newest lines; `logs` is null for a key without `logs:read`."""

    scope = "tasks:read"
    answer = RunWithLogs

    def get(self, request: Request, task_id: str) -> Response:
        run = self.run_or_404(task_id)
        body = dict(RunDetailSerializer(run, context=attempts_of([run])).data)
        body["logs"] = None
        if self.may("logs:read"):
            body["logs"] = list(map(line_json, read_lines(run.pk, newest=True, limit=NEWEST)))
        body["log_count"] = run.line_count
        return Response(body)


class LineList(ApiView):
    """A window of a run's lines, in order: the first after `after`, or the last before `before`."""

    scope = "logs:read"
    query, answer = LinesQuery, LinePage

    def get(self, request: Request, task_id: str) -> Response:
        asked = checked(LinesQuery, request)
        run = self.run_or_404(task_id)
        after, before, limit = asked["after"], asked.get("before"), asked["limit"]
        lines = read_lines(
            run.pk, after=after, before=before, limit=limit,
            newest=before is not None and not after,
            levels=asked.get("level"), streams=asked.get("stream") or None, q=asked["q"],
        )  # fmt: skip
        following, previous = _neighbours(asked, lines)
        return Response(
            {
                "next": _window(request, "after", following),
                "previous": _window(request, "before", previous),
                "results": list(map(line_json, lines)),
            }
        )


def checked(query: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's parameters; raises a 400 that names each wrong one and what is allowed."""
    given = query(data={name: request.query_params[name] for name in request.query_params})
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _cursor(text: str) -> Cursor | None:
    try:
        return Cursor.unpack(text) if text else None
    except (ValueError, IndexError) as error:
        told = "Follow `next` or `previous` of an earlier answer as they are."
        raise ValidationError({"cursor": told}) from error


def _link(request: Request, cursor: Cursor | None) -> str | None:
    url = request.build_absolute_uri()
    return replace_query_param(url, "cursor", cursor.pack()) if cursor else None


def _neighbours(asked: dict[str, Any], lines: list[Line]) -> tuple[int | None, int | None]:
    """The numbers to go on from, forwards and backwards; None where there is nothing more."""
    if not lines:
        return None, None
    full = len(lines) == asked["limit"]
    backwards = "before" in asked and not asked["after"]
    following = lines[-1].number if full or backwards else None
    return following, lines[0].number if (full if backwards else lines[0].number > 1) else None


def _window(request: Request, edge: str, number: int | None) -> str | None:
    if number is None:
        return None
    other = "before" if edge == "after" else "after"
    url = remove_query_param(request.build_absolute_uri(), other)
    return replace_query_param(url, edge, str(number))


def attempts_of(runs: Iterable[TaskRun]) -> dict[str, Any]:
    """The serializer's context: how often each of these runs was started."""
    counted = (
        TaskAttempt.objects.filter(task_id__in=[run.pk for run in runs])
        .order_by()
        .values_list("task_id")
        .annotate(n=Count("id"))
    )
    return {"attempts": dict(counted)}
