"""Alerts: what is open, what was, and the rules that watch.  WEB."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.access import signed_in
from dashboard.htmx import etag_of, living
from tasklog.addresses import number_of
from tasklog.alerts.incidents import OPEN
from tasklog.alerts.models import Incident, Rule
from tasklog.alerts.reading import visible
from tasklog.alerts.verbs import SAVE_RULE
from tasklog.notify.models import Channel

# So many open ones are shown, so many that are over on a page, so many rules.
MOST, PAGE, RULES = 100, 20, 500


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its living part: 304 while nothing in it has changed."""
    known = visible(request.user)
    before = number_of(request.GET.get("before", ""))
    opened = [] if before else list(known.filter(state__in=OPEN).order_by("-pk")[: MOST + 1])
    over = known.filter(state=Incident.State.RESOLVED).order_by("-pk")
    ended = list((over.filter(pk__lt=before) if before else over)[: PAGE + 1])
    rules = _rules()
    context: dict[str, Any] = {
        "opened": opened[:MOST],
        "more": len(opened) > MOST,
        "over": ended[:PAGE],
        "older": f"?before={ended[PAGE - 1].pk}" if len(ended) > PAGE else "",
        "before": before,
        "rules": rules,
        "channels": Channel.objects.exists(),
        "may_edit": SAVE_RULE.allowed(request.user),
    }
    context["etag"] = etag_of(
        [_facts(one) for one in (*opened, *ended)],
        [(rule.pk, rule.changed_at, rule.problem, rule.open, rule.last) for rule in rules],
    )
    return living(request, "dashboard/alerts/list.html", context)


def _rules() -> list[Any]:
    """The rules with how many incidents are open, and the newest one's last sign.

    Not a join: a rule may have had any number of incidents; of open ones there are few.
    """
    newest = Incident.objects.filter(rule=OuterRef("pk")).order_by("-pk").values("last_at")[:1]
    found = Rule.objects.annotate(last=Subquery(newest)).prefetch_related("channels")
    counted = Incident.objects.filter(state__in=OPEN).order_by().values("rule")
    opened = dict(counted.annotate(n=Count("pk")).values_list("rule", "n"))
    rules: list[Any] = list(found.order_by("name")[:RULES])
    for rule in rules:
        rule.open = opened.get(rule.pk, 0)
    return rules


def _facts(incident: Incident) -> tuple[object, ...]:
    return incident.pk, incident.state, incident.count, incident.title, incident.rule.name
