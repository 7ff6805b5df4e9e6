"""Jira: an issue for an incident, a comment for what comes after.  Its REST API, version 2."""

from __future__ import annotations

import json
from urllib.parse import quote

from django import forms

from tasklog.notify.channels.base import (
    AddressField,
    Envelope,
    SecretField,
    plain,
)
from tasklog.notify.http import Answer, post
from tasklog.notify.message import Message
from tasklog.notify.transport import TransportError
from tasklog.sealed import SealedForm


class JiraForm(SealedForm):
    """The site, who we are there, and where issues go."""

    secrets = ("token",)
    places = ("site",)
    site = AddressField(label="Site", help_text="https://example.atlassian.net")
    email = forms.CharField(label="Account", max_length=200, help_text="The e-mail of its owner.")
    token = SecretField(label="API token")
    project = forms.RegexField(
        r"^[A-Za-z][A-Za-z0-9_]{1,19}$",
        label="Project key",
        error_messages={"invalid": "A project key such as OPS: letters and figures."},
    )
    issue_type = forms.CharField(label="Issue type", max_length=60, initial="Bug")


def deliver(envelope: Envelope) -> str:
    """The issue's key; what follows in the thread is a comment on it."""
    if envelope.earlier:
        path = f"rest/api/2/issue/{quote(envelope.earlier, safe='')}/comment"
        _send(envelope, path, {"body": _body(envelope.message)})
        return envelope.earlier
    fields = {
        "project": {"key": envelope.settings["project"]},
        "issuetype": {"name": envelope.settings["issue_type"]},
        "summary": " ".join(envelope.message.title.split())[:250],
        "description": _body(envelope.message),
    }
    key = _send(envelope, "rest/api/2/issue", {"fields": fields}).json().get("key")
    if not isinstance(key, str) or not key:
        raise TransportError("Jira made an issue and did not say which.", permanent=True)
    return key


def _send(envelope: Envelope, path: str, body: dict[str, object]) -> Answer:
    settings = envelope.settings
    return post(
        f"{settings['site'].rstrip('/')}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        auth=(settings["email"], settings["token"]),
    )


def _body(message: Message) -> str:
    """Lines of output are no mark-up: the block they stand in cannot be closed from within."""
    return "{noformat}" + plain(message).replace("{noformat}", "{no format}") + "{noformat}"
