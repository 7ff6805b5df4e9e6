"""SMS by Twilio's API, or one that speaks it: the headline and the way to the page."""

from __future__ import annotations

from urllib.parse import quote

from django import forms

from tasklog.notify.channels.base import AddressField, Envelope, SecretField
from tasklog.notify.http import post
from tasklog.sealed import SealedForm

# Two parts of a text with letters outside the GSM alphabet.
MOST = 134


class SmsForm(SealedForm):
    """The account, from which number, to which."""

    secrets = ("token",)
    places = ("site",)
    site = AddressField(label="Service", initial="https://api.twilio.com")
    account = forms.RegexField(r"^[A-Za-z0-9]{10,64}$", label="Account SID")
    token = SecretField(label="Auth token")
    sender = forms.RegexField(
        r"^\+?[A-Za-z0-9 ]{3,20}$", label="From", help_text="A number or name of yours there."
    )
    to = forms.RegexField(
        r"^\+[0-9]{6,15}$",
        label="To",
        error_messages={"invalid": "A number with its country: +48123456789."},
    )


def deliver(envelope: Envelope) -> str:
    """Twilio's id of the message."""
    settings = envelope.settings
    account = settings["account"]
    answer = post(
        f"{settings['site'].rstrip('/')}/2010-04-01/Accounts/{quote(account)}/Messages.json",
        data={"From": settings["sender"], "To": settings["to"], "Body": short(envelope)},
        auth=(account, settings["token"]),
    )
    return str(answer.json().get("sid") or "")[:200]


def short(envelope: Envelope) -> str:
    """The title, cut so that the address behind it stays whole."""
    title, url = " ".join(envelope.message.title.split()), envelope.message.url
    room = MOST - len(url) - 1
    cut = title if len(title) <= room else title[: max(room - 1, 10)] + "…"
    return f"{cut} {url}".strip()
