"""The part of the table that is about the API's rooms: alerts, inbox, sources, insights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from project.tests.security.answers import (
    PEOPLE,
    SCOPES,
    Rule,
    Statuses,
    by_scope,
    missing,
    unless_allowed,
)

READS = ("GET", "HEAD", "OPTIONS")


def wrong(statuses: Statuses) -> Statuses:
    """Nothing is sent: 400 for who may send."""
    return {actor: 400 if status == 200 else status for actor, status in statuses.items()}


def of_scope(scope: str, least: str = "viewer") -> Statuses:
    """What also asks for a role; a program of its own needs none."""
    lower = PEOPLE[1 : PEOPLE.index(least)]
    refused = dict.fromkeys((*lower, *(("viewer's key",) if lower else ())), 403)
    return by_scope(scope) | refused


def listing(scope: str, least: str = "", **more: Any) -> Rule:
    """A list; with `least` it takes new ones from that role, here an empty body."""
    seen = of_scope(scope)
    made = {"POST": wrong(of_scope(scope, least))} if least else {}
    return Rule(seen, (*READS, *made), unless_allowed(seen), by=made, **more)


def one(scope: str, least: str = "") -> Rule:
    """One that is not there; with `least` it is changed and deleted from that role on."""
    seen = of_scope(scope)
    changed = missing(of_scope(scope, least)) if least else {}
    by = {"PATCH": changed, "DELETE": changed, "OPTIONS": seen} if least else {"OPTIONS": seen}
    methods = ("GET", "HEAD", *by)
    return Rule(missing(seen), methods, unless_allowed(seen), by=by)


def deed(scope: str, least: str) -> Rule:
    """Something done to one that is not there."""
    seen = of_scope(scope)
    return Rule(missing(of_scope(scope, least)), ("POST",), unless_allowed(seen), seen)


OVER_ALL = {actor: 403 if status == 200 else status for actor, status in by_scope("").items()} | {
    "administrator": 200,
    "root": 200,
}
WHOLE_API = Rule(OVER_ALL, ("GET", "HEAD", "OPTIONS"), unless_allowed(OVER_ALL))
WHOLE_ONE = Rule(missing(OVER_ALL), ("GET", "HEAD"), unless_allowed(OVER_ALL), OVER_ALL)
# Who is nobody has no inbox, so a program of its own has none.
ONES_OWN = by_scope("alerts") | {f"key {scope}": 403 for scope in SCOPES}


def api_rooms(prefix: str) -> dict[str, Rule]:
    """By the addresses' names."""
    return {
        f"{prefix}:api_uploads": listing("uploads", "operator"),
        f"{prefix}:api_upload": one("uploads"),
        f"{prefix}:api_connections": listing("uploads", "administrator"),
        f"{prefix}:api_connection": one("uploads", "administrator"),
        f"{prefix}:api_connection_verb": deed("uploads", "administrator"),
        f"{prefix}:api_alert_rules": listing("alerts", "administrator"),
        f"{prefix}:api_alert_rule": one("alerts", "administrator"),
        f"{prefix}:api_alert_rule_verb": deed("alerts", "administrator"),
        f"{prefix}:api_alert_rule_preview": one("alerts"),
        f"{prefix}:api_alert_preview": Rule(
            wrong(of_scope("alerts", "administrator")),
            ("POST",),
            unless_allowed(of_scope("alerts")),
            of_scope("alerts"),
        ),
        f"{prefix}:api_incidents": listing("alerts"),
        f"{prefix}:api_incident": one("alerts"),
        f"{prefix}:api_incident_verb": deed("alerts", "operator"),
        f"{prefix}:api_channels": listing("alerts", "administrator"),
        f"{prefix}:api_channel": one("alerts", "administrator"),
        f"{prefix}:api_channel_verb": deed("alerts", "administrator"),
        f"{prefix}:api_deliveries": listing("alerts"),
        f"{prefix}:api_delivery_again": deed("alerts", "operator"),
        f"{prefix}:api_inbox": Rule(ONES_OWN, READS, unless_allowed(ONES_OWN)),
        f"{prefix}:api_inbox_read": Rule(
            missing(ONES_OWN), ("POST",), unless_allowed(ONES_OWN), ONES_OWN
        ),
        f"{prefix}:api_inbox_read_all": Rule(
            ONES_OWN, ("POST", "OPTIONS"), unless_allowed(ONES_OWN)
        ),
        # Of all runs together: a program of its own sees its own alone.
        f"{prefix}:api_pattern": WHOLE_ONE,
        f"{prefix}:api_anomalies": WHOLE_API,
        f"{prefix}:api_reports": replace(
            WHOLE_API, methods=(*WHOLE_API.methods, "POST"), by={"POST": wrong(OVER_ALL)}
        ),
        f"{prefix}:api_report": WHOLE_ONE,
        f"{prefix}:api_report_download": WHOLE_ONE,
        f"{prefix}:api_patterns": WHOLE_API,
        f"{prefix}:api_insights": WHOLE_API,
    }
