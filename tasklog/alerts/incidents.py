"""Opens, joins, tells and ends incidents.  BOTH.

One incident for a rule and what it is about, however many signs come: ten thousand matches a
minute are one row with a count, and a rule sends one message in each cool-down, whatever it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from tasklog.alerts.finding import Finding, Quoted
from tasklog.alerts.models import Incident, Rule
from tasklog.conf import conf
from tasklog.notify import deliver
from tasklog.notify.message import Level, Message, Quote

# Of the lines that prove it: the first so many, and the newest.
FIRST, NEWEST = 5, 3
LONGEST = 500
# Other incidents that one message tells of, and those it names.
TOGETHER, NAMED = 1000, 10
OPEN = (Incident.State.OPEN, Incident.State.ACKNOWLEDGED)


def report(rule: Rule, finding: Finding) -> Incident:
    """Joins the open incident or opens one, and tells of it where it is time."""
    now = timezone.now()
    incident = _joined(rule, finding, now) or _opened(rule, finding, now)
    tell_if_due(incident, now)
    return incident


def tell_if_due(incident: Incident, now: datetime) -> bool:
    """One message of a rule at its first sign, then one in each cool-down while signs come.

    What else the rule has found meanwhile is told with it.  Quiet hours only put it off: the next
    look after them tells.  The turn is taken by an UPDATE, so two processes with news tell once.
    """
    rule = incident.rule
    fresh = incident.count > incident.told_count
    if incident.state != Incident.State.OPEN or not fresh or rule.is_quiet(now):
        return False
    if not _took_turn(rule, now):
        return False
    others = _others(incident, now)
    Incident.objects.filter(pk=incident.pk).update(
        told_at=now, told_count=F("count"), messages=F("messages") + 1
    )
    incident.refresh_from_db()
    _send(incident, "error", f"{incident.pk}:{incident.messages}", others)
    return True


def _took_turn(rule: Rule, now: datetime) -> bool:
    before = now - timedelta(minutes=rule.cooldown_minutes)
    due = Rule.objects.filter(Q(told_at=None) | Q(told_at__lte=before), pk=rule.pk)
    return bool(due.update(told_at=now))


def _others(incident: Incident, now: datetime) -> list[Incident]:
    """The rule's other open incidents of which there is news; told from now on."""
    fresh = Incident.objects.filter(
        rule=incident.rule_id, state=Incident.State.OPEN, count__gt=F("told_count")
    )
    found = list(fresh.exclude(pk=incident.pk).order_by("-pk")[:TOGETHER])
    told = Incident.objects.filter(pk__in=[one.pk for one in found])
    told.update(told_at=now, told_count=F("count"))
    return found


def acknowledge(incident: Incident, by: str) -> bool:
    """Somebody has it: nobody is told any more.  False where it is not open."""
    return bool(
        Incident.objects.filter(pk=incident.pk, state=Incident.State.OPEN).update(
            state=Incident.State.ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=timezone.now()
        )
    )


def resolve(incident: Incident, by: str = "") -> bool:
    """It is over; whoever was told of it is told that too.  False where it was over before."""
    now = timezone.now()
    ended = Incident.objects.filter(pk=incident.pk, state__in=OPEN).update(
        state=Incident.State.RESOLVED, resolved_by=by, resolved_at=now
    )
    incident.refresh_from_db()
    if ended and incident.messages:
        _send(incident, "resolved", f"{incident.pk}:resolved")
    return bool(ended)


def _joined(rule: Rule, finding: Finding, now: datetime) -> Incident | None:
    with transaction.atomic():
        known = (
            Incident.objects.select_for_update()
            .filter(rule=rule, about=finding.about[:255], state__in=OPEN)
            .first()
        )
        if known is None:
            return None
        known.count += finding.count
        known.last_at = now
        known.title, known.text = finding.title[:300], finding.text
        known.run_id = finding.run_id or known.run_id
        known.quotes = _kept(known.quotes, finding.quotes)
        known.save(update_fields=["count", "last_at", "title", "text", "run_id", "quotes"])
        return known


def _opened(rule: Rule, finding: Finding, now: datetime) -> Incident:
    values = {
        "title": finding.title[:300],
        "text": finding.text,
        "count": finding.count,
        "run_id": finding.run_id,
        "quotes": _kept([], finding.quotes),
        "opened_at": now,
        "last_at": now,
    }
    try:
        with transaction.atomic():
            return Incident.objects.create(rule=rule, about=finding.about[:255], **values)
    except IntegrityError:  # another process was a moment quicker
        joined = _joined(rule, finding, now)
        if joined is None:
            raise
        return joined


def _kept(known: list[dict[str, object]], new: tuple[Quoted, ...]) -> list[dict[str, object]]:
    told = [quote.as_json() | {"text": quote.text[:LONGEST]} for quote in new]
    together = known + told
    if len(together) <= FIRST + NEWEST:
        return together
    return together[:FIRST] + together[-NEWEST:]


def _send(incident: Incident, level: Level, key: str, others: Sequence[Incident] = ()) -> None:
    over = level == "resolved"
    message = Message(
        key=f"incident:{key}",
        thread=f"incident:{incident.pk}",
        title=f"Resolved: {incident.title}" if over else incident.title,
        text="" if over else _text(incident, others),
        url=f"{conf().url.rstrip('/')}/alerts/{incident.pk}/",
        level=level,
        facts=incident.as_facts(),
        quotes=() if over else _quotes(incident),
    )
    deliver.send(message, incident.rule.channels.filter(enabled=True))


def _text(incident: Incident, others: Sequence[Incident]) -> str:
    """Its own, and what else the rule has found."""
    told = [incident.text] if incident.text else []
    if others:
        told.append(f"And {len(others):,} more of this rule:")
        told += [f"{one.title} (× {one.count:,})" for one in others[:NAMED]]
    if len(others) > NAMED:
        told.append("…")
    return "\n".join(told)


def _quotes(incident: Incident) -> tuple[Quote, ...]:
    base = conf().url.rstrip("/")
    return tuple(
        Quote(
            number=quote["number"],
            at=quote["at"],
            text=quote["text"],
            level=quote["level"],
            url=f"{base}/runs/{quote['run_id']}/?line={quote['number']}#L{quote['number']}",
        )
        for quote in incident.quotes
    )
