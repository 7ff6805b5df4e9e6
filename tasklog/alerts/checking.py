"""What is asked every five minutes: conditions of time, and incidents that are over.  WORKER."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from tasklog.alerts import incidents
from tasklog.alerts.conditions import OF_TIME
from tasklog.alerts.models import Incident, Rule

logger = logging.getLogger(__name__)

# Incidents looked at in one go.
MOST = 1000


def check_rule(rule: Rule) -> int:
    """Judges one rule of time; returns how many findings it has.

    What it no longer finds is over.  A rule that is judged by news has nothing to ask.
    """
    if rule.condition not in OF_TIME:
        return 0
    findings = list(OF_TIME[rule.condition](rule))
    for finding in findings:
        incidents.report(rule, finding)
    still = {finding.about[:255] for finding in findings}
    for incident in rule.incidents.filter(state__in=incidents.OPEN)[:MOST]:
        if incident.about not in still:
            incidents.resolve(incident)
    return len(findings)


def check_all() -> dict[str, int]:
    """Every rule in force; one that fails is told in its own row and stops no other."""
    found = {}
    for rule in Rule.objects.filter(enabled=True, condition__in=list(OF_TIME)):
        try:
            found[rule.name] = check_rule(rule)
            told = ""
        except DatabaseError:
            raise
        except Exception as error:
            # A rule's own numbers may be nonsense; the other rules must be judged all the same.
            logger.exception("Rule %s could not be judged", rule)
            told = f"{type(error).__name__}: {error}"
        if rule.problem != told:
            Rule.objects.filter(pk=rule.pk).update(problem=told)
    calm_down()
    catch_up()
    return found


def calm_down() -> int:
    """Ends incidents of news that have had none for their rule's `calm_minutes`."""
    now, ended = timezone.now(), 0
    waiting = Incident.objects.filter(state__in=incidents.OPEN).select_related("rule")
    for incident in waiting.exclude(rule__condition__in=list(OF_TIME)).order_by("pk")[:MOST]:
        if incident.last_at < now - timedelta(minutes=incident.rule.calm_minutes):
            ended += incidents.resolve(incident)
    return ended


def catch_up() -> int:
    """Tells what quiet hours or a cool-down held back: one message a rule, with all it has."""
    now = timezone.now()
    held = Incident.objects.filter(state=Incident.State.OPEN, count__gt=F("told_count"))
    first = {one.rule_id: one for one in held.select_related("rule").order_by("-pk")[:MOST]}
    return sum(incidents.tell_if_due(one, now) for one in first.values())
