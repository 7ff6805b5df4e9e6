"""One incident for one trouble, and no more messages than help."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from celery import shared_task
from django.db import transaction
from django.utils import timezone

from tasklog.alerts import checking, incidents, tasks, watching
from tasklog.alerts.finding import Finding, Quoted
from tasklog.alerts.models import Incident, Rule
from tasklog.alerts.tests.conftest import MakeRule
from tasklog.drain.door import Door, open_run
from tasklog.notify.models import Delivery, InboxMessage
from tasklog.spool.record import LineRecord

pytestmark = pytest.mark.django_db
TROUBLE = Finding(about="orders.import", title="orders.import failed", run_id="r1")


@shared_task(name="alerts_tests.spill")
def spill(times: int = 1) -> None:
    for _ in range(times):
        print("the disk is full")
    raise ValueError("no space left")


def titles() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("title", flat=True))


def test_what_comes_again_joins_the_open_incident(make_rule: MakeRule) -> None:
    rule = make_rule("failed")
    first = incidents.report(rule, TROUBLE)
    assert incidents.report(rule, TROUBLE).pk == first.pk
    other = incidents.report(rule, Finding(about="mail.send", title="mail.send failed"))
    assert other.pk != first.pk
    first.refresh_from_db()
    assert first.count == 2
    incidents.resolve(first)
    assert incidents.report(rule, TROUBLE).pk != first.pk


def test_ten_thousand_signs_are_one_message_in_each_cool_down(make_rule: MakeRule) -> None:
    rule = make_rule("pattern", cooldown_minutes=5)
    for _ in range(100):
        incidents.report(rule, Finding(about="a", title="found", count=100))
    assert titles() == ["found"]
    Rule.objects.update(told_at=timezone.now() - timedelta(minutes=6))
    assert checking.catch_up() == 1
    assert checking.catch_up() == 0
    assert Delivery.objects.order_by("pk").last().message["facts"][-1] == ["Times", "10,000"]


def test_what_a_rule_finds_within_its_cool_down_is_told_together(make_rule: MakeRule) -> None:
    rule = make_rule("failed", cooldown_minutes=5)
    for number in range(200):
        incidents.report(rule, Finding(about=f"task {number}", title=f"task {number} failed"))
    assert titles() == ["task 0 failed"]
    Rule.objects.update(told_at=timezone.now() - timedelta(minutes=6))
    assert checking.catch_up() == 1
    told = Delivery.objects.order_by("pk").last().message["text"]
    assert told.startswith("And 198 more of this rule:")
    assert told.count("failed (× 1)") == incidents.NAMED
    Rule.objects.update(told_at=None)
    assert checking.catch_up() == 0
    for incident in Incident.objects.all():
        incidents.resolve(incident)
    assert len(titles()) == 4, "what was told on its own is told to be over"


def test_quiet_hours_put_a_message_off_and_do_not_lose_it(make_rule: MakeRule) -> None:
    rule = make_rule("failed", quiet_from=time(0), quiet_until=time(0))
    incidents.report(rule, TROUBLE)
    assert titles() == []
    Rule.objects.update(quiet_from=None)
    tasks.send_alerts.apply()
    assert titles() == ["orders.import failed"]


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [((22, 7), 23, True), ((22, 7), 6, True), ((22, 7), 12, False), ((9, 17), 12, True),
     ((9, 17), 17, False)],
)  # fmt: skip
def test_quiet_hours_may_span_midnight(hours: tuple[int, int], at: int, quiet: bool) -> None:
    rule = Rule(quiet_from=time(hours[0]), quiet_until=time(hours[1]))
    assert rule.is_quiet(timezone.now().replace(hour=at, minute=0)) is quiet


def test_an_acknowledged_incident_tells_nobody_any_more(make_rule: MakeRule) -> None:
    rule = make_rule("failed", cooldown_minutes=0)
    incident = incidents.report(rule, TROUBLE)
    assert incidents.acknowledge(incident, "ada")
    assert not incidents.acknowledge(incident, "eve")
    incidents.report(rule, TROUBLE)
    assert len(titles()) == 1
    incidents.resolve(incident, "ada")
    assert titles()[1:] == ["Resolved: orders.import failed"]


def test_the_first_lines_and_the_newest_are_kept(make_rule: MakeRule) -> None:
    rule = make_rule("pattern")
    for number in range(50):
        quote = Quoted("r1", number, "2026-01-31T12:00:00+00:00", f"line {number}")
        incidents.report(rule, Finding(about="a", title="found", quotes=(quote,)))
    kept = [quote["number"] for quote in Incident.objects.get().quotes]
    assert kept == [0, 1, 2, 3, 4, 47, 48, 49]


def test_news_that_stop_end_the_incident(make_rule: MakeRule) -> None:
    incidents.report(make_rule("failed", calm_minutes=60), TROUBLE)
    assert checking.calm_down() == 0
    Incident.objects.update(last_at=timezone.now() - timedelta(hours=2))
    assert checking.calm_down() == 1
    assert titles()[-1] == "Resolved: orders.import failed"


def test_a_condition_of_time_that_is_over_ends_its_incident(make_rule: MakeRule) -> None:
    make_rule("silent", tasks="orders.import", limits={"minutes": 30})
    checking.check_all()
    checking.check_all()
    assert Incident.objects.get().is_open
    from tasklog.alerts.tests.conftest import ended

    ended("orders.import")
    checking.check_all()
    assert not Incident.objects.get().is_open


def test_a_rule_that_cannot_be_judged_says_so_and_stops_no_other(
    make_rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rule: Rule) -> Any:
        raise OverflowError("minutes")

    monkeypatch.setitem(checking.OF_TIME, "queue", broken)
    make_rule("queue")
    make_rule("silent", tasks="orders.import")
    checking.check_all()
    assert "OverflowError" in Rule.objects.get(condition="queue").problem
    assert Incident.objects.count() == 1


def test_a_task_that_fails_is_an_incident_with_its_lines_at_once(
    make_rule: MakeRule, django_capture_on_commit_callbacks: Any
) -> None:
    make_rule("failed", tasks="alerts_tests.*")
    with django_capture_on_commit_callbacks(execute=True):
        spill.apply()  # news is sent once it is committed
    incident = Incident.objects.get()
    assert "no space left" in incident.title
    assert incident.quotes
    assert incident.run_id


def test_a_line_that_matches_is_an_incident_however_often_it_comes(
    make_rule: MakeRule, django_capture_on_commit_callbacks: Any
) -> None:
    make_rule("pattern", tasks="alerts_tests.*", limits={"pattern": "DISK is full"})
    watching.look()
    with django_capture_on_commit_callbacks(execute=True):
        spill.apply(args=(30,))
    watching.write_down()
    incident = Incident.objects.get()
    assert incident.count == 30
    assert {quote["text"] for quote in incident.quotes} == {"the disk is full"}
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("condition", "limits", "count"),
    [("source", {"level": 40}, 2), ("source", {"level": 0}, 3), ("pattern", {"pattern": "EV"}, 3)],
)
def test_lines_of_a_source_are_judged_before_its_worker_may_end(
    condition: str, limits: dict[str, Any], count: int, make_rule: MakeRule
) -> None:
    make_rule(condition, sources="upload *", limits=limits)
    Rule.objects.create(name="elsewhere", condition=condition, sources="connection *")
    watching.look()
    spill.apply(args=(3,))
    open_run("up", title="upload:app.log", source="upload app.log")
    for level in (40, 40, 20):  # three blocks of a file within a second
        with transaction.atomic():
            door = Door("up")
            door.remark(50, "a line of our own")
            door.add([LineRecord("up", "", 0, 1, 0, "log", level, "", "Even this one")])
            door.close()
    incident = Incident.objects.get()
    assert (incident.about, incident.count, incident.run_id) == ("upload:app.log", count, "up")
    assert Delivery.objects.count() == 1


def test_our_own_tasks_lines_raise_no_alarm(
    make_rule: MakeRule, django_capture_on_commit_callbacks: Any
) -> None:
    make_rule("pattern", limits={"pattern": "delivery"})
    watching.look()
    from tasklog.notify.tasks import deliver

    with django_capture_on_commit_callbacks(execute=True):
        deliver.apply(args=(0,))
    watching.write_down()
    assert not Incident.objects.exists()


def test_the_message_reaches_the_inbox(
    make_rule: MakeRule, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        incidents.report(make_rule("failed"), TROUBLE)
    message = InboxMessage.objects.get().said
    assert message.url.endswith(f"/alerts/{Incident.objects.get().pk}/")
