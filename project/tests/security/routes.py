"""Who gets what where: the one table of all addresses, read by test_routes.py.

A route is found by its name; one that stands nowhere here fails the tests.  `Rule.of` names the
status each actor gets for a request that is allowed there; `Rule.methods` the requests it allows.
"""

from __future__ import annotations

from dataclasses import replace

from project.tests.security.answers import (
    METHODS,
    PEOPLE,
    Rule,
    Statuses,
    all_get,
    by_scope,
    missing,
    pages,
    unless_allowed,
)
from project.tests.security.api_control_room import api_control_room
from project.tests.security.api_rooms import api_rooms


def api(scope: str, method: str = "GET", *, of_run: bool = False, **more: object) -> Rule:
    statuses = by_scope(scope, viewer=403 if scope == "control" else 200)
    methods = ("GET", "HEAD", "OPTIONS") if method == "GET" else (method, "OPTIONS")
    return Rule(statuses, methods, unless_allowed(statuses), of_run=of_run, **more)  # type: ignore[arg-type]


def act() -> Rule:
    """A deed on something that is not there: 404 for who may, and nothing is done."""
    statuses = by_scope("control", viewer=403)
    return Rule(missing(statuses), ("POST",), unless_allowed(statuses), statuses, json=True)


def none_there(statuses: Statuses) -> Statuses:
    """The address names something that does not exist: who may ask hears so."""
    return {actor: 404 if status == 200 else status for actor, status in statuses.items()}


def api_control(method: str = "GET") -> Rule:
    """What needs `control`; a POST names something that does not exist."""
    statuses = by_scope("control", viewer=403)
    methods = ("GET", "HEAD", "OPTIONS") if method == "GET" else (method,)
    asked = statuses if method == "GET" else none_there(statuses)
    return Rule(asked, methods, unless_allowed(statuses), options=0)


def acts(status: int, *, of_run: bool = True) -> Rule:
    return replace(api("control", "POST", of_run=of_run, json=True), posted=status)


SAFE = ("GET", "HEAD")
EVERY = METHODS
QUICK = {"task_type": "quick"}
# One good body for each address that starts a pattern.
STARTS: dict[str, dict[str, object]] = {
    "simple-task": {"x": 4, "y": 5},
    "chain-tasks": {"supplier": "acme"},
    "group-tasks": {"warehouses": ["Lyon"]},
    "chord-tasks": {"items": 10},
    "long-task": {"steps": 1, "step_seconds": 0},
    "retry-task": {"fail_probability": 0},
    "create-users": {"count": 1},
    "generate-report": {"kind": "sales"},
}
SIGNED_IN = dict.fromkeys(PEOPLE, 302)

PAGE = Rule(pages(), SAFE)
WHOLE = Rule(pages(viewer=403, operator=403), SAFE)
RUN = Rule(pages(), of_run=True)
# Asks on GET; the run of the test waits, so that it can be revoked and nothing else.
ASKS = ("GET", "HEAD", "POST")
ACT = Rule(pages(viewer=403), ASKS, of_run=True, posted=422)
DENIED = dict.fromkeys(("operator", "administrator", "root"), 404)
STREAM = Rule(by_scope("logs:read"), of_run=True)
METRICS = by_scope("metrics", viewer=403) | {"operator": 403}
ADMIN = Rule(all_get(302, root=200))
ADMINISTRATORS = pages(viewer=403, operator=403)
# A form that first asks of what kind, and one of a thing that is not there.
FORM = Rule(ADMINISTRATORS, (*SAFE, "POST"))
EDIT = Rule(missing(ADMINISTRATORS), (*SAFE, "POST"))

RULES: dict[str, Rule] = {
    # Open to everybody.
    "login": Rule(
        all_get(200) | SIGNED_IN,
        ("GET", "HEAD", "POST", "PUT", "OPTIONS"),
        all_get(405) | SIGNED_IN,
    ),
    "login_link": Rule(all_get(302)),
    "logout": Rule(all_get(302), ("POST",), options=200),
    "healthz": Rule(all_get(200), SAFE),
    "readyz": Rule(all_get(200), SAFE),
    "favicon": Rule(all_get(302), EVERY),
    "metrics": Rule(METRICS, ("GET", "HEAD", "OPTIONS"), unless_allowed(METRICS)),
    # Lead to the dashboard, which asks who it is.
    "tasklog:task": Rule(all_get(302), SAFE),
    "tasklog:diagnostic": Rule(all_get(302), SAFE),
    # Pages and fragments.
    "dashboard:runs": PAGE,
    "dashboard:search": PAGE,
    "dashboard:palette": PAGE,
    "dashboard:tasks": PAGE,
    # Nothing is filled in; no such view.
    "dashboard:views": Rule(pages(), (*SAFE, "POST"), posted=422),
    "dashboard:view_rename": Rule(missing(pages()), ("POST",)),
    "dashboard:view_delete": Rule(missing(pages()), ("POST",)),
    "dashboard:preferences": Rule(
        pages(), ("POST",), body={"name": "wrap", "value": "off"}, posted=204
    ),
    # Of a task that nobody knows.
    "dashboard:task": Rule(all_get(302, outsider=403) | dict.fromkeys(PEOPLE[1:], 404), SAFE),
    "dashboard:keys": Rule(
        pages(viewer=403, operator=403),
        ("GET", "HEAD", "POST"),
        body={"name": "ci", "scopes": "all", "days": "9"},
    ),
    # Of a key that is not there.
    "dashboard:key_revoke": Rule(
        pages(viewer=403, operator=403) | {"administrator": 404, "root": 404}, ("POST",)
    ),
    "dashboard:diagnostics": PAGE,
    "dashboard:workers": PAGE,
    "dashboard:worker": Rule(missing(pages()), SAFE),
    "dashboard:worker_action": Rule(missing(pages(viewer=403)), (*SAFE, "POST")),
    "dashboard:queues": PAGE,
    "dashboard:queue": Rule(missing(pages()), SAFE),
    "dashboard:queue_purge": Rule(missing(pages(viewer=403, operator=403)), (*SAFE, "POST")),
    "dashboard:sources": PAGE,
    "dashboard:source_upload": Rule(pages(viewer=403), (*SAFE, "POST")),
    "dashboard:source_new": Rule(missing(pages(viewer=403, operator=403)), (*SAFE, "POST")),
    "dashboard:source": Rule(missing(pages(viewer=403, operator=403)), (*SAFE, "POST")),
    "dashboard:source_act": Rule(missing(pages(viewer=403, operator=403)), (*SAFE, "POST")),
    "dashboard:audit": Rule(pages(viewer=403, operator=403), SAFE),
    "dashboard:usage": PAGE,
    "dashboard:schedules": PAGE,
    # No schedule has the id that is asked for: who may gets a 404.
    "dashboard:schedule": Rule(none_there(pages()), SAFE),
    "dashboard:schedule_verb": Rule(none_there(pages(viewer=403)), ("POST",)),
    "dashboard:schedule_new": Rule(pages(viewer=403, operator=403), SAFE),
    # Nothing is filled in.
    "dashboard:schedule_make": Rule(
        {who: 422 if n == 200 else n for who, n in pages(viewer=403, operator=403).items()},
        ("POST",),
    ),
    "dashboard:schedule_edit": Rule(
        none_there(pages(viewer=403, operator=403)), ("GET", "HEAD", "POST")
    ),
    "dashboard:task_tags": Rule(missing(ADMINISTRATORS), ("POST",)),
    "dashboard:alerts": PAGE,
    "dashboard:alert": Rule(missing(pages()), SAFE),
    "dashboard:alert_verb": Rule(missing(pages(viewer=403)), ("POST",)),
    "dashboard:alert_rule_new": FORM,
    "dashboard:alert_rule": Rule(missing(pages()), SAFE),
    "dashboard:alert_rule_edit": EDIT,
    "dashboard:alert_rule_verb": Rule(missing(ADMINISTRATORS), ("POST",)),
    "dashboard:alert_channels": PAGE,
    "dashboard:alert_channel_new": FORM,
    "dashboard:alert_channel": Rule(missing(pages()), SAFE),
    "dashboard:alert_channel_edit": EDIT,
    "dashboard:alert_channel_verb": Rule(missing(ADMINISTRATORS), ("POST",)),
    "dashboard:alert_delivery_again": Rule(missing(pages(viewer=403)), ("POST",)),
    "dashboard:inbox": PAGE,
    "dashboard:inbox_bell": PAGE,
    "dashboard:inbox_read": Rule(missing(pages()), ("POST",)),
    # Of all runs together: for administrators, where a rule says who sees which runs.
    "dashboard:insights": WHOLE,
    "dashboard:insight_pattern": Rule(missing(WHOLE.of), SAFE),
    "dashboard:insight_anomalies": WHOLE,
    "dashboard:insight_figures": WHOLE,
    "dashboard:insight_reports": WHOLE,
    "dashboard:insight_report": Rule(missing(WHOLE.of), SAFE),
    "dashboard:insight_report_download": Rule(missing(WHOLE.of), SAFE),
    # Without a kind nothing is made, and the list says so.
    "dashboard:insight_report_make": Rule(
        all_get(302, outsider=403, viewer=403, operator=403), ("POST",)
    ),
    "dashboard:run": RUN,
    "dashboard:run_status": RUN,
    "dashboard:run_lines": RUN,
    "dashboard:run_find": RUN,
    "dashboard:run_download": RUN,
    "dashboard:run_stream": RUN,
    "dashboard:run_retry": ACT,
    "dashboard:run_edit": ACT,
    "dashboard:run_revoke": replace(ACT, posted=302),
    "dashboard:run_terminate": ACT,
    "dashboard:run_raise": ACT,
    # No such word, no such task.
    "dashboard:runs_bulk": Rule(pages(viewer=403) | DENIED, ASKS),
    "dashboard:task_launch": Rule(pages(viewer=403) | DENIED, ASKS),
    "dashboard:workflows": PAGE,
    "dashboard:workflow": RUN,
    "dashboard:workflow_lines": RUN,
    "dashboard:workflow_find": RUN,
    "dashboard:workflow_stream": RUN,
    "dashboard:workflow_download": RUN,
    "demo:home": Rule(pages()),
    "demo:task": RUN,
    "demo:task_lines": RUN,
    "demo:run": Rule(all_get(302, outsider=403, viewer=403), ("POST",), body=QUICK),
    "demo:reports": Rule(pages()),
    # A report nobody made.
    "demo:report": Rule(pages(viewer=404, operator=404) | {"administrator": 404, "root": 404}),
    "api-docs": Rule(pages()),
    # Programs.
    "api-schema": api("tasks:read"),
    "api-health": api("tasks:read"),
    "api-task-overview": api("tasks:read"),
    "api-task-status": api("tasks:read", of_run=True),
    "api-task-progress": api("tasks:read", of_run=True),
    "api-revoke-task": api("control", "POST", body={"terminate": False}, json=True),
    **{
        f"api-{word}": api("control", "POST", body=body, json=True) for word, body in STARTS.items()
    },
    "demo:trigger": api("control", "POST", body=QUICK, json=True),
    **{
        name: rule
        for prefix in ("tasklog", "demo")
        for name, rule in {
            f"{prefix}:api_schema": api("tasks:read"),
            f"{prefix}:api_tasks": api("tasks:read"),
            f"{prefix}:api_task": api("tasks:read", of_run=True),
            f"{prefix}:api_workers": api("tasks:read"),
            f"{prefix}:api_worker_act": act(),
            f"{prefix}:api_queues": api("tasks:read"),
            f"{prefix}:api_queue_purge": act(),
            f"{prefix}:api_schedule_verb": api_control("POST"),
            f"{prefix}:api_lines": api("logs:read", of_run=True),
            f"{prefix}:api_workflow": api("tasks:read", of_run=True),
            **api_rooms(prefix),
            f"{prefix}:sse_task": STREAM,
            f"{prefix}:sse_test": Rule(by_scope("logs:read")),
            f"{prefix}:api_retry": acts(409),
            f"{prefix}:api_revoke": acts(200),
            f"{prefix}:api_terminate": acts(409),
            f"{prefix}:api_raise": acts(409),
            f"{prefix}:api_bulk": acts(400, of_run=False),
            **api_control_room(prefix),
        }.items()
    },
}

# What the API has without a version it has with one.
RULES |= {
    name.replace(":api_", ":api_v1_"): rule
    for name, rule in RULES.items()
    if name.startswith("tasklog:api_")
}

# Django's admin: everybody else is sent to its login.  A read-only list refuses what changes it;
# what belongs to another app is tried with an object that is not there, and redirects.
OURS = ("tasklogline", "taskattempt", "taskrun", "taskworker", "drainer")
REPORT_ADMIN = {"add": 403, "delete": 302, "change": 302, "history": 302, "changelist": 200}
READ_ONLY = {"add": 403, "delete": 403, "change": 200, "history": 200, "changelist": 200}
KEY_ADMIN = {**READ_ONLY, "delete": 200}
THIRD_PARTY = {"add": 200, "delete": 302, "change": 302, "history": 302, "changelist": 200}
# The trail of the login guard and the results of tasks cannot be added to by hand.
NOT_ADDED = ("accessattempt", "accesslog", "accessfailurelog")
ADMIN_PAGES: dict[str, Statuses] = {
    "index": all_get(302, root=200),
    "login": all_get(200, root=302),
    "logout": all_get(302, root=405),
    "password_change": all_get(302, root=200),
    "password_change_done": all_get(302, root=200),
    # Asks for a field of a model; there is none without parameters.
    "autocomplete": all_get(302, root=403),
    "jsi18n": all_get(302, root=200),
    "view_on_site": all_get(302, root=404),
    "app_list": all_get(302, root=200),
    "auth_user_password_change": all_get(302, root=404),
    # The address of an object without a verb, and what matches nothing else.
    "?": all_get(302, root=302),
    "nothing": all_get(302, root=404),
}


def admin_status(name: str, actor: str) -> int:
    """What GET answers at `admin:NAME`."""
    if name in ADMIN_PAGES:
        return ADMIN_PAGES[name][actor]
    if actor != "root":
        return 302
    _, model, verb = name.rsplit("_", 2)
    if model in OURS:
        return READ_ONLY[verb]
    if model == "apikey":
        return KEY_ADMIN[verb]
    if model == "report":
        return REPORT_ADMIN[verb]
    if model in NOT_ADDED and verb == "add":
        return 403
    return THIRD_PARTY[verb]
