"""AWS CloudWatch Logs: the events of one log group, whichever stream they are in.

Events arrive late and clocks differ, so each poll looks back a while and drops what it knows by its
event id.  A clock that is ahead moves nothing past now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from tasklog.sources.kinds import aws
from tasklog.sources.kinds.base import Batch, Event

PAGE = 5_000
# A page token lives for 24 hours at the most; a query that goes on longer begins anew.
_TOKEN = ("InvalidParameterException", "ExpiredTokenException")
_WRONG = {
    "ResourceNotFoundException": "There is no such log group in this region.",
    "AccessDeniedException": "These credentials may not read this log group.",
}


class CloudWatchForm(aws.AwsForm):
    """Which events."""

    group = forms.RegexField(
        r"^[\w./#-]{1,512}$", label="Log group", max_length=512,
        error_messages={"invalid": "Give a log group's name, such as /aws/lambda/orders."},
    )  # fmt: skip
    streams = forms.CharField(
        label="Streams that begin with", max_length=512, required=False, help_text="Empty: all."
    )
    pattern = forms.CharField(label="Filter pattern", max_length=1024, required=False)
    look_back = forms.IntegerField(
        label="Look back, minutes", min_value=1, max_value=120, initial=5,
        help_text="So late may an event arrive and still be found.",
    )  # fmt: skip
    field_order = (
        "region", "group", "streams", "pattern", "access_key", "secret_key", "look_back",
        "endpoint",
    )  # fmt: skip


def fetch(settings: dict[str, Any], cursor: dict[str, Any], now: datetime) -> Batch:
    """One page, the oldest events first."""
    back = int(settings.get("look_back") or 5) * 60_000
    until = int(now.timestamp() * 1000)
    since = int(cursor.get("since") or until - back)
    token = cursor.get("token")
    start = int(cursor["start"]) if token else max(since - back, 0)
    try:
        answer = _ask(settings, start, token)
    except _TokenGone:
        return Batch([], {"since": since}, more=True)
    events = [
        Event(e["eventId"], e["timestamp"] * 1000, e["message"], e.get("logStreamName", ""))
        for e in answer["events"]
    ]
    stamps = [min(event["timestamp"], until) for event in answer["events"]]
    newest = max([int(cursor.get("newest") or since), *stamps])
    forget = datetime.fromtimestamp(start / 1000, UTC) - timedelta(hours=1)
    if token := answer.get("nextToken"):
        going = {"since": since, "start": start, "token": token, "newest": newest}
        return Batch(events, going, more=True, forget=forget)
    return Batch(events, {"since": newest}, forget=forget)


class _TokenGone(Exception):
    """The page token is too old, or was never one."""


def _ask(settings: dict[str, Any], start: int, token: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "logGroupName": settings["group"], "startTime": start, "limit": PAGE,
        "filterPattern": settings.get("pattern"), "nextToken": token,
        "logStreamNamePrefix": settings.get("streams"),
    }  # fmt: skip
    client = aws.client("logs", settings)
    with aws.asking(_WRONG, dict.fromkeys(_TOKEN, _TokenGone) if token else {}):
        return dict(client.filter_log_events(**{k: v for k, v in asked.items() if v}))
