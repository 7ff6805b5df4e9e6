"""Runs, lines, attempts and workers in Django's admin: to look at, never to change.  WEB.

Every list stays quick with a million lines: no COUNT over a whole table, no DISTINCT, no search
outside a bounded window.  Lines that were moved into chunks are read on the run's own page.
"""

from tasklog.admin.lines import AttemptAdmin, LineAdmin
from tasklog.admin.runs import RunAdmin
from tasklog.admin.workers import DrainerAdmin, WorkerAdmin

__all__ = ["AttemptAdmin", "DrainerAdmin", "LineAdmin", "RunAdmin", "WorkerAdmin"]
