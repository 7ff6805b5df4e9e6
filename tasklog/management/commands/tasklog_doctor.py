"""Every probe of the diagnostics page, in the terminal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tasklog.health import GROUPS, Probe, run_probes


class Command(BaseCommand):
    help = "Tells how each part is, and what to do; exit code 1 when one fails."
    # It must work when the database does not.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("probes", nargs="*", metavar="PROBE", help=f"of {', '.join(GROUPS)}")

    def handle(self, *args: Any, **options: Any) -> None:
        if unknown := set(options["probes"]) - set(GROUPS):
            self.stderr.write(f"No probe is called {', '.join(sorted(unknown))}.")
            raise SystemExit(2)
        probes = run_probes(options["probes"])
        for probe in probes:
            self._tell(probe)
        if any(probe.ok is False for probe in probes):
            raise SystemExit(1)

    def _tell(self, probe: Probe) -> None:
        word, style = {
            True: ("ok  ", self.style.SUCCESS),
            None: ("look", self.style.WARNING),
            False: ("FAIL", self.style.ERROR),
        }[probe.ok]
        limit = f"  (limit: {probe.limit})" if probe.limit else ""
        self.stdout.write(f"{style(word)}  {probe.title:16} {probe.value}{limit}")
        if probe.ok is not True and probe.advice:
            self.stdout.write(f"      {'':16} → {probe.advice}")
