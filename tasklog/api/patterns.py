"""`patterns/<id>/`: one pattern with its hours; `anomalies/`: the hours that were unusual.  WEB."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.insights import (
    AnomalySerializer,
    InsightsView,
    PatternSerializer,
)
from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.serializers import text, whole, word
from tasklog.api.views import checked
from tasklog.insights.lookup import ALIKE, find, places_of
from tasklog.insights.models import Anomaly, Pattern, hour_of, moment_of

DAY, LONGEST = 24, 30 * 24
SIMILAR, UNUSUAL = 8, 10


class HourSerializer(serializers.Serializer[Any]):
    """Lines in the hour that begins then; hours without any are left out."""

    hour = serializers.DateTimeField()
    lines = serializers.IntegerField()


class MatchSerializer(serializers.Serializer[Any]):
    """A pattern like it: 0 not at all, 1 the same."""

    id = serializers.IntegerField(source="pattern.pk")
    task = serializers.CharField(source="pattern.task")
    template = serializers.CharField(source="pattern.template")
    score = serializers.FloatField()


class PlaceSerializer(serializers.Serializer[Any]):
    """A run it was last seen in, and the number of a line of it."""

    task_id = serializers.CharField(source="run.pk")
    line = serializers.IntegerField(source="number")


class PatternDetailSerializer(PatternSerializer):
    """One pattern with its hours, its runs and what is like it."""

    hours = HourSerializer(many=True)
    similar = MatchSerializer(many=True)
    seen_in = PlaceSerializer(many=True)
    anomalies = AnomalySerializer(many=True)


class PatternQuery(serializers.Serializer[Any]):
    """How far back its hours go."""

    hours = whole(1, LONGEST, default=7 * DAY)


class AnomaliesQuery(PageQuery):
    """The parameters of the list of unusual hours."""

    kind = word(tuple(Anomaly.Kind.values), required=False)
    task = text()


class PatternDetail(InsightsView):
    """One pattern."""

    query, answer = PatternQuery, PatternDetailSerializer

    def get(self, request: Request, pattern_id: str) -> Response:
        asked = checked(PatternQuery, request)
        row = row_or_404(Pattern.objects.all(), pattern_id, "pattern")
        begin = hour_of(timezone.now()) + 1 - asked["hours"]
        hours = row.hours.filter(hour__gte=begin).order_by("hour")
        alike = find(row.template, but=row.pk, limit=SIMILAR, least=ALIKE)
        return Response(
            {
                **PatternSerializer(row).data,
                "hours": [{"hour": moment_of(one.hour), "lines": one.count} for one in hours],
                "similar": [MatchSerializer(one).data for one in alike],
                "seen_in": [PlaceSerializer(one).data for one in places_of(row, request.user)],
                "anomalies": [AnomalySerializer(one).data for one in row.anomalies.all()[:UNUSUAL]],
            }
        )


class AnomalyList(InsightsView):
    """Hours in which something was not as usual, those found last first."""

    query, answer = AnomaliesQuery, page(AnomalySerializer)

    def get(self, request: Request) -> Response:
        asked = checked(AnomaliesQuery, request)
        rows = Anomaly.objects.all()
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        if asked.get("task"):
            rows = rows.filter(task=asked["task"])
        return paged(request, rows, asked, lambda row: AnomalySerializer(row).data)
