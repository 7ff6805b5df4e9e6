"""`POST task-names/<name>/failures/<signature>/retry/`: all failures of one kind again.  WEB."""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from tasklog.api.acting import RunsControl
from tasklog.api.orders import DryRun
from tasklog.api.parsing import ordered
from tasklog.api.task_names import name_or_404
from tasklog.control.bulk import MOST
from tasklog.task_numbers import runs_of_failure


class RetryFailures(RunsControl):
    """Sends again what failed in this way, the newest 1,000; `more` tells that there are others."""

    body = DryRun

    def post(self, request: Request, name: str, signature: str) -> Response:
        name_or_404(request.user, name)
        asked = ordered(DryRun, request)
        runs = [] if "\0" in signature else runs_of_failure(request.user, name, signature, MOST + 1)
        if not runs:
            raise Http404(f"There is no failure {signature[:100]} of {name}.")
        told = self.on_many("retry", runs[:MOST], dry_run=asked["dry_run"])
        if told.status_code == 200:
            told.data["more"] = len(runs) > MOST
        return told
