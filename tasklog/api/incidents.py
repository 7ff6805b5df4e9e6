"""`alerts/incidents/`: what rules found, and who has it.  WEB."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.alerts.models import Incident
from tasklog.alerts.reading import deliveries, proofs, visible
from tasklog.alerts.verbs import INCIDENT_VERBS
from tasklog.api.channels import DeliverySerializer
from tasklog.api.deeds import NOT_DONE, Deed, DeedView
from tasklog.api.paging import PageQuery, page, paged, row_or_404
from tasklog.api.serializers import LAST_NUMBER, QuoteSerializer, WordsField, moment, whole
from tasklog.api.views import checked
from tasklog.roles import Role


class ProofSerializer(QuoteSerializer):
    """A line that proves it; `id` is its number within the run."""

    task_id = serializers.CharField(source="run_id")
    timestamp = serializers.DateTimeField(source="at", allow_null=True)


class IncidentSerializer(serializers.Serializer[Incident]):
    """What a rule found; `count` signs of it, the newest in the run `task_id`."""

    id = serializers.IntegerField()
    rule = serializers.IntegerField(source="rule_id")
    rule_name = serializers.CharField(source="rule.name")
    about = serializers.CharField()
    state = serializers.ChoiceField(Incident.State.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    count = serializers.IntegerField()
    task_id = serializers.CharField(source="run_id")
    opened_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    duration = serializers.SerializerMethodField(help_text="Seconds.")
    acknowledged_by = serializers.CharField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    resolved_by = serializers.CharField()
    resolved_at = serializers.DateTimeField(allow_null=True)

    def get_duration(self, incident: Incident) -> float:
        return round(incident.duration.total_seconds(), 6)


class IncidentWithLines(IncidentSerializer):
    """One incident with its lines and with what was told of it."""

    lines = ProofSerializer(many=True, allow_null=True)
    deliveries = DeliverySerializer(many=True)


class IncidentsQuery(PageQuery):
    """The parameters of the list of incidents."""

    state = WordsField(tuple(Incident.State.values))
    rule = whole(1, LAST_NUMBER)
    since = moment()


class IncidentList(DeedView):
    """Incidents, the newest first."""

    scope = "alerts"
    query, answer = IncidentsQuery, page(IncidentSerializer)

    def get(self, request: Request) -> Response:
        asked = checked(IncidentsQuery, request)
        rows = visible(request.user)
        if asked.get("state"):
            rows = rows.filter(state__in=asked["state"])
        if "rule" in asked:
            rows = rows.filter(rule=asked["rule"])
        if "since" in asked:
            rows = rows.filter(opened_at__gte=asked["since"])
        return paged(request, rows, asked, lambda row: IncidentSerializer(row).data)


class IncidentDetail(DeedView):
    """One incident; `lines` is null for a key without `logs:read`."""

    scope = "alerts"
    answer = IncidentWithLines

    def get(self, request: Request, incident_id: str) -> Response:
        incident = row_or_404(visible(request.user), incident_id, "incident")
        lines = None
        if self.may("logs:read"):
            lines = [ProofSerializer(one).data for one in proofs(request.user, incident)]
        context = {"titles": True}
        sent = [DeliverySerializer(one, context=context).data for one in deliveries(incident)]
        told = IncidentSerializer(incident).data
        return Response({**told, "lines": lines, "deliveries": sent})


class IncidentVerb(DeedView):
    """Takes an incident on, so that nobody is told any more, or says that it is over."""

    scope = "alerts"
    least = {"POST": Role.OPERATOR}
    verbs = INCIDENT_VERBS
    answer = Deed
    codes = NOT_DONE

    def post(self, request: Request, incident_id: str, verb: str) -> Response:
        incident = row_or_404(visible(request.user), incident_id, "incident")
        return self.do(INCIDENT_VERBS, verb, incident, f"{incident.pk} {incident.title}")
