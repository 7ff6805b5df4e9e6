"""Patterns of lines, and what is worth reading today.  WEB."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.serializers import LAST_NUMBER, LevelField, moment, text, whole
from tasklog.api.views import ApiView, checked
from tasklog.insights.models import Anomaly, Finding, Pattern, moment_of
from tasklog.line import level_name
from tasklog.roles import sees_all


class PatternsQuery(serializers.Serializer[Any]):
    """The parameters of the list of patterns."""

    task = text()
    q = text()
    level = LevelField(required=False)
    since = moment()
    after = whole(0, LAST_NUMBER, default=0)
    limit = whole(1, 500, default=100)


class PatternSerializer(serializers.Serializer[Pattern]):
    """One kind of line of one task, with an example."""

    id = serializers.IntegerField()
    task = serializers.CharField()
    template = serializers.CharField()
    level = serializers.SerializerMethodField()
    total = serializers.IntegerField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    example = serializers.CharField()

    def get_level(self, row: Pattern) -> str:
        return level_name(row.level)


class Patterns(serializers.Serializer[Any]):
    """Patterns in the order they were first seen."""

    results = PatternSerializer(many=True)


class SignSerializer(serializers.Serializer[Finding]):
    """A sentence; `pattern` is the id of its proof, `begin` and `end` its time where it has one."""

    kind = serializers.ChoiceField(Finding.Kind.choices)
    task = serializers.CharField()
    sentence = serializers.CharField()
    score = serializers.SerializerMethodField()
    pattern = serializers.IntegerField(source="pattern_id", allow_null=True)
    begin = serializers.DateTimeField(source="began", allow_null=True)
    end = serializers.DateTimeField(source="ended", allow_null=True)

    def get_score(self, row: Finding) -> float:
        return round(row.score, 1)


class FindingSerializer(SignSerializer):
    """A sentence worth reading, and what else proves it."""

    also = SignSerializer(many=True)


class AnomalySerializer(serializers.Serializer[Anomaly]):
    """An hour in which something was not as usual; those of one task and `storm` go together."""

    kind = serializers.ChoiceField(Anomaly.Kind.choices)
    task = serializers.CharField()
    hour = serializers.DateTimeField(source="at")
    storm = serializers.SerializerMethodField()
    observed = serializers.FloatField()
    usual = serializers.FloatField()
    sentence = serializers.CharField()
    pattern = serializers.IntegerField(source="pattern_id", allow_null=True)

    def get_storm(self, row: Anomaly) -> datetime:
        return moment_of(row.storm)


class Insights(serializers.Serializer[Any]):
    """What is worth reading today."""

    day = serializers.DateField(allow_null=True)
    results = FindingSerializer(many=True)
    anomalies = AnomalySerializer(many=True)


class InsightsView(ApiView):
    """Base of what is told of all runs together.

    Where CELERY_TASKLOG_VISIBILITY says who sees which runs, it is for administrators.
    """

    scope = "logs:read"

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if not sees_all(request.user):
            raise PermissionDenied


class PatternList(InsightsView):
    """Patterns in the order they were first seen; go on from the last `id` with `after`."""

    query, answer = PatternsQuery, Patterns

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
        return Response(
            {"results": [PatternSerializer(row).data for row in rows[: asked["limit"]]]}
        )


class InsightList(InsightsView):
    """The findings of the newest day, ranked, each with what else proves it under `also`; and the
    newest unusual hours: those of one `storm` belong together.
    """

    answer = Insights

    def get(self, request: Request) -> Response:
        newest = Finding.objects.order_by("-day").first()
        rows = Finding.objects.none()
        if newest:
            rows = Finding.objects.filter(day=newest.day, head=None).prefetch_related("also")
        unusual = Anomaly.objects.all()[:100]
        return Response(
            {
                "day": newest.day if newest else None,
                "results": [FindingSerializer(row).data for row in rows],
                "anomalies": [AnomalySerializer(row).data for row in unusual],
            }
        )
