"""The part of the table that is about the API's control room: what the pages do, for programs."""

from __future__ import annotations

from dataclasses import replace

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


def of_scope(scope: str, least: str) -> Statuses:
    """What asks for a role, too; a program of its own needs none."""
    lower = PEOPLE[1 : PEOPLE.index(least)]
    refused = dict.fromkeys((*lower, *(("viewer's key",) if lower else ())), 403)
    return by_scope(scope) | refused


def reading(statuses: Statuses, **more: object) -> Rule:
    return Rule(statuses, READS, unless_allowed(statuses), **more)  # type: ignore[arg-type]


def taking(statuses: Statuses, posted: Statuses) -> Rule:
    """A list that takes new ones, here an empty body."""
    return replace(reading(statuses, by={"POST": posted}), methods=(*READS, "POST"))


def changing(statuses: Statuses, changed: Statuses) -> Rule:
    """One that is not there, for who looks and for who changes or deletes it."""
    gone = missing(changed)
    by = {"PATCH": gone, "DELETE": gone, "OPTIONS": statuses}
    return Rule(missing(statuses), ("GET", "HEAD", *by), unless_allowed(statuses), by=by)


def none_there(statuses: Statuses, method: str = "GET") -> Rule:
    """It names something that is not there."""
    methods = READS if method == "GET" else (method, "OPTIONS")
    by = {"OPTIONS": statuses}
    return Rule(missing(statuses), methods, unless_allowed(statuses), by=by)


RUNS, LINES = by_scope("tasks:read"), by_scope("logs:read")
ACTING = by_scope("control", viewer=403)
ADMINISTRATORS = of_scope("all", "administrator")
MONITORS = of_scope("metrics", "administrator")
# A view is a person's: a program of its own keeps none.
ONES_VIEWS = ACTING | {f"key {scope}": 403 for scope in SCOPES}


def api_control_room(prefix: str) -> dict[str, Rule]:
    """By the addresses' names."""
    return {
        f"{prefix}:api_search": replace(reading(LINES), of=wrong(LINES), by={"OPTIONS": LINES}),
        f"{prefix}:api_overview": reading(RUNS),
        f"{prefix}:api_task_names": reading(RUNS),
        f"{prefix}:api_task_name": none_there(RUNS),
        f"{prefix}:api_retry_failures": none_there(ACTING, "POST"),
        f"{prefix}:api_find": reading(LINES, of_run=True),
        f"{prefix}:api_attempts": reading(RUNS, of_run=True),
        f"{prefix}:api_comparison": reading(LINES, of_run=True),
        f"{prefix}:api_workflows": reading(RUNS),
        f"{prefix}:api_workflow_lines": reading(LINES, of_run=True),
        f"{prefix}:api_worker": none_there(RUNS),
        f"{prefix}:api_queue": none_there(RUNS),
        f"{prefix}:api_launch": taking(ACTING, wrong(ACTING)),
        # Who may act on a schedule looks at it; changing it takes more.
        f"{prefix}:api_schedules": taking(ACTING, wrong(ADMINISTRATORS)),
        f"{prefix}:api_schedule": changing(ACTING, ADMINISTRATORS),
        f"{prefix}:api_views": taking(RUNS, wrong(ONES_VIEWS)),
        f"{prefix}:api_view": changing(RUNS, ONES_VIEWS),
        f"{prefix}:api_keys": taking(ADMINISTRATORS, wrong(ADMINISTRATORS)),
        f"{prefix}:api_key_revoke": none_there(ADMINISTRATORS, "POST"),
        f"{prefix}:api_audit": reading(ADMINISTRATORS),
        f"{prefix}:api_diagnostics": reading(MONITORS),
        f"{prefix}:api_usage": reading(MONITORS),
    }
