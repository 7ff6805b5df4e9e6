"""`POST /api/…/`: one address for each of eight patterns.  WEB."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from demo.launch import BrokerAway, start
from demo.patterns import PATTERNS, Pattern, Plan
from tasklog.api.errors import shape
from tasklog.api.views import ApiView
from tasklog.audit.trail import record


class Links(serializers.Serializer[Any]):
    """Where to go on."""

    status = serializers.CharField()
    progress = serializers.CharField()
    revoke = serializers.CharField()
    run = serializers.CharField()
    report = serializers.CharField(required=False)


class Started(serializers.Serializer[Any]):
    """What was started: its result will be that of `task_id`, its first run is `root_id`."""

    task_id = serializers.CharField()
    root_id = serializers.CharField(required=False)
    task_name = serializers.CharField(required=False)
    task_ids = serializers.ListField(child=serializers.CharField(), required=False)
    report_id = serializers.IntegerField(required=False)
    message = serializers.CharField()
    links = Links(required=False)


class Start(ApiView):
    """Starts a pattern."""

    scope, tag = "control", "Patterns"
    pattern: Pattern
    answer = Started

    def post(self, request: Request) -> Response:
        return answer_of(request, self.pattern, request.data)


def view_of(word: str) -> Any:
    """The view that starts the pattern of this word."""
    pattern = PATTERNS[word]
    name = f"{pattern.inputs.__name__.removesuffix('Inputs')}Start"
    told = f"Starts “{pattern.title}”.\n\n{pattern.sentence}"
    made = {"pattern": pattern, "body": pattern.inputs, "__doc__": told}
    return type(name, (Start,), made).as_view()  # type: ignore[attr-defined]


def answer_of(request: Request, pattern: Pattern, body: Any, **more: Any) -> Response:
    """Starts it and says so; a 400 that names each wrong field, or a 503, and nothing started."""
    try:
        plan = start(pattern, validated(pattern, body), request.user.get_username())
    except BrokerAway as error:
        return away(error)
    name = plan.names[plan.root_id]
    record("launch", request=request._request, target=f"{name} {plan.root_id}")
    return Response({**_told(pattern, plan), **more})


def validated(pattern: Pattern, body: Any) -> dict[str, Any]:
    """The pattern's inputs.  Raises ValidationError."""
    if not isinstance(body, dict):
        allowed = ", ".join(pattern.inputs().fields) or "nothing"
        raise ValidationError({"body": [f"Send a JSON object with {allowed}."]})
    given = pattern.inputs(data=dict(body.items()))
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def away(error: BrokerAway) -> Response:
    return Response(shape("unavailable", str(error)), 503, headers={"Retry-After": "5"})


def _told(pattern: Pattern, plan: Plan) -> dict[str, Any]:
    links = links_of(plan.task_id)
    if report_id := plan.about.get("report_id"):
        links["report"] = reverse("demo:report", args=[report_id])
    return {
        "task_id": plan.task_id,
        "root_id": plan.root_id,
        "task_name": plan.names[plan.task_id],
        **plan.about,
        "message": f"{pattern.title} started. {pattern.sentence}",
        "links": links,
    }


def links_of(task_id: str) -> dict[str, str]:
    """The addresses of one run."""
    return {
        "status": reverse("api-task-status", args=[task_id]),
        "progress": reverse("api-task-progress", args=[task_id]),
        "revoke": reverse("api-revoke-task", args=[task_id]),
        "run": reverse("dashboard:run", args=[task_id]),
    }
