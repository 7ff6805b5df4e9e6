"""The inbox of this product: a message for each person, under the bell."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from tasklog.conf import conf
from tasklog.notify.channels.base import Envelope
from tasklog.notify.models import InboxMessage
from tasklog.roles import Role, role_of
from tasklog.sealed import SealedForm

# Past it a project should take a channel of its own.
MOST = 500


class InboxForm(SealedForm):
    """Named people, or everybody of a role."""

    people = forms.CharField(
        label="People", required=False, max_length=4000,
        help_text="User names with commas between; empty for all operators.",
    )  # fmt: skip

    def clean_people(self) -> list[str]:
        names = [part.strip() for part in self.cleaned_data["people"].split(",") if part.strip()]
        known = set(_named(names).values_list(get_user_model().USERNAME_FIELD, flat=True))
        missing = [name for name in names if name not in known]
        if missing:
            raise forms.ValidationError(f"Nobody here is called {', '.join(missing)}.")
        return names


def deliver(envelope: Envelope) -> str:
    """The same key reaches a person once, however often it is sent."""
    key, message = envelope.message.key, envelope.message.as_json()
    rows = [InboxMessage(user=user, key=key, message=message) for user in recipients(envelope)]
    InboxMessage.objects.bulk_create(rows, ignore_conflicts=True)
    return ""


def recipients(envelope: Envelope) -> list[Any]:
    """Those who are active and may act; or the named ones that are still there.

    Where a rule says who sees which runs, only administrators get what may be anybody's lines.
    """
    names = envelope.settings.get("people") or []
    if names:
        return list(_named(names))
    least = Role.ADMINISTRATOR if conf().visibility else Role.OPERATOR
    people = get_user_model()._default_manager.filter(is_active=True).order_by("pk")
    return [user for user in people[:MOST] if role_of(user) >= least]


def _named(names: list[str]) -> QuerySet[Any]:
    people = get_user_model()
    return people._default_manager.filter(**{f"{people.USERNAME_FIELD}__in": names}, is_active=True)
