"""One incident: its lines, what was told of it, and who has it.  WEB."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import operators, signed_in
from dashboard.deeds import do
from dashboard.htmx import etag_of, living
from tasklog.addresses import number_of
from tasklog.alerts.models import Incident
from tasklog.alerts.reading import deliveries, proofs, visible
from tasklog.alerts.verbs import ACKNOWLEDGE, INCIDENT_VERBS
from tasklog.models import TaskRun


@require_safe
@signed_in
def page(request: HttpRequest, incident_id: str) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    incident = _or_404(request, incident_id)
    sent, lines = deliveries(incident), proofs(request.user, incident)
    context: dict[str, Any] = {
        "incident": incident,
        "rule": incident.rule,
        "run": TaskRun.objects.visible_to(request.user).filter(pk=incident.run_id).first(),
        "lines": lines,
        "sent": sent,
        "titles": True,
        "may_act": ACKNOWLEDGE.allowed(request.user),
    }
    log = [(one.pk, one.state, one.tries, one.error) for one in sent]
    context["etag"] = etag_of(incident.state, incident.count, incident.title, lines, log)
    return living(request, "dashboard/alerts/incident.html", context)


@require_POST
@operators
def verb(request: HttpRequest, incident_id: str, verb: str) -> HttpResponse:
    """Acknowledge or resolve, then back to where the button stood."""
    incident = _or_404(request, incident_id)
    do(request, INCIDENT_VERBS, verb, incident, f"{incident.pk} {incident.title}")
    if request.POST.get("then") == "list":
        return redirect("dashboard:alerts")
    return redirect("dashboard:alert", incident_id)


def _or_404(request: HttpRequest, incident_id: str) -> Incident:
    incident = visible(request.user).filter(pk=number_of(incident_id)).first()
    if incident is None:
        raise Http404(f"There is no incident {incident_id}.")
    return incident
