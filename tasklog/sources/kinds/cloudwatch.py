"""AWS CloudWatch Logs: the events of one log group, whichever stream they are in.

Events arrive late and clocks differ, so each poll looks back a while and drops what it knows by its
event id.  A clock that is ahead moves nothing past now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms

from tasklog.conf import conf
from tasklog.notify.transport import TransportError
from tasklog.sources.kinds.base import Batch, Event, SourceForm

PAGE = 5_000
# A page token lives for 24 hours at the most; a query that goes on longer begins anew.
_TOKEN = ("InvalidParameterException", "ExpiredTokenException")
_BUSY = ("ThrottlingException", "Throttling", "TooManyRequestsException", "LimitExceededException")
_WRONG = {
    "ResourceNotFoundException": "There is no such log group in this region.",
    "AccessDeniedException": "These credentials may not read this log group.",
    "UnrecognizedClientException": "AWS does not know these credentials.",
    "InvalidSignatureException": "The secret key does not belong to this access key.",
}


class CloudWatchForm(SourceForm):
    """Where, and who asks."""

    secrets = ("secret_key",)
    region = forms.RegexField(
        r"^[a-z]{2}(-[a-z]+)+-\d$", label="Region", max_length=30, help_text="eu-central-1",
        error_messages={"invalid": "Give a region such as eu-central-1."},
    )  # fmt: skip
    group = forms.RegexField(
        r"^[\w./#-]{1,512}$", label="Log group", max_length=512,
        error_messages={"invalid": "Give a log group's name, such as /aws/lambda/orders."},
    )  # fmt: skip
    streams = forms.CharField(
        label="Streams that begin with", max_length=512, required=False, help_text="Empty: all."
    )
    pattern = forms.CharField(label="Filter pattern", max_length=1024, required=False)
    access_key = forms.CharField(
        label="Access key", max_length=128, required=False,
        help_text="Empty: the role of the worker's machine.",
    )  # fmt: skip
    secret_key = forms.CharField(
        label="Secret key", max_length=256, required=False, widget=forms.PasswordInput
    )
    look_back = forms.IntegerField(
        label="Look back, minutes", min_value=1, max_value=120, initial=5,
        help_text="So late may an event arrive and still be found.",
    )  # fmt: skip
    endpoint = forms.CharField(
        label="Endpoint", max_length=300, required=False,
        help_text="Empty: AWS. Its host must be among CELERY_TASKLOG_OUTBOUND_HOSTS.",
    )  # fmt: skip

    def clean_endpoint(self) -> str:
        text: str = self.cleaned_data["endpoint"]
        if text and urlsplit(text).hostname not in conf().outbound_hosts:
            raise forms.ValidationError("This host is not among CELERY_TASKLOG_OUTBOUND_HOSTS.")
        return text


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
    events = [Event(e["eventId"], e["timestamp"] * 1000, e["message"]) for e in answer["events"]]
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
    from botocore.exceptions import BotoCoreError, ClientError

    asked: dict[str, Any] = {
        "logGroupName": settings["group"], "startTime": start, "limit": PAGE,
        "filterPattern": settings.get("pattern"), "nextToken": token,
        "logStreamNamePrefix": settings.get("streams"),
    }  # fmt: skip
    try:
        found = _client(settings).filter_log_events(**{k: v for k, v in asked.items() if v})
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if token and code in _TOKEN:
            raise _TokenGone from error
        raise _told(code) from error
    except BotoCoreError as error:
        raise TransportError(f"No answer: {type(error).__name__}.") from error
    return dict(found)


def _told(code: str) -> TransportError:
    if code in _BUSY:
        return TransportError("AWS asks us to be slower.")
    return TransportError(_WRONG.get(code) or f"AWS answered {code}.", permanent=code in _WRONG)


def _client(settings: dict[str, Any]) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        told = "CloudWatch needs the extra: pip install 'celery-tasklog[aws]'"
        raise TransportError(told, permanent=True) from error
    endpoint = settings.get("endpoint") or None
    if endpoint and urlsplit(endpoint).hostname not in conf().outbound_hosts:
        raise TransportError("The endpoint's host is not allowed any more.", permanent=True)
    return boto3.client(
        "logs", region_name=settings["region"], endpoint_url=endpoint,
        aws_access_key_id=settings.get("access_key") or None,
        aws_secret_access_key=settings.get("secret_key") or None,
        config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}),
    )  # fmt: skip
