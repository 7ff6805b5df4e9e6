"""Patterns of lines, and what is worth reading today.  WEB."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.serializers import LAST_NUMBER, LevelField, moment, text, whole
from tasklog.api.views import ApiView, checked
from tasklog.conf import conf
from tasklog.insights.models import Anomaly, Finding, Pattern, moment_of
from tasklog.line import level_name
from tasklog.roles import Role, role_of


class PatternsQuery(serializers.Serializer[Any]):
    """The parameters of the list of patterns."""

    task = text()
    q = text()
    level = LevelField(required=False)
    since = moment()
    after = whole(0, LAST_NUMBER, default=0)
    limit = whole(1, 500, default=100)


class InsightsView(ApiView):
    """Base of what is told of all runs together.

    Where CELERY_TASKLOG_VISIBILITY says who sees which runs, it is for administrators.
    """

    scope = "logs:read"

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if conf().visibility and role_of(request.user) < Role.ADMINISTRATOR:
            raise PermissionDenied


class PatternList(InsightsView):
    """Patterns in the order they were first seen; go on from the last `id` with `after`."""

    query = PatternsQuery

    def get(self, request: Request) -> Response:
        asked = checked(PatternsQuery, request)
        rows = Pattern.objects.filter(pk__gt=asked["after"]).order_by("pk")
        if asked.get("task"):
            rows = rows.filter(task=asked["task"])
        if asked.get("q"):
            rows = rows.filter(template__icontains=asked["q"])
        if asked.get("level"):
            rows = rows.filter(level__gte=asked["level"])
        if asked.get("since"):
            rows = rows.filter(last_seen__gte=asked["since"])
        return Response({"results": [_pattern(row) for row in rows[: asked["limit"]]]})


class InsightList(InsightsView):
    """The findings of the newest day, ranked, each with what else proves it under `also`; and the
    newest unusual hours: those of one `storm` belong together.
    """

    def get(self, request: Request) -> Response:
        newest = Finding.objects.order_by("-day").first()
        rows = Finding.objects.none()
        if newest:
            rows = Finding.objects.filter(day=newest.day, head=None).prefetch_related("also")
        unusual = Anomaly.objects.all()[:100]
        return Response(
            {
                "day": newest.day if newest else None,
                "results": [
                    _finding(row) | {"also": [_finding(one) for one in row.also.all()]}
                    for row in rows
                ],
                "anomalies": [_anomaly(row) for row in unusual],
            }
        )


def _pattern(row: Pattern) -> dict[str, Any]:
    return {
        "id": row.pk,
        "task": row.task,
        "template": row.template,
        "level": level_name(row.level),
        "total": row.total,
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "example": row.example,
    }


def _finding(row: Finding) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "task": row.task,
        "sentence": row.sentence,
        "score": round(row.score, 1),
        "pattern": row.pattern_id,
        "begin": row.began,
        "end": row.ended,
    }


def _anomaly(row: Anomaly) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "task": row.task,
        "hour": row.at,
        "storm": moment_of(row.storm),
        "observed": row.observed,
        "usual": row.usual,
        "sentence": row.sentence,
        "pattern": row.pattern_id,
    }
