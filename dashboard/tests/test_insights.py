"""The pages of insights: findings, patterns, unusual hours, reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone

from tasklog.audit.models import AuditEntry
from tasklog.insights import anomalies, figures, findings, hours, mining, report
from tasklog.insights.models import Anomaly, Pattern, PatternHour, Report, RunFigures, hour_of
from tasklog.models import TaskLogLine, TaskRun

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def lines(make_run: Callable[..., TaskRun]) -> TaskRun:
    """A run whose lines have been counted."""
    run = make_run("a", state="SUCCESS", created_at=timezone.now())
    for number in range(3):
        TaskLogLine.objects.create(task=run, message=f"order {number} imported <b>")
    TaskLogLine.objects.create(task=run, message="order 7 refused", level=40)
    mining.mine()
    return run


def test_patterns_stand_with_their_task_and_are_narrowed(browser_of_ada: Client) -> None:
    page = browser_of_ada.get("/insights/").content.decode()
    assert "order &lt;num&gt; imported &lt;b&gt;" in page
    assert "orders.import" in page
    errors = browser_of_ada.get("/insights/?level=error&period=24h").content.decode()
    assert "refused" in errors
    assert "imported" not in errors
    assert "No such pattern" in browser_of_ada.get("/insights/?task=mail.send").content.decode()


def test_similar_messages_are_found_without_their_words(browser_of_ada: Client) -> None:
    page = browser_of_ada.get("/insights/?q=orders+importing").content.decode()
    assert "imported" in page
    assert "refused" not in page.split("<tbody>")[1].split("imported")[0]


def test_a_model_that_is_gone_leaves_search_by_letters(
    browser_of_ada: Client, settings: SettingsWrapper
) -> None:
    page = browser_of_ada.get("/insights/?q=orders+importing").content.decode()
    assert "CELERY_TASKLOG_EMBEDDINGS names none." in page
    settings.CELERY_TASKLOG_EMBEDDINGS = "/nowhere/at/all"
    page = browser_of_ada.get("/insights/?q=orders+importing").content.decode()
    assert "imported" in page
    assert "there is no folder /nowhere/at/all." in page
    assert "there is no folder" not in browser_of_ada.get("/insights/").content.decode()


def test_a_pattern_has_its_hours_an_example_and_a_line_of_a_run(browser_of_ada: Client) -> None:
    pattern = Pattern.objects.get(level=40)
    page = browser_of_ada.get(f"/insights/patterns/{pattern.pk}/?span=24h").content.decode()
    assert 'class="bar"' in page
    assert "order 7 refused" in page
    assert '/runs/a/?line=4#L4"' in page
    assert "imported" in page.split("Similar messages")[1]
    assert browser_of_ada.get("/insights/patterns/99999999999999999999/").status_code == 404


def test_unusual_hours_and_findings_lead_to_their_proof(browser_of_ada: Client) -> None:
    pattern, this = Pattern.objects.get(level=0), hour_of(timezone.now())
    Pattern.objects.update(first_seen=pattern.first_seen - timezone.timedelta(days=60))
    PatternHour.objects.bulk_create(
        PatternHour(pattern=pattern, hour=this - 1 - back, count=20) for back in range(1, 24 * 20)
    )
    PatternHour.objects.create(pattern=pattern, hour=this - 1, count=620)
    (found,) = anomalies.detect_hour(this - 1)
    assert found.sentence.startswith("31× the usual for ")
    assert anomalies.detect_hour(this - 1) == []
    findings.renew()
    for path in ("/insights/", "/insights/anomalies/?kind=burst"):
        page = browser_of_ada.get(path).content.decode()
        assert "31× the usual for" in page
        assert f"/insights/patterns/{pattern.pk}/" in page
    assert (
        "Nothing unusual"
        in browser_of_ada.get("/insights/anomalies/?kind=silence").content.decode()
    )


def test_a_report_is_a_page_and_a_file(browser_of_ada: Client, lines: TaskRun) -> None:
    TaskRun.objects.update(finished_at=timezone.now() - timezone.timedelta(days=1))
    hours.renew()
    made = report.make(report.begin("weekly"))
    page = browser_of_ada.get(f"/insights/reports/{made.pk}/").content.decode()
    assert page.count('<svg class="depth bars"') == 2
    assert "orders.import" in page
    path = f"/insights/reports/{made.pk}/download/"
    file = browser_of_ada.get(path)
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert "<table" in file.content.decode()
    assert json.loads(browser_of_ada.get(f"{path}?format=json").content)["totals"]["ended"] == 1
    assert "1 run ended" in browser_of_ada.get(f"{path}?format=txt").content.decode()
    assert browser_of_ada.get(f"{path}?format=exe").status_code == 400


def test_a_report_is_asked_for_by_operators_and_written_down(
    browser_of_ada: Client, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, broker_url)
    monkeypatch.setitem(current_app.conf, "task_always_eager", False)
    told = browser_of_ada.post("/insights/reports/make/", {"kind": "daily"}, follow=True)
    assert "is being made" in told.content.decode()
    row = Report.objects.get()
    assert (row.kind, row.state, row.created_by) == ("daily", "waiting", "ada")
    assert "It is being made" in browser_of_ada.get(f"/insights/reports/{row.pk}/").content.decode()
    assert AuditEntry.objects.get(action="report").user == "ada"
    told = browser_of_ada.post("/insights/reports/make/", {"kind": "yearly"}, follow=True)
    assert "Choose one of weekly, daily" in told.content.decode()


def test_without_a_broker_no_report_waits_for_ever(
    browser_of_ada: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setitem(current_app.conf.changes, name, f"redis+socket://{tmp_path}/none.sock")
    monkeypatch.setitem(current_app.conf, "task_always_eager", False)
    told = browser_of_ada.post("/insights/reports/make/", {"kind": "daily"}, follow=True)
    assert "broker does not answer" in told.content.decode()
    assert not Report.objects.exists()


def test_where_runs_are_not_for_everybody_insights_are_for_administrators(
    client: Client, ada: User, django_user_model: type[User], settings: SettingsWrapper
) -> None:
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    pattern = Pattern.objects.get(level=40)
    paths = ["/insights/", f"/insights/patterns/{pattern.pk}/", "/insights/anomalies/",
             "/insights/reports/", "/tasklog/api/patterns/", "/tasklog/api/insights/"]  # fmt: skip
    for person, status in ((ada, 403), (django_user_model.objects.create_superuser("root"), 200)):
        client.force_login(person)
        for path in paths:
            assert client.get(path).status_code == status, path


def test_programs_read_patterns_and_findings(browser_of_ada: Client) -> None:
    rows = browser_of_ada.get("/tasklog/api/patterns/?level=error").json()["results"]
    assert [row["template"] for row in rows] == ["order <num> refused"]
    assert rows[0]["total"] == 1
    after = browser_of_ada.get(f"/tasklog/api/patterns/?after={rows[0]['id']}").json()["results"]
    assert all(row["id"] > rows[0]["id"] for row in after)
    wrong = browser_of_ada.get("/tasklog/api/patterns/?limit=9999")
    assert wrong.status_code == 400
    assert "from 1 to 500" in wrong.content.decode()
    Anomaly.objects.create(kind="burst", task="orders.import", hour=480_000, observed=9, usual=1,
                           score=8, storm=480_000, sentence="9× the usual", key="x")  # fmt: skip
    told = browser_of_ada.get("/tasklog/api/insights/").json()
    assert told["anomalies"][0]["sentence"] == "9× the usual"


def test_a_bad_run_is_compared_with_the_last_good_one_one_may_see(
    browser_of_ada: Client, make_run: Callable[..., TaskRun], settings: SettingsWrapper
) -> None:
    bad = make_run("b", state="FAILURE", created_at=timezone.now(), triggered_by="ada")
    TaskLogLine.objects.create(task=bad, message="order 9 imported <b>")
    TaskLogLine.objects.create(task=bad, message="disk <i>full", level=40)
    page = browser_of_ada.get("/runs/b/?tab=compare").content.decode()
    places = [page.index(f"{word} <span") for word in ("Only in this run", "Only in the good run")]
    here, there = page[places[0] : places[1]], page[places[1] :]
    assert "disk &lt;i&gt;full" in here
    assert "imported" not in here
    assert "order 7 refused" in there
    unusual = browser_of_ada.get("/runs/b/?tab=compare&lines=unusual").content.decode()
    assert "disk &lt;i&gt;full" in unusual
    assert "1 usual line<" in unusual
    settings.CELERY_TASKLOG_VISIBILITY = "tasklog.roles.own_runs"
    page = browser_of_ada.get("/runs/b/?tab=compare").content.decode()
    assert "nothing to compare it with" in page


def test_the_suspect_is_named_with_its_reasons(
    browser_of_ada: Client, make_run: Callable[..., TaskRun]
) -> None:
    bad = make_run("b", state="FAILURE", created_at=timezone.now(), line_count=1)
    TaskLogLine.objects.create(task=bad, number=1, message="disk <i>cannot be read", level=40)
    page = browser_of_ada.get("/runs/b/?tab=compare").content.decode()
    assert "Suspects" in page
    assert "error · says “cannot” · the last line" in page


def test_details_tell_what_the_lines_amount_to(browser_of_ada: Client, lines: TaskRun) -> None:
    TaskRun.objects.update(line_count=4)
    page = browser_of_ada.get("/runs/a/?tab=details").content.decode()
    assert "What its lines amount to" in page
    assert "2, 1 of them once" in page
    assert "order &lt;num&gt; imported" in page


def test_details_of_a_source_that_goes_on_are_the_workers_when_those_tell_more(
    browser_of_ada: Client, lines: TaskRun
) -> None:
    TaskRun.objects.update(line_count=30_000, finished_at=None)
    data = figures.amount(lines) | {"lines": 30_000, "looked_at": 25_000}
    RunFigures.objects.create(task_id="a", data=data, made_at=timezone.now())
    told = "the first 25,000 were looked at"
    assert told in browser_of_ada.get("/runs/a/?tab=details").content.decode()
    RunFigures.objects.update(data=data | {"looked_at": 3})
    assert told not in browser_of_ada.get("/runs/a/?tab=details").content.decode()
