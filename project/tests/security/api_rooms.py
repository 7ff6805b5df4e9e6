"""The part of the table that is about the API's rooms: alerts, inbox, sources, insights."""

from __future__ import annotations

from dataclasses import replace

from project.tests.security.answers import (
    SCOPES,
    Rule,
    by_scope,
    changing,
    missing,
    none_there,
    of_scope,
    reading,
    taking,
    unless_allowed,
    wrong,
)


def listing(scope: str, least: str = "") -> Rule:
    """A list; with `least` it takes new ones from that role on."""
    seen = of_scope(scope)
    return taking(seen, wrong(of_scope(scope, least))) if least else reading(seen)


def one(scope: str, least: str = "") -> Rule:
    """One that is not there; with `least` it is changed and deleted from that role on."""
    seen = of_scope(scope)
    return changing(seen, of_scope(scope, least)) if least else none_there(seen)


def deed(scope: str, least: str, method: str = "POST") -> Rule:
    """Something done to one that is not there."""
    seen = of_scope(scope)
    return Rule(missing(of_scope(scope, least)), (method,), unless_allowed(seen), seen)


OVER_ALL = {actor: 403 if status == 200 else status for actor, status in by_scope("").items()} | {
    "administrator": 200,
    "root": 200,
}
WHOLE_API = reading(OVER_ALL)
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
        f"{prefix}:api_tags": deed("alerts", "administrator", "PUT"),
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
        f"{prefix}:api_inbox": reading(ONES_OWN),
        f"{prefix}:api_inbox_read": Rule(
            missing(ONES_OWN), ("POST",), unless_allowed(ONES_OWN), ONES_OWN
        ),
        f"{prefix}:api_inbox_read_all": Rule(
            ONES_OWN, ("POST", "OPTIONS"), unless_allowed(ONES_OWN)
        ),
        # Of all runs together: a program of its own sees its own alone.
        f"{prefix}:api_pattern": WHOLE_ONE,
        f"{prefix}:api_anomalies": WHOLE_API,
        f"{prefix}:api_figures": WHOLE_API,
        f"{prefix}:api_reports": replace(
            WHOLE_API, methods=(*WHOLE_API.methods, "POST"), by={"POST": wrong(OVER_ALL)}
        ),
        f"{prefix}:api_report": WHOLE_ONE,
        f"{prefix}:api_report_download": WHOLE_ONE,
        f"{prefix}:api_patterns": WHOLE_API,
        f"{prefix}:api_insights": WHOLE_API,
    }
