"""A signed POST to a program of the reader's own."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from django import forms

from tasklog.notify.channels.base import AddressField, Envelope, SecretField
from tasklog.notify.http import post
from tasklog.sealed import SealedForm


class WebhookForm(SealedForm):
    """Where to, and the secret that signs."""

    secrets = ("secret",)
    address = AddressField(label="Address", help_text="https://…", widget=forms.URLInput)
    secret = SecretField(label="Signing secret", min_length=16, help_text="At least 16 characters.")


def deliver(envelope: Envelope) -> str:
    """JSON; what may come twice carries the same `Idempotency-Key`."""
    body = json.dumps(envelope.message.as_json(), ensure_ascii=False).encode()
    at = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": envelope.message.key,
        "X-TaskLog-Signature": signature(envelope.settings["secret"], at, body),
    }
    post(envelope.settings["address"], data=body, headers=headers)
    return ""


def signature(secret: str, at: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`; with the time nobody sends it again."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"
