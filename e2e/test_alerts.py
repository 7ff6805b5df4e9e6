"""Alerts as their readers meet them: from a line to a rule, and pages that everybody can use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from e2e.viewer import Log, Writer

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Page


def test_a_line_becomes_a_rule(page: Page, log: Log, writer: Writer) -> None:
    writer.write("first", "  no space left on /dev/sda1 (28)", "no space left on /dev/sda1 (28)")
    writer.end()
    log.open()
    log.line(2).hover()
    page.get_by_role("link", name="Create alert from this line").click()
    expect(page.get_by_label("Text in the line")).to_have_value("no space left on /dev/sda1 (28)")
    expect(page.get_by_label("Tasks")).to_have_value("orders.import_feed")
    page.get_by_role("button", name="Try on the past").click()
    expect(page.get_by_role("status", name="Preview")).to_contain_text("fired 2 times")
    page.get_by_label("Name").fill("Disk full")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Disk full")).to_be_visible()


def test_the_pages_are_accessible_and_fit(
    page: Page, look: Callable[[Page, str], None], user: User
) -> None:
    ids = _fill(user)
    for name, path in {
        "alerts": "/alerts/",
        "incident": f"/alerts/{ids['incident']}/",
        "rule": f"/alerts/rules/{ids['rule']}/?preview=1",
        "rule-kinds": "/alerts/rules/new/",
        "rule-form": f"/alerts/rules/{ids['rule']}/edit/",
        "channels": "/alerts/channels/",
        "channel": f"/alerts/channels/{ids['channel']}/",
        "channel-form": "/alerts/channels/new/?kind=jira",
        "inbox": "/inbox/",
    }.items():
        page.goto(path)
        look(page, name)


TITLE = "orders.import_feed failed: feed.acme.example closed the connection"
LINES = (
    ("GET https://feed.acme.example/v2/products?page=44", 20),
    ("slow answer: 4.8 s", 30),
    ("ConnectionError: feed.acme.example closed the connection after 10.0 s", 40),
)


def _fill(user: User) -> dict[str, Any]:
    from tasklog.alerts import incidents
    from tasklog.alerts.finding import Finding
    from tasklog.notify.models import Delivery

    channels, rules = _channels(), _rules()
    rules[0].channels.set(channels)
    run_id, quotes = _run()
    found = Finding("orders.import_feed", TITLE, run_id=run_id, count=14, quotes=quotes)
    incident = incidents.report(rules[0], found)
    incidents.acknowledge(
        incidents.report(rules[1], Finding("mail.send", "“disk full” in mail.send")), "ada"
    )
    over = Finding("stock.count", "“disk full” in stock.count")
    incidents.resolve(incidents.report(rules[1], over))
    Delivery.objects.filter(channel=channels[0]).update(state="sent", tries=1)
    Delivery.objects.filter(channel=channels[1]).update(
        state="failed", tries=3, error="It answered 503."
    )
    _letters(user, incident)
    return {"incident": incident.pk, "rule": rules[0].pk, "channel": channels[1].pk}


def _channels() -> list[Any]:
    from django.utils import timezone

    from tasklog.notify.models import Channel

    made = []
    for name, kind, error in (
        ("Operations", "email", ""), ("#alarms", "slack", "It answered 503."),
        ("Inbox", "inbox", ""),
    ):  # fmt: skip
        channel = Channel(name=name, kind=kind, last_error=error, last_at=timezone.now())
        channel.settings = {"to": ["ops@example.com"], "people": []}
        channel.save()
        made.append(channel)
    return made


def _rules() -> list[Any]:
    from tasklog.alerts.models import Rule

    make = Rule.objects.create
    return [
        make(name="Imports fail", condition="failed", tasks="orders.*"),
        make(name="Disk full", condition="pattern", limits={"pattern": "disk full"}),
        make(name="Nightly report is missing", condition="silent", tasks="reports.nightly",
             limits={"minutes": 1500}, enabled=False),
        make(name="Bad pattern", condition="pattern", limits={"pattern": "(", "regex": True},
             problem="This is no regular expression."),
    ]  # fmt: skip


def _run() -> tuple[str, tuple[Any, ...]]:
    from django.utils import timezone

    from tasklog.alerts.finding import Quoted
    from tasklog.models import TaskRun

    now = timezone.now()
    run = TaskRun.objects.create(
        task_id="5f3c9a40-1111-4222-8333-abcdef12e91a", name="orders.import_feed",
        state="FAILURE", exception=LINES[-1][0], finished_at=now,
    )  # fmt: skip
    return run.pk, tuple(
        Quoted(run.pk, 4400 + n, (now + timedelta(seconds=n)).isoformat(), text, level)
        for n, (text, level) in enumerate(LINES)
    )


def _letters(user: User, incident: Any) -> None:
    """One that is new, one that was read."""
    from django.utils import timezone

    from tasklog.notify.message import Message, Quote
    from tasklog.notify.models import InboxMessage

    for level, read_at in (("error", None), ("resolved", timezone.now())):
        message = Message(
            key=level, title=TITLE, level=level, url=f"/alerts/{incident.pk}/",  # type: ignore[arg-type]
            facts=incident.as_facts(), quotes=(Quote(4402, "", LINES[-1][0], 40),),
        )  # fmt: skip
        InboxMessage.objects.create(
            user=user, key=level, message=message.as_json(), read_at=read_at
        )
