"""Writes the trail, and takes out what is past its days.  WEB and commands."""

from __future__ import annotations

import getpass
import logging
import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from tasklog.audit.address import address_of
from tasklog.conf import conf

logger = logging.getLogger(__name__)

COMMAND = "command line"
# The same refusal within this time is counted, not written again.
ONE_MINUTE = timedelta(minutes=1)
# Different refusals of one address within that time; the others are counted with the last.
DIFFERENT = 30
# An entry that is written takes so many old ones out: the trail needs no housekeeper.
AT_ONCE = 20


def record(
    action: str,
    *,
    request: HttpRequest | None = None,
    user: str | None = None,
    target: object = "",
    refused: bool = False,
    result: str = "done",
) -> None:
    """Writes that `action` was done, refused, failed, or got no answer (`result`).

    Without a request it was a command's.

    Does nothing where `tasklog.audit` is not installed, and never raises.
    """
    if not apps.is_installed("tasklog.audit"):
        return
    entry = _entry(action, request, target, "refused" if refused else result)
    try:
        entry["user"] = _plain(_name(request) if user is None else user, 150)
        with transaction.atomic():
            _write(entry)
    except (DatabaseError, SynchronousOnlyOperation) as error:
        logger.warning("Audit entry lost: %s (%s)", entry, error)


def record_each(
    action: str, targets: Iterable[object], *, request: HttpRequest, result: str = "done"
) -> None:
    """The same for many targets of one deed, at the price of one: a bulk action names each."""
    if not apps.is_installed("tasklog.audit"):
        return
    from tasklog.audit.models import AuditEntry

    entries = [_entry(action, request, target, result) for target in targets]
    try:
        who = _plain(_name(request), 150)
        AuditEntry.objects.bulk_create(AuditEntry(user=who, **entry) for entry in entries)
    except DatabaseError as error:
        logger.warning("Audit entries lost: %s (%s)", entries, error)


def _entry(action: str, request: HttpRequest | None, target: object, result: str) -> dict[str, str]:
    return {
        "action": str(action),
        "address": _plain(address_of(request) if request else COMMAND, 45),
        "target": _plain(target, 300),
        "result": result,
    }


def _write(entry: dict[str, str]) -> None:
    from tasklog.audit.models import AuditEntry

    if entry["result"] == "refused" and _counted(entry):
        return
    AuditEntry.objects.create(**entry)
    old = AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=conf().audit_days))
    gone = list(old.order_by("at").values_list("pk", flat=True)[:AT_ONCE])
    if gone:
        AuditEntry.objects.filter(pk__in=gone).delete()


def _counted(entry: dict[str, str]) -> bool:
    """Adds a repeated refusal to its entry: who knocks a thousand times fills no table."""
    from tasklog.audit.models import AuditEntry

    lately = AuditEntry.objects.filter(
        address=entry["address"], at__gte=timezone.now() - ONE_MINUTE, result="refused"
    )
    same = lately.filter(**entry).values_list("pk", flat=True)[:1]
    others = lately.values_list("pk", flat=True)[:DIFFERENT]
    found = list(same) or (list(others)[:1] if len(others) == DIFFERENT else [])
    return bool(found and AuditEntry.objects.filter(pk=found[0]).update(count=F("count") + 1))


def _name(request: HttpRequest | None) -> str:
    if request is None:
        return _account()
    user: Any = getattr(request, "user", None)
    return user.get_username() if user is not None and user.is_authenticated else ""


def _account() -> str:
    """Who runs the command, by the system's name; a container may know only a number."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _plain(value: object, most: int) -> str:
    """One printable line: control characters and marks that turn text around are spelled out."""
    text = "".join(c if c.isprintable() else _spelled(c) for c in str(value)[:most])
    return text if len(text) <= most else text[: most - 1] + "…"


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
