"""`figures/`: what ran, failed and took how long, by task, project or tag.  WEB."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.insights import InsightsView
from tasklog.api.serializers import whole, word
from tasklog.api.views import checked
from tasklog.insights.grouped import GROUPINGS, compared
from tasklog.insights.models import hour_of

# Of one answer.
MOST = 500


class Counted(serializers.Serializer[Any]):
    """Runs that ended within the hours asked for; `mean` and `longest` are seconds."""

    ended = serializers.IntegerField()
    failed = serializers.IntegerField()
    failure_percent = serializers.FloatField()
    mean = serializers.FloatField()
    longest = serializers.FloatField()
    lines = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]


class GroupSerializer(Counted):
    """One group, and the same of as many hours before."""

    name = serializers.CharField(source="task")
    before = Counted()


class Groups(serializers.Serializer[Any]):
    """Those that fail most first, then those that run most; 500 at most of `total`."""

    total = serializers.IntegerField()
    results = GroupSerializer(many=True)


class FiguresQuery(serializers.Serializer[Any]):
    """How runs are grouped, and how many hours back, the running one among them."""

    by = word(tuple(GROUPINGS), default="task")
    hours = whole(1, 90 * 24, default=7 * 24)


class FigureList(InsightsView):
    """Figures by task, by project (the first word of a task's name) or by tag."""

    query, answer = FiguresQuery, Groups

    def get(self, request: Request) -> Response:
        asked = checked(FiguresQuery, request)
        end = hour_of(timezone.now()) + 1
        rows = compared(asked["by"], end - asked["hours"], end)
        results = [GroupSerializer(row).data for row in rows[:MOST]]
        return Response({"total": len(rows), "results": results})
