"""A backup into an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from tasklog.maintenance.backup.manifest import Refused
from tasklog.maintenance.backup.restore import restore


class Command(BaseCommand):
    help = "Restores a backup into an empty database, or says why not and changes nothing."
    # There is no database yet.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="tasklog-….sqlite3 or tasklog-….dump, its .json beside it")
        parser.add_argument("--database", default="default", help="the alias in DATABASES")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] not in connections:
            raise CommandError(f"No database is called {options['database']}.")
        try:
            told = restore(Path(options["file"]), connections[options["database"]])
        except Refused as refused:
            raise CommandError(f"Refused. {refused}") from refused
        rows = sum(told.rows.values())
        self.stdout.write(
            f"Restored {len(told.rows)} tables with {rows:,} rows, as they were {told.made_at}."
        )
