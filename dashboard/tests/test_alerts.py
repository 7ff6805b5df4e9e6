"""The pages of alerts: what they show to whom, what their forms take, what their buttons do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from tasklog.alerts import incidents
from tasklog.alerts.finding import Finding, Quoted
from tasklog.alerts.models import Incident, Rule
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskLogLine, TaskRun
from tasklog.notify.models import Channel, Delivery, InboxMessage
from tasklog.roles import Role, group_name

HTMX = {"HX-Request": "true"}
SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(db: None, django_user_model: Any, settings: Any) -> SignIn:
    settings.CELERY_TASKLOG_DEFAULT_ROLE = ""

    def sign(role: Role) -> Client:
        user = django_user_model.objects.create_user(role.name.lower())
        user.groups.add(Group.objects.get(name=group_name(role)))
        client = Client()
        client.force_login(user)
        return client

    return sign


@pytest.fixture
def channel(db: None) -> Channel:
    found = Channel(name="hook", kind="webhook")
    found.settings = {"address": "https://example.com/", "secret": "a-secret-that-signs"}
    found.save()
    return found


@pytest.fixture
def rule(channel: Channel) -> Rule:
    made = Rule.objects.create(name="<b>failures", condition="failed", tasks="orders.*")
    made.channels.add(channel)
    return made


@pytest.fixture
def incident(rule: Rule) -> Incident:
    TaskRun.objects.create(task_id="r1", name="orders.import", triggered_by="somebody")
    quote = Quoted("r1", 7, "2026-01-31T12:00:00+00:00", "disk <full>", 40)
    return incidents.report(rule, Finding("orders.import", "it failed", "", "r1", 3, (quote,)))


RULE = {"name": "watch", "cooldown_minutes": "5", "calm_minutes": "60", "enabled": "on"}
PATTERN = RULE | {"pattern": "disk full", "level": "0"}
NEW_PATTERN = "/alerts/rules/new/?condition=pattern"


def test_open_incidents_stand_above_the_rules(incident: Incident, sign_in: SignIn) -> None:
    client = sign_in(Role.VIEWER)
    page = client.get("/alerts/").content.decode()
    assert page.index("it failed") < page.index("&lt;b&gt;failures</a>")
    assert "1 open" in page
    assert "New rule" not in page
    first = client.get("/alerts/", headers=HTMX)
    poll = {**HTMX, "If-None-Match": first.headers["ETag"]}
    assert client.get("/alerts/", headers=poll).status_code == 304


def test_without_rules_the_page_says_what_to_do(sign_in: SignIn) -> None:
    assert "Make the first rule" in sign_in(Role.ADMINISTRATOR).get("/alerts/").content.decode()


def test_an_incident_links_its_lines_into_the_log(incident: Incident, sign_in: SignIn) -> None:
    page = sign_in(Role.VIEWER).get(f"/alerts/{incident.pk}/").content.decode()
    assert "/runs/r1/?line=7#L7" in page
    assert "disk &lt;full&gt;" in page
    assert "Waiting" in page  # its delivery
    assert "Acknowledge</button>" not in page


def test_an_operator_acknowledges_and_resolves(incident: Incident, sign_in: SignIn) -> None:
    client = sign_in(Role.OPERATOR)
    client.post(f"/alerts/{incident.pk}/acknowledge/")
    incident.refresh_from_db()
    assert (incident.state, incident.acknowledged_by) == ("acknowledged", "operator")
    told = client.post(f"/alerts/{incident.pk}/acknowledge/", follow=True).content.decode()
    assert "not open any more" in told
    client.post(f"/alerts/{incident.pk}/resolve/")
    incident.refresh_from_db()
    assert (incident.state, incident.resolved_by) == ("resolved", "operator")
    trail = AuditEntry.objects.filter(action="incident").order_by("pk")
    assert [entry.result for entry in trail] == ["done", "failed", "done"]


def test_where_views_are_narrowed_an_incident_of_a_foreign_run_is_none(
    incident: Incident, sign_in: SignIn, settings: Any
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    client = sign_in(Role.OPERATOR)
    assert client.get(f"/alerts/{incident.pk}/").status_code == 404
    assert client.post(f"/alerts/{incident.pk}/resolve/").status_code == 404
    assert "it failed" not in client.get("/alerts/").content.decode()
    assert "it failed" not in client.get(f"/alerts/rules/{incident.rule_id}/").content.decode()
    for path in ("/alerts/channels/", f"/alerts/channels/{Channel.objects.get().pk}/"):
        assert "it failed" not in client.get(path).content.decode()
    assert "it failed" in sign_in(Role.ADMINISTRATOR).get("/alerts/").content.decode()


@pytest.mark.parametrize(
    "condition",
    ["failed", "error_rate", "slow", "silent", "quiet", "pattern", "queue", "worker", "source"],
)
def test_each_condition_has_its_form_which_takes_what_it_offers(
    condition: str, sign_in: SignIn
) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    form = client.get(f"/alerts/rules/new/?condition={condition}").context["form"]
    given = {field.name: field.value() for field in form if field.value() not in (None, [])}
    given |= {"name": "watch", "tasks": "orders.import", "pattern": "disk full"}
    given |= {"sources": "upload *"} if "sources" in form.fields else {}
    path = f"/alerts/rules/new/?condition={condition}"
    looked = client.post(path, given | {"preview": "yes"})
    assert "Preview" in looked.content.decode()
    assert not Rule.objects.exists()
    assert client.post(path, given).status_code == 302
    made = Rule.objects.get()
    assert (made.condition, made.sources) == (condition, given.get("sources", ""))
    assert client.get(f"/alerts/rules/{made.pk}/?preview=1").status_code == 200
    again = client.get(f"/alerts/rules/{made.pk}/edit/").context["form"]
    assert {field.name: field.value() for field in again}.items() >= made.limits.items()
    assert AuditEntry.objects.get(action="rule").target == "make watch"


def test_the_form_first_asks_what_to_watch_for(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    for query in ("", "?condition=nonsense"):
        page = client.get(f"/alerts/rules/new/{query}").content.decode()
        assert "?condition=silent" in page
        assert "<form class=" not in page


@pytest.mark.parametrize(
    ("condition", "values", "told"),
    [
        ("pattern", {"pattern": "("}, ""),
        ("pattern", {"pattern": "(", "regex": "on"}, "no regular expression"),
        ("pattern", {"pattern": "x" * 501}, "at most 500 characters"),
        ("pattern", {"cooldown_minutes": "0"}, "greater than or equal to 1"),
        ("pattern", {"quiet_from": "22:00"}, "both ends"),
        ("pattern", {"quiet_from": "25:00", "quiet_until": "7"}, "valid time"),
        ("pattern", {"channels": "77"}, "77"),
        ("pattern", {"name": "a" * 101}, "at most 100 characters"),
        ("pattern", {"name": "a\0b"}, "Null characters"),
        (
            "error_rate",
            {"percent": "101", "runs": "1", "minutes": "5"},
            "less than or equal to 100",
        ),
        ("slow", {"factor": "nan", "seconds": "1"}, "Enter a number"),
        ("silent", {"tasks": "orders.*", "minutes": "5"}, "names no task"),
        ("queue", {"waiting": "many"}, "whole number"),
    ],
)
def test_a_bad_value_is_said_at_its_field(
    condition: str, values: dict[str, str], told: str, sign_in: SignIn
) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    response = client.post(f"/alerts/rules/new/?condition={condition}", PATTERN | values)
    if not told:
        assert response.status_code == 302
        return
    assert response.status_code == 422
    assert told in response.content.decode()
    assert not Rule.objects.exists()


def test_a_rule_is_switched_tested_and_deleted(rule: Rule, sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    client.post(f"/alerts/rules/{rule.pk}/disable/")
    rule.refresh_from_db()
    assert not rule.enabled
    client.post(f"/alerts/rules/{rule.pk}/test/")
    assert Delivery.objects.get().title == "A test from TaskLog"
    client.post(f"/alerts/rules/{rule.pk}/delete/")
    assert not Rule.objects.exists()
    assert sign_in(Role.OPERATOR).post(f"/alerts/rules/{rule.pk}/enable/").status_code == 403
    trail = AuditEntry.objects.filter(action="rule").order_by("pk")
    named = list(trail.values_list("target", flat=True))
    assert named[:3] == [f"{verb} <b>failures" for verb in ("disable", "test", "delete")]


def test_the_past_of_a_pattern_is_counted_with_samples(sign_in: SignIn) -> None:
    for name, times in (("orders.import", 3), ("mail.send", 2), ("tasklog.canary", 2)):
        run = TaskRun.objects.create(task_id=name, name=name)
        for number in range(times):
            TaskLogLine.objects.create(task=run, number=number, message=f"DISK full {number}")
    client = sign_in(Role.ADMINISTRATOR)
    page = client.post(NEW_PATTERN, PATTERN | {"preview": "yes", "name": ""}).content.decode()
    assert "would have fired 5 times" in page
    assert "newest 7 lines" in page
    assert "/runs/mail.send/?line=1#L1" in page
    page = client.post(NEW_PATTERN, PATTERN | {"preview": "yes", "tasks": "orders.*"})
    assert "would have fired 3 times" in page.content.decode()


def test_the_past_of_failures_shows_only_what_one_may_see(rule: Rule, sign_in: SignIn) -> None:
    now = timezone.now()
    for number, state in enumerate(("FAILURE", "SUCCESS", "FAILURE")):
        TaskRun.objects.create(
            task_id=f"r{number}", name="orders.import", state=state, exception="torn",
            finished_at=now - timedelta(minutes=number),
        )  # fmt: skip
    page = sign_in(Role.VIEWER).get(f"/alerts/rules/{rule.pk}/?preview=1").content.decode()
    assert "would have fired 2 times" in page
    assert "/runs/r0/" in page


def test_create_an_alert_from_a_line_fills_the_form(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    query = "&pattern=a%22%3E%3Cb%3E%00&tasks=orders.import"
    form = client.get(NEW_PATTERN + query).context["form"]
    assert form["pattern"].value() == 'a"><b>'
    assert form["tasks"].value() == "orders.import"


SECRETS = {
    "slack": {"webhook_url": "https://hooks.slack.com/services/T0/B0/secretsecret"},
    "webhook": {"address": "https://example.com/", "secret": "secretsecretsecret"},
    "email": {"to": "ops@example.com, ada@example.com"},
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_channel_is_made_and_its_secret_never_shown(kind: str, sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    given = {f"of-{name}": value for name, value in SECRETS[kind].items()}
    base = {"name": "mine", "enabled": "on"}
    made = client.post(f"/alerts/channels/new/?kind={kind}", base | given, follow=True)
    channel = Channel.objects.get()
    for path in (f"/alerts/channels/{channel.pk}/", f"/alerts/channels/{channel.pk}/edit/"):
        made = client.get(path)
        assert "secretsecret" not in made.content.decode()
    kept = channel.settings
    changed = {name: value for name, value in given.items() if "secret" not in value}
    client.post(f"/alerts/channels/{channel.pk}/edit/", base | changed | {"name": "ours"})
    channel.refresh_from_db()
    assert (channel.name, channel.settings) == ("ours", kept)
    assert "secretsecret" not in str(list(AuditEntry.objects.values()))


def test_a_bad_channel_is_refused_at_its_field(channel: Channel, sign_in: SignIn) -> None:
    client = sign_in(Role.ADMINISTRATOR)
    bad = {"name": "hook", "of-address": "ftp://example.com", "of-secret": "short"}
    response = client.post("/alerts/channels/new/?kind=webhook", bad)
    page = response.content.decode()
    assert response.status_code == 422
    for told in ("named “hook” already", "begins with https://", "at least 16 characters"):
        assert told in page


def test_what_was_given_up_is_tried_again_by_an_operator(channel: Channel, sign_in: SignIn) -> None:
    lost = Delivery.objects.create(
        channel=channel, key="k", title="lost", message={}, state="failed", tries=3, error="It fell"
    )
    client = sign_in(Role.OPERATOR)
    assert "It fell" in client.get("/alerts/channels/").content.decode()
    client.post(f"/alerts/deliveries/{lost.pk}/again/")
    lost.refresh_from_db()
    assert (lost.state, lost.tries) == ("waiting", 0)
    assert AuditEntry.objects.get(action="channel").target == f"try again {lost.pk} by hook"


def test_a_channels_test_leaves_its_mark_in_the_log(channel: Channel, sign_in: SignIn) -> None:
    page = sign_in(Role.ADMINISTRATOR).post(f"/alerts/channels/{channel.pk}/test/", follow=True)
    assert "A test from TaskLog" in page.content.decode()


def letters(user: Any, *keys: str) -> list[InboxMessage]:
    return [
        InboxMessage.objects.create(
            user=user, key=key, message={"key": key, "title": f"News {key}"}
        )
        for key in keys
    ]


def test_the_inbox_is_ones_own_and_the_bell_counts_it(
    sign_in: SignIn, django_user_model: Any
) -> None:
    client = sign_in(Role.VIEWER)
    eve = django_user_model.objects.create_user("eve")
    mine = letters(django_user_model.objects.get(username="viewer"), "a", "b")
    (foreign,) = letters(eve, "c")
    page = client.get("/inbox/").content.decode()
    assert "News a" in page
    assert "News c" not in page
    bell = client.get("/inbox/bell/", headers=HTMX)
    assert 'class="badge">2<' in bell.content.decode()
    poll = {**HTMX, "If-None-Match": bell.headers["ETag"]}
    assert client.get("/inbox/bell/", headers=poll).status_code == 304
    client.post(f"/inbox/{mine[0].pk}/read/")
    assert client.get("/inbox/bell/", headers=poll).status_code == 200
    assert client.post(f"/inbox/{foreign.pk}/read/").status_code == 404
    client.post("/inbox/all/read/")
    assert 'class="badge"' not in client.get("/").content.decode()
    foreign.refresh_from_db()
    assert foreign.read_at is None
