"""`manage.py tasklog_index`: the trigram index that makes search over millions of lines instant."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from tasklog.search import trigram


class Command(BaseCommand):
    """Says how the index stands, after making or removing it."""

    help = "The trigram index for searches on PostgreSQL; without an option, how it stands."

    def add_arguments(self, parser: CommandParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--create", action="store_true", help="build it; writers go on")
        choice.add_argument("--drop", action="store_true", help="remove it")
        choice.add_argument("--status", action="store_true", help="only say how it stands")

    def handle(self, *, create: bool, drop: bool, **_: Any) -> None:
        try:
            if create:
                trigram.create()
            if drop:
                trigram.drop()
            self.stdout.write(self._said(trigram.status()))
        except trigram.NotOffered as why:
            raise CommandError(str(why)) from None
        except DatabaseError as error:
            raise CommandError(
                f"{error}The extension pg_trgm belongs to PostgreSQL's contrib package; a "
                "superuser may have to run: CREATE EXTENSION pg_trgm"
            ) from error

    def _said(self, status: trigram.Status) -> str:
        if not status.exists:
            return "There is no trigram index; --create builds one."
        if not status.valid:
            return "The trigram index is being built, or a build was stopped: --create again."
        return f"The trigram index is in use: {status.size_bytes / 2**20:,.1f} MiB."
