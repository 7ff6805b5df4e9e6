"""A push on a phone: by ntfy (one's own server or the public one) or by Pushover."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from tasklog.notify.channels.base import (
    AddressField,
    Envelope,
    SecretField,
    plain,
)
from tasklog.notify.http import post
from tasklog.sealed import SealedForm

PRIORITY = {"info": 3, "warning": 4, "error": 5, "resolved": 2}
MOST = 1000


class PushForm(SealedForm):
    """Which service, and what it needs."""

    secrets = ("token",)
    places = ("site",)
    service = forms.ChoiceField(choices=[("ntfy", "ntfy"), ("pushover", "Pushover")])
    site = AddressField(
        label="Service's address",
        initial="https://ntfy.sh",
        help_text="ntfy: its server. Pushover: https://api.pushover.net",
    )
    topic = forms.RegexField(
        r"^[A-Za-z0-9_-]{1,64}$",
        label="Topic",
        help_text="ntfy: the topic. Pushover: the user key.",
    )
    token = SecretField(label="Token", required=False, help_text="Pushover: the application's.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        missing = not (data.get("token") or self.kept.get("token"))
        if data.get("service") == "pushover" and missing:
            self.add_error("token", "Pushover needs the application's token.")
        return data


def deliver(envelope: Envelope) -> str:
    """The service's id of the push, where it names one."""
    send = _pushover if envelope.settings["service"] == "pushover" else _ntfy
    return send(envelope)


def _ntfy(envelope: Envelope) -> str:
    message, settings = envelope.message, envelope.settings
    body = {
        "topic": settings["topic"],
        "title": " ".join(message.title.split())[:250],
        "message": plain(message, most=MOST),
        "priority": PRIORITY[message.level],
        "click": message.url,
    }
    headers = {"Content-Type": "application/json"}
    if settings.get("token"):
        headers["Authorization"] = f"Bearer {settings['token']}"
    answer = post(settings["site"], data=json.dumps(body).encode(), headers=headers)
    return str(answer.json().get("id") or "")[:200]


def _pushover(envelope: Envelope) -> str:
    message, settings = envelope.message, envelope.settings
    body = {
        "token": settings["token"],
        "user": settings["topic"],
        "title": " ".join(message.title.split())[:250],
        "message": plain(message, most=MOST),
        "url": message.url,
        "priority": "1" if message.level == "error" else "0",
    }
    answer = post(f"{settings['site'].rstrip('/')}/1/messages.json", data=body)
    return str(answer.json().get("request") or "")[:200]
