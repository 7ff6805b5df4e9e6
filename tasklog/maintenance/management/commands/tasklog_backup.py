"""A backup now, for cron or by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tasklog.maintenance.backup.folder import Busy
from tasklog.maintenance.backup.make import NoBackup, make


class Command(BaseCommand):
    help = "Copies the database, reads the copy back and keeps it with the newest others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dir", help="in place of CELERY_TASKLOG_BACKUP_DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        where = Path(options["dir"]) if options["dir"] else None
        try:
            self.stdout.write(str(make(self.stdout.write, where)))
        except (NoBackup, Busy) as error:
            raise CommandError(str(error)) from error
