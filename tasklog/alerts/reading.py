"""Which incidents a reader sees, and which of their lines.  WEB.

Where a rule says who sees which runs, an incident of a run is seen by who sees its newest run, and
of its lines those of runs one sees.  Incidents of no run, a queue or a worker, are everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from tasklog.alerts.models import Incident
from tasklog.conf import conf
from tasklog.models import TaskRun
from tasklog.notify.models import Delivery


@dataclass(frozen=True, slots=True)
class Proof:
    """A line of an incident; without `linked` its run is gone."""

    run_id: str
    number: int
    at: datetime | None
    text: str
    level: int
    linked: bool


def visible(user: Any) -> QuerySet[Incident]:
    """The incidents this person may see."""
    found = Incident.objects.select_related("rule")
    if not conf().visibility:
        return found
    runs = TaskRun.objects.visible_to(user).values("pk")
    return found.filter(Q(run_id="") | Q(run_id__in=runs))


def proofs(user: Any, incident: Incident) -> list[Proof]:
    """Its lines, as far as this person may see their runs."""
    named = {quote["run_id"] for quote in incident.quotes}
    there = set(TaskRun.objects.visible_to(user).filter(pk__in=named).values_list("pk", flat=True))
    found = [_proof(quote, quote["run_id"] in there) for quote in incident.quotes]
    return [proof for proof in found if proof.linked or not conf().visibility]


def _proof(quote: dict[str, Any], linked: bool) -> Proof:
    try:
        at = datetime.fromisoformat(quote["at"])
    except ValueError:
        at = None
    return Proof(quote["run_id"], quote["number"], at, quote["text"], quote["level"], linked)


def deliveries(incident: Incident) -> list[Delivery]:
    """What was told of it, the newest first."""
    thread = Delivery.objects.filter(thread=f"incident:{incident.pk}")
    return list(thread.select_related("channel").order_by("-pk")[:50])
