"""One address may not try many names: a password for each of a thousand is a thousand tries.  WEB.

Axes counts by name *and* address, so that nobody is locked out by who knows their name.  This
counts an address's refusals, whatever the names, where all sign-ins are written down anyway.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone

from tasklog.audit.address import address_of
from tasklog.audit.models import Action, AuditEntry, Result

WINDOW = timedelta(minutes=5)


class AddressGuard:
    """The first of `AUTHENTICATION_BACKENDS`: it lets nobody in, and some not even try.

    It knows no users (`get_user`): a session would be asked for in vain here.

    Raises PermissionDenied, which Axes's middleware turns into its answer of 429.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is None or not getattr(settings, "AXES_ENABLED", True):
            return
        if refusals(address_of(request)) >= settings.LOGIN_FAILURES_OF_ADDRESS:
            request.axes_locked_out = True  # type: ignore[attr-defined]
            raise PermissionDenied


def refusals(address: str) -> int:
    """So many wrong passwords came from there within the window."""
    lately = AuditEntry.objects.filter(address=address, at__gte=timezone.now() - WINDOW)
    wrong = lately.filter(action=Action.LOGIN, result=Result.REFUSED)
    return wrong.aggregate(times=Sum("count"))["times"] or 0
