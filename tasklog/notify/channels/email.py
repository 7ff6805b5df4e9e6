"""E-mail by Django's own settings: HTML and text, the lines in it."""

from __future__ import annotations

import smtplib

from django import forms
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template.loader import render_to_string

from tasklog.notify.channels.base import Envelope
from tasklog.notify.message import Message
from tasklog.notify.transport import TransportError
from tasklog.sealed import SealedForm

MOST = 50


class EmailForm(SealedForm):
    """Who gets it."""

    to = forms.CharField(
        label="To", max_length=4000, help_text=f"Addresses with commas between, at most {MOST}."
    )

    def clean_to(self) -> list[str]:
        addresses = [part.strip() for part in self.cleaned_data["to"].split(",") if part.strip()]
        for address in addresses:
            try:
                validate_email(address)
            except forms.ValidationError:
                raise forms.ValidationError(f"“{address}” is no e-mail address.") from None
        if len(addresses) > MOST:
            raise forms.ValidationError(f"{len(addresses)} addresses; at most {MOST}.")
        return addresses


def deliver(envelope: Envelope) -> str:
    """One mail to all of them; the same thread in their mail programs for the same incident."""
    message = envelope.message
    mail = EmailMultiAlternatives(
        subject=subject_of(message),
        body=render_to_string("tasklog/notify/email.txt", {"message": message}),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=envelope.settings["to"],
        headers=_headers(message, envelope.earlier),
    )
    mail.attach_alternative(
        render_to_string("tasklog/notify/email.html", {"message": message}), "text/html"
    )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        raise TransportError("The server takes none of the addresses.", permanent=True) from error
    except smtplib.SMTPAuthenticationError as error:
        raise TransportError("The server refuses our name or password.", permanent=True) from error
    except smtplib.SMTPResponseException as error:
        told = f"The server answered {error.smtp_code}."
        raise TransportError(told, permanent=500 <= error.smtp_code < 600) from error
    except OSError as error:  # smtplib's others are OSErrors too
        raise TransportError(f"The server is away: {type(error).__name__}.") from error
    return str(mail.extra_headers.get("Message-ID", ""))


def subject_of(message: Message) -> str:
    """One line, whatever stands in the title."""
    return "[TaskLog] " + " ".join(message.title.split())[:200]


def _headers(message: Message, earlier: str) -> dict[str, str]:
    own = f"<{_word(message.key)}@tasklog>"
    return {"Message-ID": own} | (
        {"In-Reply-To": earlier, "References": earlier} if earlier else {}
    )


def _word(key: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in key)[:150]
