"""Alert rules, what they have found in the week, and who was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from demo.seed import rhythm
from demo.seed.office import PRICES, STOCK
from demo.seed.shop import INVOICE, PAYMENTS
from demo.seed.telling import MARK
from tasklog.alerts.models import Condition, Incident, Rule
from tasklog.alerts.quoting import proof_of
from tasklog.conf import conf
from tasklog.models import TaskRun
from tasklog.notify.channels.base import Envelope
from tasklog.notify.channels.inbox import deliver
from tasklog.notify.message import Message
from tasklog.notify.models import Channel, Delivery, InboxMessage, Kind
from tasklog.states import State

BY = "seed_demo"
CHANNEL = "Inbox of all operators"
DAY = timedelta(days=1)
# Name, kind, settings, and what the other side says to all that is sent.
CHANNELS = (
    ("Shop operators", Kind.EMAIL, {"to": "operators@example.com"}, ""),
    ("Shop board", Kind.JIRA, {
        "site": "https://shop.example.com", "email": "tasks@example.com", "token": "expired",
        "project": "SHOP", "issue_type": "Task",
    }, "It refused the credentials (401)."),
)  # fmt: skip
RULES: dict[str, dict[str, Any]] = {
    "Payments fail": {
        "condition": Condition.FAILED, "tasks": "payments.*", "calm_minutes": 24 * 60,
    },
    "Invoices bounce": {
        "condition": Condition.ERROR_RATE, "tasks": "mail.*",
        "limits": {"percent": 20, "runs": 10, "minutes": 60},
    },
    "Imports are slow": {
        "condition": Condition.SLOW, "tasks": "imports.*", "calm_minutes": 24 * 60,
        "limits": {"factor": 2, "seconds": 30},
    },
    "Stock stands still": {
        "condition": Condition.SILENT, "tasks": STOCK.name, "limits": {"minutes": 45},
    },
    "Card declined": {
        "condition": Condition.PATTERN, "tasks": "payments.*", "calm_minutes": 24 * 60,
        "limits": {"pattern": "card declined", "regex": False, "level": 30},
    },
    "Queues are long": {
        "condition": Condition.QUEUE, "limits": {"waiting": 100}, "enabled": False,
    },
}  # fmt: skip


def make(end: datetime) -> int:
    """Makes channel, rules, incidents and messages; how many incidents it were."""
    channel, _ = Channel.objects.get_or_create(
        name=CHANNEL, defaults={"kind": Kind.INBOX, "created_by": BY}
    )
    others = [_channel(*one) for one in CHANNELS]
    for name, facts in RULES.items():
        rule, made = Rule.objects.get_or_create(name=name, defaults=facts | {"created_by": BY})
        if made:
            rule.channels.add(channel)
    incidents = [one for one in _incidents(end) if one.rule.created_by == BY]
    for incident in incidents:
        incident.save()
        message = _message(incident)
        for one in (channel, *others):
            _sent(incident, message, one)
        _put(incident, message)
    return len(incidents)


def clear() -> None:
    ours = Incident.objects.filter(rule__created_by=BY).values_list("pk", flat=True)
    keys = [_key(pk) for pk in ours]
    InboxMessage.objects.filter(key__in=keys).delete()
    Delivery.objects.filter(key__in=keys).delete()
    Rule.objects.filter(created_by=BY).delete()
    Channel.objects.filter(created_by=BY).delete()


def _incidents(end: datetime) -> Iterator[Incident]:
    """Oldest first."""
    bad = TaskRun.objects.filter(pk__startswith=MARK, state=State.FAILURE).order_by("created_at")
    good = TaskRun.objects.filter(pk__startswith=MARK, state=State.SUCCESS).order_by("created_at")
    hour = rhythm.MAILBOXES.begins(end)
    span = {"name": INVOICE.name, "created_at__range": (hour, hour + rhythm.HOUR)}
    if bounced := list(bad.filter(**span)):
        share = len(bounced) / TaskRun.objects.filter(**span).count()
        title = f"{share:.0%} of {INVOICE.name}'s runs failed in 60 minutes"
        yield _over("Invoices bounce", bounced, title, hour + 2 * rhythm.HOUR, by="oskar")
    prices = good.filter(name=PRICES.name)
    usual = max(map(_took, prices.filter(created_at__lt=end - DAY)), default=60.0)
    if slow := [one for one in prices.filter(created_at__gte=end - DAY) if _took(one) > usual]:
        title = f"{PRICES.name} took {_took(slow[-1]):,.1f} s, usually {usual:,.1f} s at most"
        yield _taken("Imports are slow", slow, title, "oskar")
    quiet, again = rhythm.silence_of(end)
    title = f"{STOCK.name} has not run for 45 minutes"
    yield _over("Stock stands still", [], title, again, since=quiet + timedelta(minutes=45),
                about=STOCK.name)  # fmt: skip
    if declined := list(good.filter(name=PAYMENTS.name, lines__message__startswith="card dec")):
        yield _found("Card declined", declined[-6:], f"{PAYMENTS.name}: card declined")
    burst = rhythm.GATEWAY.begins(end)
    if failed := list(bad.filter(name=PAYMENTS.name, created_at__gte=burst)):
        title = f"{PAYMENTS.name} failed: {failed[-1].exception}"
        yield _found("Payments fail", failed, title)


def _took(run: TaskRun) -> float:
    """Seconds"""
    return run.duration.total_seconds() if run.duration else 0.0


def _found(rule: str, runs: list[TaskRun], title: str) -> Incident:
    """An open incident that these runs have made."""
    first, last = (run.finished_at or run.created_at for run in (runs[0], runs[-1]))
    quotes = [quote.as_json() for run in runs[-3:] for quote in proof_of(run)][:8]
    return Incident(
        rule=Rule.objects.get(name=rule), about=runs[-1].name, title=title[:300],
        count=len(runs), told_count=len(runs), messages=1, run_id=runs[-1].pk, quotes=quotes,
        opened_at=first, last_at=last, told_at=first,
    )  # fmt: skip


def _taken(rule: str, runs: list[TaskRun], title: str, by: str) -> Incident:
    """One that somebody has."""
    found = _found(rule, runs, title)
    found.state, found.acknowledged_by = Incident.State.ACKNOWLEDGED, by
    found.acknowledged_at = found.opened_at + timedelta(minutes=12)
    return found


def _over(
    rule: str, runs: list[TaskRun], title: str, at: datetime, *, by: str = "",
    since: datetime | None = None, about: str = "",
) -> Incident:  # fmt: skip
    """One that has ended; without somebody's name by itself."""
    found = _found(rule, runs, title) if runs else Incident(
        rule=Rule.objects.get(name=rule), about=about, title=title, messages=1, told_count=1
    )  # fmt: skip
    found.opened_at = since or found.opened_at
    found.state, found.resolved_at, found.resolved_by = Incident.State.RESOLVED, at, by
    found.last_at, found.told_at = at, found.opened_at
    return found


def _key(incident: int) -> str:
    return f"incident:{incident}:1"


def _channel(name: str, kind: str, settings: dict[str, str], error: str) -> Channel:
    """One that rests: nothing of the seed asks anybody."""
    there = Channel.objects.filter(name=name).first()
    if there is None:
        there = Channel(name=name, kind=kind, enabled=False, created_by=BY, last_error=error)
        there.settings = settings
        there.save()
    return there


def _message(incident: Incident) -> Message:
    return Message(
        key=_key(incident.pk), thread=f"incident:{incident.pk}", title=incident.title,
        url=f"{conf().url.rstrip('/')}/alerts/{incident.pk}/", level="error",
        facts=incident.as_facts(),
    )  # fmt: skip


def _sent(incident: Incident, message: Message, channel: Channel) -> None:
    """As it was told when it opened."""
    error, at = channel.last_error, incident.opened_at
    state = Delivery.State.FAILED if error else Delivery.State.SENT
    Delivery.objects.create(
        channel=channel, key=message.key, thread=message.thread, title=message.title, tries=1,
        message=message.as_json(), state=state, error=error, created_at=at, tried_at=at,
    )  # fmt: skip
    Channel.objects.filter(pk=channel.pk).update(last_at=at)


def _put(incident: Incident, message: Message) -> None:
    """Under the bell; what is over has been read."""
    deliver(Envelope(message, {}))
    read = None if incident.is_open else timezone.now()
    own = InboxMessage.objects.filter(key=message.key)
    own.update(created_at=incident.opened_at, read_at=read)
