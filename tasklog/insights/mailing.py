"""Sends a report by e-mail: HTML with tables for charts, and the same as text.  WORKER."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from tasklog.conf import conf
from tasklog.insights.models import Report
from tasklog.notify.models import Channel, Kind
from tasklog.sealing import Unreadable


def recipients() -> list[str]:
    """The addresses of CELERY_TASKLOG_REPORT_TO; a word without an @ names an e-mail channel.

    Raises ValueError for a word that is neither.
    """
    found: list[str] = []
    for word in conf().report_to:
        found += _of_channel(word) if "@" not in word else [word]
    for address in found:
        validate_email(address)
    return list(dict.fromkeys(found))


def _of_channel(name: str) -> list[str]:
    channel = Channel.objects.filter(name=name, kind=Kind.EMAIL).first()
    if channel is None:
        raise ValueError(f"CELERY_TASKLOG_REPORT_TO: no e-mail channel is named “{name}”.")
    try:
        return list(channel.settings["to"]) if channel.enabled else []
    except Unreadable as error:
        told = f"The settings of channel “{name}” were sealed under another key."
        raise ValueError(told) from error


def send(report: Report, to: list[str]) -> None:
    """Mails it to those who have not got it; raises what the mail server's connection raises."""
    missing = [address for address in to if address not in report.sent_to]
    for address in missing:
        mail = EmailMultiAlternatives(
            subject=f"[TaskLog] {report.title}",
            body=report.text,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[address],
        )
        mail.attach_alternative(report.html, "text/html")
        mail.send()
        report.sent_to = [*report.sent_to, address]
        report.save(update_fields=["sent_to"])
