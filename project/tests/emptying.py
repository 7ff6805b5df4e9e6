"""The database after a test with real processes: empty, but for what `migrate` had put there.

Django truncates every table, which makes PostgreSQL new files for each and its indexes, and then
asks every app again what `migrate` would do: half a second of processor time a test.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.db.backends.postgresql.operations import DatabaseOperations


class Migrated:
    """The rows of a database in which no test has run."""

    def __init__(self) -> None:
        models = [model for model in apps.get_models(True) if not model._meta.proxy]
        self.rows = [(model, list(model._base_manager.all())) for model in models]

    def put_back(self, *_: Any, **__: Any) -> None:
        """In place of the signal after `migrate`."""
        with transaction.atomic():
            for model, rows in self.rows:
                if rows:
                    model._base_manager.bulk_create(rows)


def deletes(self: DatabaseOperations, style: Any, tables: list[str], **_: Any) -> list[str]:
    """In place of TRUNCATE; PostgreSQL asks for the rows of foreign keys at the end."""
    return [f"DELETE FROM {self.quote_name(table)}" for table in tables]


def quickly(patch: pytest.MonkeyPatch) -> None:
    """From now on Django's `flush` works so.  Call it before the first test."""
    migrated = Migrated()
    flush = "django.core.management.commands.flush.emit_post_migrate_signal"
    patch.setattr(flush, migrated.put_back)
    patch.setattr(DatabaseOperations, "sql_flush", deletes)
