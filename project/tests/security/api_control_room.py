"""The part of the table that is about the API's control room: what the pages do, for programs."""

from __future__ import annotations

from dataclasses import replace

from project.tests.security.answers import (
    SCOPES,
    Rule,
    by_scope,
    changing,
    none_there,
    of_scope,
    reading,
    taking,
    wrong,
)

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
        f"{prefix}:api_download": reading(LINES, of_run=True),
        f"{prefix}:api_attempts": reading(RUNS, of_run=True),
        f"{prefix}:api_comparison": reading(LINES, of_run=True),
        f"{prefix}:api_workflows": reading(RUNS),
        f"{prefix}:api_workflow_lines": reading(LINES, of_run=True),
        f"{prefix}:api_workflow_download": reading(LINES, of_run=True),
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
