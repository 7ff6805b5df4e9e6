from __future__ import annotations

import pytest
from django.utils import timezone

from tasklog import tags
from tasklog.api.tests.conftest import asked
from tasklog.audit.models import AuditEntry
from tasklog.insights import report
from tasklog.insights.models import (
    Anomaly,
    Finding,
    Pattern,
    PatternHour,
    Report,
    TaskHour,
    hour_of,
)
from tasklog.insights.tasks import generate_analytics_report
from tasklog.roles import Role


@pytest.fixture
def pattern(run):
    now = timezone.now()
    make = lambda n, text: Pattern.objects.create(  # noqa: E731
        fingerprint=n, task="orders.import", template=text, first_seen=now, last_seen=now,
        places=[["run-1", 3], ["gone", 1]], level=40,
    )  # fmt: skip
    make("b", "disk full on <path> again")
    row = make("a", "disk full on <path>")
    PatternHour.objects.create(pattern=row, hour=hour_of(now), count=4)
    PatternHour.objects.create(pattern=row, hour=hour_of(now) - 200, count=9)
    told = {"hour": hour_of(now), "storm": hour_of(now), "score": 3}
    Anomaly.objects.create(kind="burst", task="orders.import", pattern=row, observed=4, usual=1,
                           sentence="Four.", key="a", **told)  # fmt: skip
    Anomaly.objects.create(kind="silence", task="orders.mail", observed=0, usual=9,
                           sentence="None.", key="b", **told)  # fmt: skip
    return row


@pytest.fixture
def client(program):
    return program("logs:read")


def test_a_pattern_is_told_with_its_hours_its_runs_and_what_is_like_it(client, pattern):
    told = asked(client, "get", f"patterns/{pattern.pk}/").told
    assert [one["lines"] for one in told["hours"]] == [4]
    assert told["seen_in"] == [{"task_id": "run-1", "line": 3}]
    assert [one["template"] for one in told["similar"]] == ["disk full on <path> again"]
    assert [one["sentence"] for one in told["anomalies"]] == ["Four."]
    longer = asked(client, "get", f"patterns/{pattern.pk}/?hours=720").told["hours"]
    assert [one["lines"] for one in longer] == [9, 4]
    wrong = asked(client, "get", f"patterns/{pattern.pk}/?hours=0")
    assert wrong.told["fields"] == {"hours": "Give a whole number from 1 to 720."}
    assert asked(client, "get", "patterns/999999/").status_code == 404


def test_anomalies_are_narrowed_by_kind_and_task(client, pattern):
    assert len(asked(client, "get", "anomalies/").told["results"]) == 2
    for query in ("kind=silence", "task=orders.mail"):
        found = asked(client, "get", f"anomalies/?{query}").told["results"]
        assert [one["sentence"] for one in found] == ["None."]
    assert "burst" in asked(client, "get", "anomalies/?kind=x").told["fields"]["kind"]


def test_figures_are_grouped_and_stand_beside_those_before(client, db):
    this = hour_of(timezone.now())
    for task, hour, ended, failed in (
        ("orders.import", this, 4, 1), ("orders.pack", this - 1, 2, 0), ("mail.send", this, 5, 0),
        ("orders.import", this - 3, 9, 9),
    ):  # fmt: skip
        TaskHour.objects.create(task=task, hour=hour, ended=ended, failed=failed)
    tags.write("mail.send", ["nightly"])
    told = asked(client, "get", "figures/?by=project&hours=2").told
    assert [(one["name"], one["ended"]) for one in told["results"]] == [("orders", 6), ("mail", 5)]
    assert told["results"][0]["before"]["failed"] == 9
    told = asked(client, "get", "figures/?by=tag&hours=2").told
    assert (told["total"], told["results"][0]["name"]) == (1, "nightly")
    assert asked(client, "get", "figures/?hours=24").told["total"] == 3
    wrong = asked(client, "get", "figures/?by=team&hours=0").told["fields"]
    assert "task, project, tag" in wrong["by"]
    assert "from 1 to 2160" in wrong["hours"]


def test_findings_of_the_newest_day_come_with_their_proof(client, pattern):
    Finding.objects.create(day="2026-01-31", kind="new", sentence="New.", score=2, pattern=pattern)
    told = asked(client, "get", "insights/").told
    assert told["day"] == "2026-01-31"
    assert told["results"][0]["pattern"] == pattern.pk


def test_a_report_is_made_by_a_worker_and_fetched_as_a_file(program, monkeypatch):
    client, asked_for = program("logs:read", "control"), []
    monkeypatch.setattr(
        generate_analytics_report, "apply_async", lambda args, **_: asked_for.append(args)
    )
    made = asked(client, "post", "reports/", {"kind": "daily"})
    assert made.status_code == 201
    assert (made.told["state"], made.told["created_by"]) == ("waiting", "key:program")
    assert asked_for == [(made.told["id"],)]
    assert AuditEntry.objects.get(action="report").target == "daily"
    one = f"reports/{made.told['id']}/"
    assert asked(client, "get", one).told["data"] is None
    assert client.get(f"/tasklog/api/v1/{one}download/").status_code == 404
    report.make(Report.objects.get())
    assert asked(client, "get", one).told["data"]["totals"]["ended"] == 0
    for word, kind in (("html", "text/html"), ("txt", "text/plain"), ("json", "application/json")):
        file = client.get(f"/tasklog/api/v1/{one}download/?format={word}")
        assert file.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert file.headers["Content-Disposition"].endswith(f'.{word}"')
    wrong = asked(client, "get", f"{one}download/?format=pdf")
    assert wrong.told["fields"] == {"format": "Give one of html, txt, json."}


def test_having_a_report_made_needs_the_right_to_act(client, as_role):
    refused = asked(client, "post", "reports/", {"kind": "daily"})
    assert (refused.status_code, "control" in refused.told["error"]) == (403, True)
    assert asked(as_role(Role.VIEWER), "post", "reports/", {"kind": "daily"}).status_code == 403
    assert not Report.objects.exists()


def test_reports_are_listed_by_kind(program):
    client = program("logs:read", "control")
    report.begin("daily")
    weekly = report.begin("weekly")
    found = asked(client, "get", "reports/?kind=weekly").told["results"]
    assert [one["id"] for one in found] == [weekly.pk]
    wrong = asked(client, "post", "reports/", {"kind": "yearly"}).told["fields"]
    assert wrong == {"kind": "Give one of weekly, daily."}
    assert asked(client, "get", "reports/999/").status_code == 404


@pytest.mark.parametrize("path", ["patterns/1/", "anomalies/", "reports/", "reports/1/"])
def test_what_is_told_of_all_runs_is_for_administrators_where_a_rule_hides_some(
    as_role, settings, path
):
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    assert asked(as_role(Role.OPERATOR), "get", path).status_code == 403
    assert asked(as_role(Role.ADMINISTRATOR), "get", path).status_code in (200, 404)
