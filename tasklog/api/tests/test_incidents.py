from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tasklog.alerts import incidents
from tasklog.alerts.finding import Finding, Quoted
from tasklog.alerts.models import Incident, Rule
from tasklog.api.tests.conftest import asked
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun
from tasklog.notify.models import Channel
from tasklog.roles import Role

ALL = "alerts/incidents/"
QUOTE = Quoted("r1", 7, "2026-01-31T12:00:00+00:00", "disk full", 40)


@pytest.fixture
def incident(db):
    TaskRun.objects.create(task_id="r1", name="orders.import", triggered_by="somebody")
    rule = Rule.objects.create(name="failures", condition="failed")
    channel = Channel.objects.create(name="people", kind="inbox")
    rule.channels.add(channel)
    return incidents.report(rule, Finding("orders.import", "it failed", "", "r1", 3, (QUOTE,)))


def ids(answer):
    return [one["id"] for one in answer.told["results"]]


def test_an_incident_is_told_with_its_lines_and_what_was_sent(program, incident):
    told = asked(program("alerts", "logs:read"), "get", f"{ALL}{incident.pk}/").told
    assert (told["title"], told["count"], told["task_id"]) == ("it failed", 3, "r1")
    assert told["rule_name"] == "failures"
    assert told["lines"] == [
        {"task_id": "r1", "id": 7, "timestamp": "2026-01-31T12:00:00Z", "message": "disk full",
         "level": "ERROR"}
    ]  # fmt: skip
    assert [one["incident"] for one in told["deliveries"]] == [incident.pk]


def test_lines_are_for_who_may_read_logs(program, incident):
    assert asked(program("alerts"), "get", f"{ALL}{incident.pk}/").told["lines"] is None


def test_incidents_are_narrowed_by_state_rule_and_time(program, incident):
    client = program("alerts")
    other = Incident.objects.create(rule=Rule.objects.create(name="other", condition="queue"),
                                    title="long", state="resolved")  # fmt: skip
    Incident.objects.filter(pk=incident.pk).update(opened_at=timezone.now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert ids(asked(client, "get", ALL)) == [other.pk, incident.pk]
    assert ids(asked(client, "get", f"{ALL}?state=open,acknowledged")) == [incident.pk]
    assert ids(asked(client, "get", f"{ALL}?rule={other.rule_id}")) == [other.pk]
    assert ids(asked(client, "get", f"{ALL}?since={yesterday}")) == [other.pk]
    wrong = asked(client, "get", f"{ALL}?state=gone&rule=0&since=then")
    assert set(wrong.told["fields"]) == {"state", "rule", "since"}
    assert "acknowledged" in wrong.told["fields"]["state"]


def test_an_operator_takes_it_on_and_ends_it_once_each(as_role, incident):
    client, one = as_role(Role.OPERATOR), f"{ALL}{incident.pk}/"
    assert asked(client, "post", f"{one}acknowledge/").told["result"] == "done"
    assert asked(client, "get", one).told["acknowledged_by"] == "operator"
    again = asked(client, "post", f"{one}acknowledge/")
    assert (again.status_code, again.told["code"]) == (409, "not_done")
    assert asked(client, "post", f"{one}resolve/").told["result"] == "done"
    assert asked(client, "get", one).told["state"] == "resolved"
    trail = AuditEntry.objects.filter(action="incident").order_by("pk").values_list("result")
    assert [word for (word,) in trail] == ["done", "failed", "done"]


def test_a_viewer_reads_and_takes_nothing_on(as_role, incident):
    client, one = as_role(Role.VIEWER), f"{ALL}{incident.pk}/"
    assert asked(client, "get", one).status_code == 200
    assert asked(client, "post", f"{one}acknowledge/").status_code == 403
    incident.refresh_from_db()
    assert incident.state == "open"


def test_an_incident_of_a_run_one_may_not_see_looks_like_none(as_role, incident, settings):
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    client = as_role(Role.OPERATOR)
    assert ids(asked(client, "get", ALL)) == []
    assert asked(client, "get", f"{ALL}{incident.pk}/").status_code == 404
    assert asked(client, "post", f"{ALL}{incident.pk}/resolve/").status_code == 404
    assert asked(client, "get", "alerts/deliveries/").told["results"][0]["title"] is None
    assert ids(asked(as_role(Role.ADMINISTRATOR), "get", ALL)) == [incident.pk]


def test_what_is_no_incident_or_no_verb_is_a_404(program, incident):
    client = program("alerts")
    assert asked(client, "get", f"{ALL}999/").told["code"] == "not_found"
    answer = asked(client, "post", f"{ALL}{incident.pk}/forget/")
    assert (answer.status_code, "acknowledge, resolve" in answer.told["error"]) == (404, True)
