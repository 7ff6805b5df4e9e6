"""Moves finished runs into compressed chunks now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tasklog.archive.archiving import archive_due, archive_run
from tasklog.models import TaskRun
from tasklog.states import FINISHED


class Command(BaseCommand):
    help = "Compresses the lines of finished runs that are old enough, or of one run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task_id", nargs="?", help="this finished run, whatever its age")

    def handle(self, *args: Any, **options: Any) -> None:
        task_id = options["task_id"]
        moved = archive_due() if task_id is None else archive_run(_finished(task_id))
        self.stdout.write(f"{moved:,} lines archived")


def _finished(task_id: str) -> str:
    run = TaskRun.objects.filter(task_id=task_id).first()
    if run is None:
        raise CommandError(f"no run has the task id {task_id!r}")
    if run.state not in FINISHED:
        raise CommandError(f"{task_id}: a {run.state_label.lower()} run cannot be archived yet")
    return task_id
