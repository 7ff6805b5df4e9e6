from __future__ import annotations

import pytest

from tasklog.alerts.models import Condition, Rule
from tasklog.api.tests.conftest import asked
from tasklog.audit.models import AuditEntry
from tasklog.models import TaskRun
from tasklog.notify.models import Channel, Delivery
from tasklog.roles import Role

RULES = "alerts/rules/"
PATTERN = {"name": "disk", "condition": "pattern", "limits": {"pattern": "line 3"}}


@pytest.fixture
def client(program):
    return program("alerts", "logs:read")


@pytest.fixture
def channel(db):
    made = Channel(name="hook", kind="webhook")
    made.settings = {"address": "https://example.com/", "secret": "a-secret-that-signs"}
    made.save()
    return made


def test_a_rule_is_made_read_changed_and_deleted_and_each_is_written_down(client, channel):
    body = {
        "name": "rate", "condition": "error_rate", "tasks": "orders.*", "limits": {"percent": 30},
        "channels": [channel.pk], "quiet_from": "22:00", "quiet_until": "06:00",
    }  # fmt: skip
    made = asked(client, "post", RULES, body)
    assert made.status_code == 201, made.told
    one = f"{RULES}{made.told['id']}/"
    assert made.told["limits"] == {"percent": 30, "runs": 10, "minutes": 15}
    assert made.told["channels"] == [channel.pk]
    assert made.told["quiet_from"] == "22:00:00"
    assert made.told["created_by"] == "key:program"
    changed = asked(client, "patch", one, {"limits": {"runs": 5}, "quiet_from": None,
                                           "quiet_until": None}).told  # fmt: skip
    assert changed["limits"] == {"percent": 30, "runs": 5, "minutes": 15}
    assert (changed["tasks"], changed["quiet_from"]) == ("orders.*", None)
    assert asked(client, "get", one).told == changed
    gone = asked(client, "delete", one).told
    assert gone["result"] == "done"
    assert asked(client, "get", one).status_code == 404
    trail = AuditEntry.objects.filter(action="rule").order_by("pk").values_list("target", "user")
    assert list(trail) == [(f"{verb} rate", "key:program") for verb in ("make", "edit", "delete")]


def test_a_rule_rests_and_is_tried_through_its_channels(client, channel):
    rule = Rule.objects.create(name="failures", condition="failed")
    one = f"{RULES}{rule.pk}/"
    refused = asked(client, "post", f"{one}test/")
    assert (refused.status_code, refused.told["code"]) == (409, "not_done")
    assert "no channel" in refused.told["error"]
    rule.channels.add(channel)
    assert asked(client, "post", f"{one}test/").told["result"] == "done"
    assert Delivery.objects.filter(channel=channel, key__startswith="test:").count() == 1
    assert asked(client, "post", f"{one}disable/").status_code == 200
    assert asked(client, "get", one).told["enabled"] is False
    assert asked(client, "post", f"{one}enable/").status_code == 200
    assert asked(client, "get", one).told["enabled"] is True


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"condition": "gone"}, "condition", "error_rate"),
        ({"limits": {"pattern": ""}}, "limits.pattern", "required"),
        ({"limits": {"pattern": "("}} | {"limits": {"pattern": "(", "regex": True}},
         "limits.pattern", "Wrong is"),
        ({"limits": {"pattern": 5}}, "limits.pattern", "Give a text"),
        ({"limits": {"pattern": "a\ud800"}}, "limits.pattern", "Give a text"),
        ({"limits": {"pattern": "a\0"}}, "limits.pattern", "Null"),
        ({"limits": {"pattern": "a", "level": 7}}, "limits.level", "0, 20, 30, 40"),
        ({"limits": {"pattern": "a", "level": True}}, "limits.level", "Give one of 0, 20"),
        ({"limits": {"pattern": "a", "percent": 3}}, "limits.percent", "pattern, level, regex"),
        ({"limits": [1]}, "limits", "JSON object"),
        ({"channels": [99]}, "channels", "99"),
        ({"channels": "1"}, "channels", "list"),
        ({"channels": [2**80]}, "channels", "list"),
        ({"cooldown_minutes": 0}, "cooldown_minutes", "from 1 to 10080"),
        ({"quiet_from": "25:00"}, "quiet_from", "22:00"),
        ({"quiet_from": "22:00"}, "quiet_until", "both ends"),
        ({"enabled": "perhaps"}, "enabled", "true or false"),
        ({"colour": "red"}, "colour", "no such field"),
        ({"name": ""}, "name", "blank"),
        ({"name": "taken"}, "name", "already"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named_with_what_is_allowed(client, body, field, said):
    Rule.objects.create(name="taken", condition="failed")
    answer = asked(client, "post", RULES, PATTERN | body)
    assert answer.status_code == 400
    assert said in answer.told["fields"][field]
    assert Rule.objects.count() == 1


def test_a_field_that_says_nothing_to_a_condition_is_refused(client):
    body = {"name": "gone", "condition": "worker", "tasks": "orders.*"}
    fields = asked(client, "post", RULES, body).told["fields"]
    assert fields == {"tasks": "It says nothing to the condition worker."}
    assert asked(client, "post", RULES, body | {"tasks": ""}).status_code == 201


@pytest.mark.parametrize("condition", Condition.values)
def test_what_a_rule_says_of_itself_can_be_sent_back(client, condition):
    more = {"pattern": {"limits": {"pattern": "x"}}, "silent": {"tasks": "orders.import"}}
    body = {"name": "rule", "condition": condition, **more.get(condition, {})}
    made = asked(client, "post", RULES, body).told
    sent = {
        name: made[name] for name in ("name", "tasks", "queues", "sources", "limits", "channels")
    }
    again = asked(client, "patch", f"{RULES}{made['id']}/", sent)
    assert again.status_code == 200
    assert again.told["limits"] == made["limits"]


def test_a_rule_is_about_the_sources_that_it_names(client):
    body = {"name": "cloud", "condition": "source", "sources": "connection shop*"}
    made = asked(client, "post", RULES, body).told
    assert made["sources"] == "connection shop*"
    assert Rule.objects.get().sources == "connection shop*"


def test_the_past_is_asked_for_a_rule_that_is_there_and_for_one_that_is_not(client, run):
    found = asked(client, "post", f"{RULES}preview/", {k: v for k, v in PATTERN.items()
                                                       if k != "name"}).told  # fmt: skip
    assert (found["count"], found["looked"], found["of"]) == (1, 5, "lines")
    assert found["samples"][0] | {"at": ""} == {
        "told": "line 3", "at": "", "task_id": "run-1", "line": 3
    }  # fmt: skip
    assert not Rule.objects.exists()
    made = asked(client, "post", RULES, PATTERN).told
    assert asked(client, "get", f"{RULES}{made['id']}/preview/").told["count"] == 1


def test_a_look_at_lines_asks_for_the_scope_that_reads_them(program, run):
    client = program("alerts")
    refused = asked(client, "post", f"{RULES}preview/", PATTERN)
    assert refused.status_code == 403
    assert "logs:read" in refused.told["error"]
    of_source = {"condition": "source"}
    assert asked(client, "post", f"{RULES}preview/", of_source).status_code == 403
    TaskRun.objects.create(task_id="bad", name="orders.import", state="FAILURE")
    failed = {"condition": "failed"}
    assert asked(client, "post", f"{RULES}preview/", failed).status_code == 200


def test_rules_come_in_pages_and_by_condition(client):
    for number in range(5):
        Rule.objects.create(name=f"r{number}", condition="failed", enabled=number != 2)
    Rule.objects.create(name="q", condition="queue", limits={"waiting": 3})
    first = asked(client, "get", f"{RULES}?limit=4&condition=failed").told
    assert [one["name"] for one in first["results"]] == ["r4", "r3", "r2", "r1"]
    second = client.get(first["next"]).json()
    assert [one["name"] for one in second["results"]] == ["r0"]
    assert second["next"] is None
    assert client.get(second["previous"]).json()["results"] == first["results"]
    rest = asked(client, "get", f"{RULES}?enabled=false").told["results"]
    assert [one["name"] for one in rest] == ["r2"]
    for wrong in ("cursor=5", "limit=201", "condition=x", "enabled=perhaps"):
        assert wrong.partition("=")[0] in asked(client, "get", f"{RULES}?{wrong}").told["fields"]


@pytest.mark.parametrize("path", ["7/", "x/", f"{2**70}/", "7/preview/"])
def test_a_rule_that_is_not_there_is_a_404(client, path):
    assert asked(client, "get", f"{RULES}{path}").told["code"] == "not_found"


def test_a_verb_that_is_none_is_a_404_that_names_them(client):
    rule = Rule.objects.create(name="failures", condition="failed")
    answer = asked(client, "post", f"{RULES}{rule.pk}/delete/")
    assert (answer.status_code, Rule.objects.count()) == (404, 1)
    assert "enable, disable, test" in answer.told["error"]


def test_a_persons_key_may_what_the_person_may(as_role):
    rule = Rule.objects.create(name="failures", condition="failed")
    one = f"{RULES}{rule.pk}/"
    operator = as_role(Role.OPERATOR)
    assert asked(operator, "get", one).status_code == 200
    for method, path in (("post", RULES), ("patch", one), ("delete", one),
                         ("post", f"{one}disable/"), ("post", f"{RULES}preview/")):  # fmt: skip
        assert asked(operator, method, path, {}).status_code == 403, path
    assert asked(as_role(Role.ADMINISTRATOR), "post", f"{one}disable/").status_code == 200


def test_another_scope_opens_nothing_here(program):
    answer = asked(program("logs:read", "control"), "get", RULES)
    assert (answer.status_code, answer.told["error"]) == (403, "This key lacks the scope alerts.")
