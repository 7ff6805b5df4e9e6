"""Counts the runs that are there anew, for tallies that are missing or wrong."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tasklog.recount import recount


class Command(BaseCommand):
    help = "Makes the numbers of the Tasks pages anew from the runs that still exist."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rebuild", action="store_true", help="yes: what deleted runs left is forgotten"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["rebuild"]:
            raise CommandError(
                "Numbers of runs that are deleted by now would be lost. Say --rebuild to do it."
            )
        self.stdout.write(f"{recount():,} runs counted")
