"""Writes a row that a person has made or changed.  WEB."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model


def keep(row: Model, *fields: str) -> None:
    """Saves it, or these fields of it.  Raises ObjectNotUpdated where it was deleted since.

    In a transaction of its own: one around it goes on, to write down that it failed.
    """
    with transaction.atomic():
        if fields:
            row.save(update_fields=fields)
        else:
            row.save(force_update=row.pk is not None)
