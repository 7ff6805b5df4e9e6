"""Fills the database with a believable week of a small shop."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.seed import history, week

MOST = 30


class Command(BaseCommand):
    help = "Seeds people, schedules, rules and a week of runs; run again, it replaces them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7, help=f"1 to {MOST}; 7 without it")
        parser.add_argument(
            "--yes", action="store_true", help="also where there are other tasks' runs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if not 1 <= days <= MOST:
            raise CommandError(f"--days {days}: give 1 to {MOST}.")
        if history.foreign() and not options["yes"]:
            raise CommandError(
                "There are runs of other tasks here. Nothing of them is changed, but seeded runs "
                "would stand among them. Say --yes to do it."
            )
        password = secrets.token_urlsafe(9)
        made = week.make(days, password, self.stdout.write)
        self.stdout.write(f"{made.runs:,} runs and {made.incidents} incidents in {days} days.")
        if made.people:
            self.stdout.write(f"Sign in as {', '.join(made.people)} with {password}")
