"""`overview/`, `usage/`, `diagnostics/`: how things stand.  WEB."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog import memo
from tasklog.api.serializers import whole
from tasklog.api.views import ApiView, checked
from tasklog.health import Probe, run_probes
from tasklog.overview import COUNT_LIMIT, last_hour, now

# Some probes ask the broker and the workers: not once per watcher.
SECONDS = 2


class Curve(serializers.Serializer[Any]):
    """The last hour in 24 parts, oldest first."""

    running = serializers.ListField(child=serializers.FloatField())
    waiting = serializers.ListField(child=serializers.FloatField())
    failed = serializers.ListField(child=serializers.FloatField())
    lines = serializers.ListField(child=serializers.FloatField())


class OverviewSerializer(serializers.Serializer[Any]):
    """What goes on now; a count stops at `most`, and there may be more then."""

    running = serializers.IntegerField(help_text="Runs.")
    waiting = serializers.IntegerField(help_text="Runs in queues.")
    failed = serializers.IntegerField(help_text="Runs that failed within the last hour.")
    lines_per_second = serializers.FloatField(source="lines")
    most = serializers.IntegerField()
    last_hour = Curve()


class Overview(ApiView):
    """What goes on now, and how it was in the last hour, as far as you may see the runs."""

    scope = "tasks:read"
    answer = OverviewSerializer

    def get(self, request: Request) -> Response:
        told = {
            name: n if name == "lines" else min(n, COUNT_LIMIT)
            for name, n in now(request.user)._asdict().items()
        }
        told |= {"most": COUNT_LIMIT, "last_hour": last_hour(request.user)._asdict()}
        return Response(OverviewSerializer(told).data)


class ProbeSerializer(serializers.Serializer[Probe]):
    """One answer; `ok` null is a warning: it works, but somebody should look."""

    name = serializers.CharField()
    title = serializers.CharField()
    ok = serializers.BooleanField(allow_null=True)
    value = serializers.CharField()
    limit = serializers.CharField()
    advice = serializers.CharField()


class Probes(serializers.Serializer[Any]):
    """All of them; `ok` is false as soon as one failed, null with a warning."""

    ok = serializers.BooleanField(allow_null=True)
    results = ProbeSerializer(many=True)


class Diagnostics(ApiView):
    """Every probe with its number, its limit and what to do; takes two seconds at most."""

    scope = "metrics"
    answer = Probes

    def get(self, request: Request) -> Response:
        probes = memo.keep("probes", SECONDS, run_probes)
        said = [probe.ok for probe in probes]
        ok = False if False in said else None if None in said else True
        return Response({"ok": ok, "results": [ProbeSerializer(probe).data for probe in probes]})


class DaySerializer(serializers.Serializer[Any]):
    """One day (UTC); `size` in bytes, `users` and `keys` those that did something."""

    day = serializers.DateField()
    runs = serializers.IntegerField()
    failed = serializers.IntegerField()
    lines = serializers.IntegerField()
    size = serializers.IntegerField()
    users = serializers.IntegerField()
    keys = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class Days(serializers.Serializer[Any]):
    """Days, the newest first."""

    results = DaySerializer(many=True)


class DaysQuery(serializers.Serializer[Any]):
    """How many days."""

    days = whole(1, 3650, default=30)


class Usage(ApiView):
    """What was used, day by day."""

    scope = "metrics"
    query, answer = DaysQuery, Days

    def get(self, request: Request) -> Response:
        from tasklog.maintenance.models import UsageDay

        rows = UsageDay.objects.all()[: checked(DaysQuery, request)["days"]]
        return Response({"results": [DaySerializer(row).data for row in rows]})
