"""Slack, by an incoming webhook: one message in blocks."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from tasklog.notify.channels.base import AddressField, Envelope
from tasklog.notify.http import post
from tasklog.notify.message import Message
from tasklog.sealed import SealedForm

MARKS = {"info": "ℹ️", "warning": "⚠️", "error": "🛑", "resolved": "✅"}
# Slack refuses longer texts.
HEADER, SECTION, FIELDS = 150, 2900, 10


class SlackForm(SealedForm):
    """The address is the secret: who knows it may post."""

    secrets = ("webhook_url",)
    webhook_url = AddressField(
        label="Webhook address",
        help_text="https://hooks.slack.com/services/…",
        widget=forms.PasswordInput,
    )


def deliver(envelope: Envelope) -> str:
    """Slack names no message that came by a webhook."""
    body = {"text": escaped(envelope.message.title), "blocks": blocks(envelope.message)}
    post(
        envelope.settings["webhook_url"],
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    return ""


def blocks(message: Message) -> list[dict[str, Any]]:
    """Headline, words, facts, the lines as they stood, and the way to the page."""
    title = f"{MARKS[message.level]} {' '.join(message.title.split())}"
    found: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:HEADER]}}
    ]
    if message.text:
        found.append(_section(escaped(message.text)))
    if message.facts:
        fields = [_words(f"*{escaped(n)}*\n{escaped(v)}"[:1900]) for n, v in message.facts[:FIELDS]]
        found.append({"type": "section", "fields": fields})
    if message.quotes:
        lines = "\n".join(f"{quote.number}  {quote.text}" for quote in message.quotes)
        found.append(_section(f"```{escaped(lines).replace('```', '´´´')[: SECTION - 10]}```"))
    if message.url:
        found.append(_section(f"<{message.url}|Open in TaskLog>"))
    return found


def escaped(text: str) -> str:
    """Slack's three: without them a line could mention everybody or forge a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _words(text[:SECTION])}


def _words(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}
