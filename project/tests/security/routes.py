"""Who gets what where: the one table of all addresses, read by test_routes.py.

A route is found by its name; one that stands nowhere here fails the tests.  `Rule.of` names the
status each actor gets for a request that is allowed there; `Rule.methods` the requests it allows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

# People by their role, and programs by the scope of their key.
PEOPLE = ("outsider", "viewer", "operator", "administrator", "root")
SCOPES = ("tasks:read", "logs:read", "control", "alerts", "uploads", "metrics", "all")
KEYS = (*(f"key {scope}" for scope in SCOPES), "viewer's key", "revoked key", "wrong key")
ACTORS = ("anonymous", *PEOPLE, *KEYS)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Statuses = dict[str, int]


@dataclass(frozen=True)
class Rule:
    """What a kind of address answers."""

    of: Statuses
    methods: tuple[str, ...] = ("GET",)
    # For every other method: a status for all, or one for each actor.
    otherwise: int | Statuses = 405
    # What OPTIONS answers, where that is another thing than both.
    options: int | Statuses = 0
    # The body that is posted.
    body: dict[str, Any] = field(default_factory=dict)
    json: bool = False
    # What a POST answers whom the others answer 200: done and led on, or refused.
    posted: int = 0
    # What a method answers that is none of the above.
    by: dict[str, Statuses] = field(default_factory=dict)
    # The address names a run: one that the caller may not see is a 404 to them.
    of_run: bool = False

    def status(self, who: str, method: str) -> int:
        """What this actor's request is answered."""
        if method in self.by:
            return self.by[method][who]
        posted = self.posted if method == "POST" else 0
        return posted if posted and self.of[who] == 200 else self.of[who]


def all_get(status: int, **but: int) -> Statuses:
    return dict.fromkeys(ACTORS, status) | {name.replace("_", " "): n for name, n in but.items()}


def pages(outsider: int = 403, viewer: int = 200, operator: int = 200) -> Statuses:
    """Keys open no page."""
    return all_get(302, outsider=outsider, viewer=viewer, operator=operator) | {
        "administrator": 200,
        "root": 200,
    }


def by_scope(scope: str, *, viewer: int = 200) -> Statuses:
    """A key needs the scope, a person the role; neither may what the other lacks."""
    keys = {f"key {name}": 200 if name in (scope, "all") else 403 for name in SCOPES}
    people = {"outsider": 403, "viewer": viewer, "operator": 200, "administrator": 200, "root": 200}
    return {**people, **keys, "viewer's key": viewer} | dict.fromkeys(
        ("anonymous", "revoked key", "wrong key"), 401
    )


def unless_allowed(statuses: Statuses) -> Statuses:
    """DRF asks who it is before it looks whether the method exists."""
    return {actor: 405 if status == 200 else status for actor, status in statuses.items()}


def api(scope: str, method: str = "GET", *, of_run: bool = False, **more: object) -> Rule:
    statuses = by_scope(scope, viewer=403 if scope == "control" else 200)
    methods = ("GET", "HEAD", "OPTIONS") if method == "GET" else (method, "OPTIONS")
    return Rule(statuses, methods, unless_allowed(statuses), of_run=of_run, **more)  # type: ignore[arg-type]


def missing(statuses: Statuses) -> Statuses:
    """Who may look learns that there is no such thing."""
    return {actor: 404 if status == 200 else status for actor, status in statuses.items()}


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
OVER_ALL = {actor: 403 if status == 200 else status for actor, status in by_scope("").items()} | {
    "administrator": 200,
    "root": 200,
}
WHOLE_API = Rule(OVER_ALL, ("GET", "HEAD", "OPTIONS"), unless_allowed(OVER_ALL))
WHOLE_ONE = Rule(missing(OVER_ALL), ("GET", "HEAD"), unless_allowed(OVER_ALL), OVER_ALL)
# Who is nobody has no inbox, so a program of its own has none.
ONES_OWN = by_scope("alerts") | {f"key {scope}": 403 for scope in SCOPES}
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
    # No such word, no such task.
    "dashboard:runs_bulk": Rule(pages(viewer=403) | DENIED, ASKS),
    "dashboard:task_launch": Rule(pages(viewer=403) | DENIED, ASKS),
    "dashboard:workflows": PAGE,
    "dashboard:workflow": RUN,
    "dashboard:workflow_lines": RUN,
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
            f"{prefix}:api_schedules": api_control(),
            f"{prefix}:api_schedule_verb": api_control("POST"),
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
            f"{prefix}:api_lines": api("logs:read", of_run=True),
            f"{prefix}:api_workflow": api("tasks:read", of_run=True),
            f"{prefix}:api_patterns": WHOLE_API,
            f"{prefix}:api_insights": WHOLE_API,
            f"{prefix}:sse_task": STREAM,
            f"{prefix}:sse_test": Rule(by_scope("logs:read")),
            f"{prefix}:api_retry": acts(409),
            f"{prefix}:api_revoke": acts(200),
            f"{prefix}:api_terminate": acts(409),
            f"{prefix}:api_bulk": acts(400, of_run=False),
            f"{prefix}:api_launch": acts(400, of_run=False),
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
