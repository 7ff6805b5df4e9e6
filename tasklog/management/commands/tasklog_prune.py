"""Retention and archiving now, for cron or by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tasklog.archive.retention import prune


class Command(BaseCommand):
    help = "Deletes finished runs past their days, with their lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="in place of the settings, for every run")
        parser.add_argument("--dry-run", action="store_true", help="say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and days < 0:
            raise CommandError(f"--days {days}: give 0 or more")
        pruned = prune(days, dry_run=options["dry_run"])
        verb = "would go" if options["dry_run"] else "deleted"
        self.stdout.write(f"{pruned.runs:,} runs with {pruned.lines:,} lines {verb}")
